// Run in a package's folder after it is built: makes one file of the modules for those who load files one by one, since each costs
// a start a third of a millisecond. The `default` condition keeps the modules of tsc, of which bundlers leave out what is unused.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { rolldown } from "rolldown"

const { exports, imports = {}, peerDependencies = {} } = JSON.parse(readFileSync("package.json", "utf8"))
const sourceOf = (output) => resolve(output.replace("./dist/", "src/").replace(/\.js$/, ".ts"))

const entries = Object.values(exports).filter(({ types }) => types !== undefined)
const sources = entries.map((conditions) => sourceOf(conditions.default))
const alias = Object.fromEntries(Object.entries(imports).map(([name, { node }]) => [name, sourceOf(node)]))

// The emulator's view is loaded by those who want to look; all else in one go.
const isOnDemand = (id) => /\/emulator\/src\/view\//.test(id)
/** Whether a module belongs to one entry alone: a folder of the entry's name is loaded with it, not with the others. */
const isOfOneEntry = (id) => sources.some((source) => id === source || id.startsWith(source.replace(/\.ts$/, "/")))
const isSplit = sources.length > 1 || existsSync("src/view")
const groups = [
  { name: "modules", test: (id) => !isOfOneEntry(id) && !isOnDemand(id) },
  { name: "view", test: isOnDemand },
]

const bundle = await rolldown({
  input: sources,
  platform: "node",
  external: /^(?:node:|@?[a-z])/,
  resolve: { alias },
  // What browsers load on demand is at hand here.
  checks: { ineffectiveDynamicImport: false },
})
const write = (format, dir) =>
  bundle.write({
    dir,
    format,
    sourcemap: true,
    // The package has its sources beside.
    sourcemapExcludeSources: true,
    comments: { jsdoc: false },
    chunkFileNames: "[name].js",
    codeSplitting: isSplit && { groups },
  })

// For Node, Bun and Deno.
const isBundled = entries.some(({ node }) => node !== undefined)
if (isBundled) await write("esm", "dist/node")

// For what requires no ES modules: Jest, and Node before 22.12. There too, what is imported is the instance that others require.
await write("cjs", "dist/cjs")
writeFileSync("dist/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`)
for (const name of isBundled ? sources.map((source) => basename(source, ".ts")) : []) {
  writeFileSync(`dist/cjs/${name}.mjs`, `export * from "./${name}.js"\n`)
}

// TypeScript takes these copies of the declarations for those of CommonJS. They may name an ES module's types only as such, and may
// add none to it: for that they bring in the original.
const asModule = 'with { "resolution-mode": "import" }'
const isModuleOnly = (name) => {
  const { type, exports } = JSON.parse(readFileSync(`../../node_modules/${name}/package.json`, "utf8"))
  return type === "module" && !JSON.stringify(exports).includes('"require"')
}
const modules = Object.keys(peerDependencies).filter(isModuleOnly).join("|")
for (const file of globSync("**/*.d.ts", { cwd: "dist", exclude: ["cjs/**"] })) {
  const copy = join("dist/cjs", file)
  const original = relative(dirname(copy), join("dist", file)).replace(".d.ts", ".js")
  const text = readFileSync(join("dist", file), "utf8").replace(/\n\/\/# sourceMappingURL=.*/, "\n")
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(
    copy,
    text
      .replace(new RegExp(`( from "(?:${modules})");`, "g"), `$1 ${asModule};`)
      .replace(
        new RegExp(`declare module "(?:${modules})" {.*?\n}`, "gs"),
        `import type {} from "${original}" ${asModule};`,
      ),
  )
}
await bundle.close()
