import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type ServiceCall, serviceClient } from "@countersign/testkit"
import { bunRuntime, denoRuntime, runtimePackages } from "@countersign/tools-shared/runtimes"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

interface Service {
  origin: string
  stop(): unknown
}

const ENTRY = fileURLToPath(new URL("../src/entries/hono-service.ts", import.meta.url))

async function bundled(isWorker: boolean): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { honoService as ${isWorker ? "default" : "service"} } from ${JSON.stringify(ENTRY)}`,
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    write: false,
    target: "es2022",
    ...(isWorker ? { platform: "browser", conditions: ["workerd", "worker", "browser"] } : { platform: "node" }),
  })
  return outputFiles[0]?.text ?? ""
}

async function inProcess(binary: string, ...before: string[]): Promise<Service> {
  const file = join(await mkdtemp(join(tmpdir(), "countersign-hono-")), "service.mjs")
  await writeFile(file, await bundled(false))
  const child = spawn(binary, [...before, file], { stdio: ["ignore", "pipe", "inherit"] })
  const [port] = (await once(child.stdout, "data")) as [Buffer]
  return { origin: `http://127.0.0.1:${port.toString().trim()}`, stop: () => child.kill() }
}

async function inWorkerd(): Promise<Service> {
  const modules = await runtimePackages("miniflare", { miniflare: "^4.20260730.0" })
  const { Miniflare } = (await import(pathToFileURL(join(modules, "miniflare/dist/src/index.js")).href)) as {
    Miniflare: new (options: object) => { ready: Promise<URL>; dispose(): Promise<void> }
  }
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundled(true) }],
    compatibilityDate: "2026-06-01",
    host: "127.0.0.1",
    port: 0,
  })
  return { origin: (await worker.ready).origin, stop: () => worker.dispose() }
}

describe.each([
  ["Bun", async () => inProcess(await bunRuntime())],
  ["Deno", async () => inProcess(await denoRuntime(), "run", "-A", "--no-config")],
  ["workerd", inWorkerd],
] as const)("a service with Hono on %s", (_, start) => {
  const client = serviceClient()
  let service: Service
  const call = (one: ServiceCall) => client.call(service.origin, one)
  const json = { "content-type": "application/json" }

  beforeAll(async () => {
    service = await start()
  }, 180_000)
  afterAll(async () => {
    client.close()
    await service.stop()
  })

  it("accepts right signatures and refuses wrong ones", async () => {
    expect((await call({ path: "/who?b=2&a=1%202" })).json).toEqual({ tenant: "alice" })
    const refused = await call({ path: "/who", signedPath: "/other" })
    expect([refused.status, refused.json.reason]).toEqual([401, "SIGNATURE_MISMATCH"])
    expect(refused.headers["www-authenticate"]).toMatch(/^SDK-HMAC-SHA256/)
    expect((await call({ path: "/who", sign: false })).json.reason).toBe("SIGNATURE_MISSING")
    expect((await call({ path: "/optional", sign: false })).json).toEqual({ tenant: null })
    expect((await call({ path: "/optional" })).json).toEqual({ tenant: "alice" })
  })

  it.each([true, false])("gives handlers the body as it came: hash signed %s", async (isHashed) => {
    const body = JSON.stringify({ text: "für Elise" })
    const post = { method: "POST", body, isHashed, headers: json }
    expect((await call({ ...post, path: "/json" })).json).toEqual({ tenant: "alice", body: JSON.parse(body) })
    const forged = await call({ ...post, path: "/json", forgedBody: "{}" })
    expect([forged.status, forged.json.error_code]).toEqual([401, "APIGW.0301"])
    const form = { "content-type": "application/x-www-form-urlencoded" }
    const sent = await call({ ...post, path: "/form", body: "name=f%C3%BCr", headers: form })
    expect(sent.json).toEqual({ tenant: "alice", body: { name: "für" } })
    const parts = [
      `--b\r\ncontent-disposition: form-data; name="name"\r\n\r\nElise\r\n`,
      `--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n12345\r\n--b--\r\n`,
    ].join("")
    const multipart = { "content-type": "multipart/form-data; boundary=b" }
    const file = await call({ ...post, path: "/multipart", body: parts, headers: multipart })
    expect(file.json).toEqual({ body: { name: "Elise", bytes: 5 } })
  })

  it.each([true, false])("streams a body, and refuses a forged one at its end: in chunks %s", async (isChunked) => {
    const body = Buffer.alloc(5 * 1024 * 1024, "a stream")
    const post = { method: "POST", path: "/stream", body, isHashed: true, isChunked }
    expect((await call(post)).json).toEqual({ tenant: "alice", bytes: body.length })
    const forged = await call({ ...post, forgedBody: Buffer.alloc(5 * 1024 * 1024, "a dream.") })
    expect([forged.status, forged.json.reason]).toEqual([401, "PAYLOAD_MISMATCH"])
  })

  it.each([true, false])("refuses a body that is too large: in chunks %s", async (isChunked) => {
    const small = { method: "POST", path: "/small", isChunked }
    expect((await call({ ...small, body: "0123456789" })).json).toEqual({ size: 10 })
    const large = await call({ ...small, body: "0123456789a" })
    expect([large.status, large.json.reason]).toEqual([413, "BODY_TOO_LARGE"])
  })
})
