// For `node --import`: a program in a separate process runs on the sources of every package, as tests do. The query replaces
// packages by others: `?axios=axios-1.7`.
import { existsSync } from "node:fs"
import { enableCompileCache, registerHooks } from "node:module"

const packages = new URL("../../", import.meta.url)
const aliases = new URL(import.meta.url).searchParams

// Else each process compiles all the sources again.
enableCompileCache()
registerHooks({
  resolve(specifier, context, nextResolve) {
    const alias = aliases.get(specifier)
    if (alias !== null) return nextResolve(alias, context)
    const [, name, entry = "index"] = /^@countersign\/([a-z-]+)(?:\/([a-z\d-]+))?$/.exec(specifier) ?? []
    const source = new URL(
      specifier === "#digest" ? "auth-core/src/digest/node.ts" : `${name}/src/${entry}.ts`,
      packages,
    )
    if ((name === undefined && specifier !== "#digest") || !existsSync(source)) return nextResolve(specifier, context)
    return { url: source.href, shortCircuit: true }
  },
})
