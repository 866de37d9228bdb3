import { once } from "node:events"
import { copyFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { entriesOf, workspace } from "@countersign/tools-shared/published-packages"
import { run } from "@countersign/tools-shared/run"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { consumersIn } from "../src/consumers.ts"
import { installAlone } from "../src/install-alone.ts"
import { NODE_MAJORS } from "../src/install-together.ts"

/** Their types name those of node:http. */
const SERVERS = ["emulator", "express", "fastify", "hono", "server"]
const CLIENTS = ["axios", "fetch", "got", "ky", "undici"]

const packages = inject("packages")
const scratch = inject("scratch")
const nodes = inject("nodes")
const echo = createServer((request, response) => response.end(request.headers.authorization))

beforeAll(async () => {
  echo.listen(0, "127.0.0.1")
  await once(echo, "listening")
})
afterAll(() => echo.close())

describe.concurrent.each(packages)("$manifest.name installed alone", (packed) => {
  const { id, manifest } = packed
  /** A command alone is imported by nobody. */
  const isLibrary = entriesOf(manifest).length > 0
  const project = join(scratch, id)
  const node = (major: number, ...args: string[]) => run(nodes[major] ?? `Node ${major}`, args, project)

  beforeAll(async () => {
    if (!isLibrary) {
      await installAlone(packed, [], packages, project)
      return
    }
    const program = consumersIn("").find(({ name }) => name === id)
    if (program === undefined) throw new Error(`There is no program that uses ${manifest.name}: consumers/${id}.ts`)
    await installAlone(packed, program.clients, packages, project)
    await copyFile(program.file, join(project, "program.mts"))
    await writeFile(join(project, "program.cts"), requiring(entriesOf(manifest)))
  })

  describe.each(NODE_MAJORS)("on Node %i", (major) => {
    it.runIf(isLibrary)("works when imported", async () => {
      const { port } = echo.address() as AddressInfo
      const call = `import { works } from "./program.mts"; console.log(await works("http://127.0.0.1:${port}/"))`
      expect(await node(major, "--input-type=module", "--eval", call)).toBe("true\n")
    })

    it.each(Object.keys(manifest.bin ?? {}))("has a command %s", async (command) => {
      expect(await node(major, join(project, "node_modules/.bin", command), "--help")).toContain(`Usage: ${command}`)
    })

    it.each(entriesOf(manifest))("gives CommonJS the same module for %s", async (entry) => {
      // Required first, since a module that was already imported can be required even with a top-level await.
      const compare = `const required = require("${entry}"); import("${entry}").then((imported) => console.log(imported === required))`
      expect(await node(major, "--input-type=commonjs", "--eval", compare)).toBe("true\n")
    })
  })

  it.runIf(id === "emulator").each(["import", "require"])("shows its page when loaded by %s", async (way) => {
    const load = way === "import" ? `await import("${manifest.name}")` : `require("${manifest.name}")`
    const program = `
      (async () => {
        const emulator = await (${load}).startEmulator({ ui: true })
        const page = await fetch(emulator.url + "/-/")
        const [asset] = /assets\\/[\\w.-]+\\.js/.exec(await page.text())
        console.log(page.status, (await fetch(emulator.url + "/-/" + asset)).status)
        await emulator.close()
      })()`
    const type = way === "import" ? "module" : "commonjs"
    for (const major of NODE_MAJORS)
      expect(await node(major, `--input-type=${type}`, "--eval", program)).toBe("200 200\n")
    // Conditions of older tools lead to the CommonJS build.
    const [oldest] = NODE_MAJORS
    const build = program.replace(load, `require("./node_modules/${manifest.name}/dist/cjs/index.js")`)
    expect(await node(oldest, "--input-type=commonjs", "--eval", build)).toBe("200 200\n")
  })

  it.runIf(CLIENTS.includes(id))(
    "has every algorithm and explain, so that a program imports this package alone",
    async () => {
      const program = `
      for (const entry of ["p256", "sm2", "sm3"]) await import("${manifest.name}/" + entry)
      const { akskAuth } = await import("${manifest.name}")
      const { explain } = await import("${manifest.name}/explain")
      const credentials = { accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }
      const attempt = { method: "GET", url: "https://ecs.ap-southeast-1.myhuaweicloud.com/", headers: {}, body: null }
      const signed = ["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3", "SDK-HMAC-SM3"].map(async (algorithm) => {
        const { headers } = await akskAuth(credentials, { algorithm }).authenticate(attempt)
        return headers.authorization.split(" ")[0]
      })
      console.log(JSON.stringify([...(await Promise.all(signed)), explain({ status: 429 }).cause]))`
      const output = await node(NODE_MAJORS[0], "--input-type=module", "--eval", program)
      expect(JSON.parse(output)).toEqual(["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3", "SDK-HMAC-SM3", "throttled"])
    },
  )

  it.runIf(isLibrary)("loads the core as few files, so that a program starts fast", async () => {
    const { port } = echo.address() as AddressInfo
    const list = `
      import { registerHooks } from "node:module"
      const files = []
      registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) })
      const { works } = await import("./program.mts")
      const count = files.length
      await works("http://127.0.0.1:${port}/")
      const ofCore = (urls) => urls.map((url) => url.split("/auth-core/dist/")[1]).filter(Boolean)
      console.log(JSON.stringify([ofCore(files.slice(0, count)), ofCore(files.slice(count))]))`
    const [newest = 0] = NODE_MAJORS.toReversed()
    const [files, onDemand]: string[][] = JSON.parse(await node(newest, "--input-type=module", "--eval", list))
    // Of the core's types alone nothing is loaded, and its own program loads every entry.
    const expected = id === "opentelemetry" ? [] : ["cjs/adapter.mjs", "cjs/start.js"]
    if (id !== "auth-core") expect(files?.toSorted()).toEqual(expected.toSorted())
    const waiting = /^cjs\/(?:cache|engine|iam|signing|[\w-]+\.chunk)\.js$/
    expect(onDemand?.filter((file) => !waiting.test(file))).toEqual([])
  })

  it.runIf(isLibrary).each([
    ["nodenext", { module: "nodenext" }, ["program.mts", "program.cts"]],
    ["bundler", { module: "esnext", moduleResolution: "bundler", types: typesBeside(id) }, ["program.mts"]],
  ])("type-checks in a strict project with %s resolution", async (resolution, options, files) => {
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023", "dom", "dom.iterable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    }
    const config = join(project, `tsconfig.${resolution}.json`)
    await writeFile(config, JSON.stringify({ compilerOptions, files }))
    const tsc = join(workspace, "node_modules/typescript/bin/tsc")
    expect(await run(process.execPath, [tsc, "--project", config], project)).toBe("")
  })
})

/** A browser's project has no types of Node, but the types of got need them. */
function typesBeside(id: string): string[] {
  return ["got", ...SERVERS].includes(id) ? ["node"] : []
}

/** A CommonJS program in TypeScript that uses every entry. */
function requiring(entries: string[]): string {
  const lines = entries.map((entry, index) => `import entry${index} = require("${entry}")`)
  return `${lines.join("\n")}\nexport const modules: object[] = [${entries.map((_, index) => `entry${index}`)}]\n`
}
