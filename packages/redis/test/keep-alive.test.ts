// A store may be left open, and its server may be away: neither keeps a process alive or makes an end fail.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { redisStore, TokenCache } from "../src/index.ts"
import { type SupportedClient, supportedClients } from "./supported-clients.ts"

const run = promisify(execFile)
const program = fileURLToPath(new URL("idle-process.ts", import.meta.url))
const unwritten = fileURLToPath(new URL("unwritten-process.ts", import.meta.url))
/** The program runs on the sources, as this test does. */
const SOURCES = new URL("../../testkit/src/from-sources.mjs", import.meta.url).href

describe.skipIf(!hasRedis())("a store that is left open", () => {
  let server: LocalRedis
  beforeAll(async () => {
    server = await localRedis()
  })
  afterAll(() => server.stop())

  const idle = (port: number, mode: "up" | "down"): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, ["--import", SOURCES, program, String(port), mode], { timeout: 60_000 })

  it("lets its process end, through every client", async () => {
    expect((await idle(server.port, "up")).stdout).toBe("done")
  }, 80_000)

  it("lets its process end while the server is down, and warns once", async () => {
    const gone = await localRedis()
    await gone.stop()
    const { stdout, stderr } = await idle(gone.port, "down")
    expect(stdout).toMatch(/^done( ECONNREFUSED| Error){6}$/)
    expect(stderr.match(/COUNTERSIGN_UNHEARD/g)).toHaveLength(1)
    expect(stderr).toContain("(ECONNREFUSED)")
  }, 80_000)

  it("lets its process end while a value waits to be written to a server that is gone", async () => {
    const { stdout } = await run(process.execPath, ["--import", SOURCES, unwritten], { timeout: 60_000 })
    // It would be tried again for 16 s.
    expect(Number(stdout)).toBeLessThan(5_000)
  }, 80_000)

  it.each(Object.entries<SupportedClient>(supportedClients))(
    "ends quietly after its server, through %s",
    async (_name, supported) => {
      const away = await localRedis()
      const { client, close } = await supported.single(away)
      const cache = new TokenCache({ store: redisStore(client), storeTimeoutMs: 100 })
      await away.stop()
      const expiresAt = Date.now() + 3_600_000
      const provider = Object.assign(async () => ({ value: "t", issuedAt: Date.now(), expiresAt }), {
        identityKey: "x",
      })
      await cache.get(provider)
      await expect(cache.close()).resolves.toBeUndefined()
      await expect(cache.close()).resolves.toBeUndefined()
      await close()
    },
    40_000,
  )
})
