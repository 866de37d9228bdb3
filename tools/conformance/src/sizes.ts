import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"

/** What a bundler leaves of a program in a browser. */
export interface Size {
  readonly what: string
  /** Bytes, minified and gzipped, of what is loaded at the start. */
  readonly gzipped: number
  /** The most it may have, where there is a budget. */
  readonly budget?: number
  /** Built-in modules of Node that the bundle names outside of what is loaded on demand. */
  readonly nodeModules: readonly string[]
}

const PROGRAMS: readonly { what: string; code: string; external?: string[]; budget?: number }[] = [
  {
    what: "fetch, fixed token",
    code: 'import { createFetch, tokenAuth } from "@countersign/fetch"; console.log(createFetch(tokenAuth(globalThis.token)))',
    budget: 4_096,
  },
  {
    what: "fetch, AK/SK",
    code: 'import { akskAuth, createFetch } from "@countersign/fetch"; console.log(createFetch(akskAuth(globalThis.key)))',
    budget: 8_192,
  },
  { what: "sign alone", code: 'import { sign } from "@countersign/auth-core"; console.log(sign)' },
  {
    what: "fetch, password token",
    code: 'import { createFetch, passwordToken, tokenAuth } from "@countersign/fetch"; console.log(createFetch(tokenAuth(passwordToken(globalThis.login))))',
  },
  {
    what: "ky, AK/SK (without ky)",
    code: 'import { akskAuth, withAuth } from "@countersign/ky"; console.log(withAuth, akskAuth)',
    external: ["ky"],
  },
  {
    what: "axios, AK/SK (without axios)",
    code: 'import { akskAuth, withAuth } from "@countersign/axios"; console.log(withAuth, akskAuth)',
    external: ["axios"],
  },
  { what: "everything of auth-core", code: 'import * as all from "@countersign/auth-core"; console.log(all)' },
  { what: "nothing used (tree shaking)", code: 'import "@countersign/fetch"', budget: 64 },
]

/** Bundles small programs as a browser would load them. */
export async function measureSizes(): Promise<Size[]> {
  return Promise.all(PROGRAMS.map(measure))
}

async function measure({ what, code, external = [], budget }: (typeof PROGRAMS)[number]): Promise<Size> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    splitting: true,
    outdir: "out",
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2022",
    write: false,
    metafile: true,
    external,
    logLevel: "error",
  })
  const outputs = Object.entries(metafile.outputs)
  const [entry] = outputs.find(([, output]) => output.entryPoint !== undefined) ?? []
  if (entry === undefined) throw new Error(`esbuild gave no entry for ${what}.`)
  const loaded = staticImports(entry, metafile.outputs)
  const files = outputFiles.filter(({ path }) => [...loaded].some((name) => path.endsWith(name.replace(/^out/, ""))))
  const gzipped = files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0)
  const nodeModules = [...loaded].flatMap((name) =>
    (metafile.outputs[name]?.imports ?? [])
      .filter(({ kind, path }) => kind === "import-statement" && path.startsWith("node:"))
      .map(({ path }) => path),
  )
  return { what, gzipped, nodeModules, ...(budget === undefined ? {} : { budget }) }
}

/** The files that are loaded with the entry. */
function staticImports(
  entry: string,
  outputs: Record<string, { imports: { path: string; kind: string }[] }>,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(entry) || outputs[entry] === undefined) return seen
  seen.add(entry)
  for (const { path, kind } of outputs[entry].imports)
    if (kind === "import-statement") staticImports(path, outputs, seen)
  return seen
}
