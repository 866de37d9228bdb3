import { isBuiltin } from "node:module"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { type OutputChunk, type OutputOptions, rolldown } from "rolldown"

/** The size of a bundled program for a browser. */
export interface Size {
  readonly what: string
  /** Bytes, minified and gzipped, of the code loaded at the start. */
  readonly gzipped: number
  /** The same for one file that includes the code loaded on demand. */
  readonly whole: number
  /** The budget, if there is one. */
  readonly budget?: number
  /** Built-in modules of Node that the bundle names, also in code loaded on demand. */
  readonly nodeModules: readonly string[]
}

/** A small program. */
export interface Program {
  readonly what: string
  readonly code: string
  readonly external?: string[]
  readonly budget?: number
}

const PROGRAMS: readonly Program[] = [
  {
    what: "fetch, fixed token",
    code: 'import { createFetch, tokenAuth } from "@countersign/fetch"; console.log(createFetch(tokenAuth(globalThis.token)))',
    budget: 4_608,
  },
  {
    what: "fetch, AK/SK",
    code: 'import { akskAuth, createFetch } from "@countersign/fetch"; console.log(createFetch(akskAuth(globalThis.key)))',
    budget: 9_216,
  },
  ...(["SDK-HMAC-SM3", "V11-HMAC-SHA256", "auto"] as const).map((algorithm) => ({
    what: `fetch, AK/SK, ${algorithm}`,
    code: `import { akskAuth, createFetch } from "@countersign/fetch"; console.log(createFetch(akskAuth(globalThis.key, { algorithm: "${algorithm}", region: "cn-north-4", service: "iotdm" })))`,
    budget: 9_280,
  })),
  ...(["p256", "sm2"] as const).map((entry) => ({
    what: `fetch, AK/SK, ${entry} (without its library)`,
    code: `import "@countersign/auth-core/${entry}"; import { akskAuth, createFetch } from "@countersign/fetch"; console.log(createFetch(akskAuth(globalThis.key)))`,
    external: ["@noble/curves/nist.js", "sm-crypto-v2"],
  })),
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

async function measure({ what, code, external, budget }: Program): Promise<Size> {
  const chunks = await bundled(code, external)
  const atStart = loadedAtStart(chunks)
  const [whole] = await bundled(code, external, { codeSplitting: false })
  return {
    what,
    gzipped: sum(chunks.filter(({ fileName }) => atStart.has(fileName))),
    whole: sum(whole === undefined ? [] : [whole]),
    nodeModules: builtInsOf(chunks),
    ...(budget === undefined ? {} : { budget }),
  }
}

/** The code that a program loads at the start. */
export async function codeAtStart({ code, external }: Pick<Program, "code" | "external">): Promise<string> {
  const chunks = await bundled(code, external)
  const atStart = loadedAtStart(chunks)
  return chunks.flatMap((chunk) => (atStart.has(chunk.fileName) ? [chunk.code] : [])).join("\n")
}

async function bundled(code: string, external: string[] = [], options: OutputOptions = {}): Promise<OutputChunk[]> {
  const entry = fileURLToPath(new URL("../program.js", import.meta.url))
  const program = { name: "program", resolveId: resolveTo(entry), load: (id: string) => (id === entry ? code : null) }
  await using bundle = await rolldown({
    input: entry,
    platform: "browser",
    logLevel: "silent",
    external: [...external, /^node:/],
    resolve: { conditionNames: ["browser", "import", "default"] },
    plugins: [program],
  })
  const { output } = await bundle.generate({ format: "esm", minify: true, ...options })
  return output.filter((file) => file.type === "chunk")
}

function resolveTo(entry: string): (id: string) => string | null {
  return (id) => (id === entry ? entry : null)
}

/** The names of the entry and of all its static imports, including modules of Node. */
function loadedAtStart(chunks: readonly OutputChunk[]): Set<string> {
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  // The loop also visits the names that it adds to the set.
  for (const name of names) {
    for (const imported of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) names.add(imported)
  }
  return names
}

function builtInsOf(chunks: readonly OutputChunk[]): string[] {
  const named = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
  return [...new Set(named)].filter((name) => isBuiltin(name)).sort()
}

function sum(chunks: readonly OutputChunk[]): number {
  return chunks.reduce((bytes, { code }) => bytes + gzipSync(code, { level: 9 }).length, 0)
}
