import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { serviceHeaders } from "@countersign/testkit"
import { bunRuntime, denoRuntime, nodeRuntime } from "@countersign/tools-shared/runtimes"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const ENTRY = fileURLToPath(new URL("../src/entries/node-service.ts", import.meta.url))

async function started(binary: string, ...before: string[]): Promise<{ port: number; stop(): void }> {
  const file = join(await mkdtemp(join(tmpdir(), "countersign-service-")), "service.mjs")
  await build({ entryPoints: [ENTRY], bundle: true, format: "esm", platform: "node", outfile: file })
  const child = spawn(binary, [...before, file], { stdio: ["ignore", "pipe", "inherit"] })
  const [port] = (await once(child.stdout, "data")) as [Buffer]
  return { port: Number(port.toString()), stop: () => void child.kill() }
}

describe.each([
  ["Node 22", async () => started(await nodeRuntime(22))],
  ["Node 26", async () => started(await nodeRuntime(26))],
  ["Bun", async () => started(await bunRuntime())],
  ["Deno", async () => started(await denoRuntime(), "run", "-A", "--no-config")],
] as const)("a body that comes in parts, on %s,", (_name, start) => {
  let service: Awaited<ReturnType<typeof started>>
  beforeAll(async () => {
    service = await start()
  }, 180_000)
  afterAll(() => service.stop())

  /** Sends a request that is signed with one body, and has another in these chunks. A number is a wait, in milliseconds. */
  async function send(path: string, signed: string, ...chunks: readonly (string | number)[]): Promise<string> {
    const host = `127.0.0.1:${service.port}`
    const headers = {
      host,
      connection: "close",
      "transfer-encoding": "chunked",
      ...serviceHeaders(`http://${host}`, { method: "POST", path, body: signed }),
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const socket = connect(service.port, "127.0.0.1")
    const answer = text(socket)
    let waiting = `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`
    for (const chunk of [...chunks, ""]) {
      if (typeof chunk === "string") waiting += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
      else {
        socket.write(waiting)
        waiting = ""
        await sleep(chunk)
      }
    }
    socket.write(waiting)
    return await answer
  }

  const parts: [string, (string | number)[]][] = [
    ["all before the key", ["pay=1", "&to=mallory", "&x=1"]],
    ["the last after the key", ["pay=1", "&to=mallory", 90, "&x=1"]],
    ["each on its own", ["pay=1", 5, "&to=mallory", 90, "&x=1"]],
  ]
  describe.each(["/", "/raw", "/stream"])("to %s", (path) => {
    it.each(parts)("is served if it was signed: %s", async (_when, chunks) => {
      expect(await send(path, "pay=1&to=mallory&x=1", ...chunks)).toContain("served pay=1&to=mallory&x=1")
    })

    it.each(parts)("is refused if a part was not signed: %s", async (_when, chunks) => {
      for (const signed of ["pay=1", "pay=1&x=1", "pay=1&to=mallory", ""]) {
        expect(await send(path, signed, ...chunks)).toMatch(/^HTTP\/1.1 401/)
      }
    })
  })
})
