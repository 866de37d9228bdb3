import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { run } from "@countersign/tools-shared/run"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { consumersIn } from "../src/consumers.ts"
import { type Compiler, compile, NODE_MAJORS, typesOf } from "../src/install-together.ts"

const folder = inject("together")
const nodes = inject("nodes")
const echo = createServer((request, response) => response.end(request.headers.authorization))

beforeAll(async () => {
  echo.listen(0, "127.0.0.1")
  await once(echo, "listening")
})
afterAll(() => echo.close())

/** Runs a Node in the project. Its programs find the server in ECHO. */
function node(major: number, args: string[], env?: Record<string, string>): Promise<string> {
  const { port } = echo.address() as AddressInfo
  return run(nodes[major] ?? `Node ${major}`, args, folder, { ECHO: `http://127.0.0.1:${port}/`, ...env })
}

const programs = consumersIn("").map(({ name }) => name)
/** Clients that are ES modules only, which programs import at run time. */
const onDemand = consumersIn("commonjs").map(({ name }) => name)
const requirable = programs.filter((name) => !onDemand.includes(name))
/** They require ES modules of others: the curves of P-256, and cookies. */
const ofEsModules = ["auth-core", "fastify"]
const all = [...programs, ...onDemand.map((name) => `${name}-on-demand`)]
const inNode16 = [...requirable, ...onDemand.map((name) => `${name}-on-demand`)]

const compilations: { mode: string; options: object; files: string[]; compiler: Compiler }[] = [
  { compiler: "7", mode: "nodenext", options: { module: "nodenext" }, files: all },
  { compiler: "7", mode: "node18", options: { module: "node18" }, files: inNode16 },
  { compiler: "7", mode: "node16", options: { module: "node16" }, files: inNode16 },
  { compiler: "7", mode: "commonjs", options: { module: "commonjs", esModuleInterop: true }, files: all },
  { compiler: "7", mode: "bundler", options: { module: "preserve", moduleResolution: "bundler" }, files: all },
  // It resolves like Node 10, which does not find the types of got.
  {
    compiler: "5.9",
    mode: "commonjs",
    options: { module: "commonjs", esModuleInterop: true },
    files: all.filter((name) => !name.startsWith("got")),
  },
]

describe.each(compilations)(
  "a CommonJS program in TypeScript $compiler with $mode",
  ({ mode, compiler, options, files }) => {
    const outDir = `built/${compiler}-${mode}`

    it("compiles for each package", async () => {
      const output = await compile(folder, {
        compiler,
        name: `commonjs-${mode}`,
        options: { ...options, lib: ["es2023"], rootDir: "commonjs", outDir, ...typesOf("node-24") },
        files: files.map((name) => `commonjs/${name}.ts`),
      })
      expect(output).toBe("")
    })

    it.each(NODE_MAJORS)("and runs on Node %i", async (major) => {
      const call = `
      const { join } = require("node:path")
      const works = (name) => require(join(process.cwd(), "${outDir}", name)).works(process.env.ECHO)
      const names = ${JSON.stringify(files)}
      Promise.all(names.map(works)).then((answers) => console.log(JSON.stringify(answers)))`
      expect(JSON.parse(await node(major, ["--eval", call]))).toEqual(files.map(() => true))
    })
  },
)

it.each([
  { compiler: "7", module: "node16", clients: ["got", "ky"], error: "TS1479" },
  { compiler: "7", module: "node18", clients: ["got", "ky"], error: "TS1479" },
  { compiler: "5.9", module: "commonjs", clients: ["got"], error: "TS2307" },
] as const)(
  "TypeScript $compiler with $module compiles no import of $clients, without Countersign either",
  async (place) => {
    const { compiler, module, clients, error } = place
    const name = `bare-${module}`
    const imports = clients.map((client) => `import ${client} from "${client}"`)
    await writeFile(join(folder, `commonjs/${name}.ts`), [...imports, `export { ${clients} }`].join("\n"))
    const options = { module, esModuleInterop: true, noEmit: true, lib: ["es2023"], ...typesOf("node-24") }
    const output = await compile(folder, { compiler, name, options, files: [`commonjs/${name}.ts`] })
    const errors = [...output.matchAll(/^(\S+)\(\d+,\d+\): error (\w+)/gm)].map(([, file, code]) => [file, code])
    expect(errors).toEqual(clients.map(() => [`commonjs/${name}.ts`, error]))
  },
)

// Without it Node loads packages as before 22.12, like loaders that cannot require ES modules.
describe.each([[], ["--no-experimental-require-module"]])(
  "what imports and what requires share one core %s",
  (...flags) => {
    it.each(NODE_MAJORS)("on Node %i", async (major) => {
      const compare = `
      const { TokenCache } = require("@countersign/axios")
      Promise.all(["auth-core", "axios", "fetch", "got", "ky", "redis", "undici"].map(async (name) => {
        const imported = await import("@countersign/" + name)
        return [imported.TokenCache, require("@countersign/" + name).TokenCache].every((one) => one === TokenCache)
      })).then((answers) => console.log(new Set(answers)))`
      expect(await node(major, [...flags, "--eval", compare])).toBe("Set(1) { true }\n")
    })
  },
)

describe("Jest", () => {
  const built = "built/7-commonjs"
  const jest = async (major: number, names: string[], env?: Record<string, string>) => {
    await mkdir(join(folder, built, "tests"), { recursive: true })
    for (const name of names) {
      const program = `const { works } = require("../${name}.js")
        test("works", async () => expect(await works(process.env.ECHO)).toBe(true))`
      await writeFile(join(folder, built, `tests/${name}.test.js`), program)
    }
    const files = names.map((name) => `${built}/tests/${name}.test.js`)
    return node(major, ["node_modules/jest/bin/jest.js", "--runInBand", "--runTestsByPath", ...files], env)
  }

  it.each(NODE_MAJORS)("runs programs of all packages whose clients it can require, on Node %i", async (major) => {
    await jest(
      major,
      requirable.filter((name) => !ofEsModules.includes(name)),
    )
  })

  it("requires ES modules only on Node 24, and with a flag", async () => {
    await expect(jest(22, ["ky"])).rejects.toThrow("Must use import to load ES Module")
    await jest(24, [...onDemand, ...ofEsModules], { NODE_OPTIONS: "--experimental-vm-modules" })
  })
})
