import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { metadataCredentials, podCredentials } from "@countersign/auth-core"
import { afterEach, describe, expect, it, vi } from "vitest"
import { ask, askSigned, HOUR, runningEmulator } from "./running-emulator.ts"

afterEach(() => {
  vi.unstubAllEnvs()
})

const TOKEN = "/meta-data/latest/api/token"
const KEY = "/openstack/latest/securitykey"

describe("the metadata service", () => {
  it.each(["token optional", "token required", "no tokens"] as const)("gives the server's key: %s", async (mode) => {
    const emulator = await runningEmulator()
    emulator.faults.metadata(mode)
    const key = await metadataCredentials({ endpoint: emulator.url })()
    expect((await askSigned(`${emulator.url}/v1/x`, key)).body.caller).toMatchObject({ user: "machine-agency" })
    expect(Object.keys(emulator.stats.calls)).toContain(`PUT ${TOKEN}`)
    expect(emulator.stats.iamCalls).toBe(0)
  })

  it("requires a valid token if the mode requires one", async () => {
    const emulator = await runningEmulator()
    const { url, faults } = emulator
    expect((await ask(url + KEY)).status).toBe(200)
    faults.metadata("token required")
    expect((await ask(url + KEY)).status).toBe(401)
    const seconds = { "x-metadata-token-ttl-seconds": "60" }
    const token = String((await ask(url + TOKEN, { method: "PUT", headers: seconds })).body.text)
    const withToken = { headers: { "x-metadata-token": token } }
    expect((await ask(url + KEY, withToken)).status).toBe(200)
    emulator.setClock(60_000)
    expect((await ask(url + KEY, withToken)).status).toBe(401)
  })

  it.each([undefined, "0", "21601", "soon"])("gives no token for %s seconds", async (seconds) => {
    const { url } = await runningEmulator()
    const headers: Record<string, string> = seconds === undefined ? {} : { "x-metadata-token-ttl-seconds": seconds }
    expect((await ask(url + TOKEN, { method: "PUT", headers })).status).toBe(400)
  })

  it("reports a server without an agency", async () => {
    const emulator = await runningEmulator()
    emulator.faults.metadata("no agency")
    await expect(metadataCredentials({ endpoint: emulator.url })()).rejects.toThrow("has no agency")
  })
})

describe("the pod identity endpoint", () => {
  it("gives a key for six hours for the pod's token", async () => {
    const emulator = await runningEmulator()
    const file = join(await mkdtemp(join(tmpdir(), "countersign-")), "token")
    await writeFile(file, emulator.accounts.machine.podToken)
    vi.stubEnv("HC_CONTAINER_CREDENTIALS_FULL_URI", emulator.podUrl)
    vi.stubEnv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
    const key = await podCredentials()()
    expect(Number(key.expiresAt) - Date.now()).toBeGreaterThan(5.9 * HOUR)
    expect((await askSigned(`${emulator.url}/v1/x`, key)).status).toBe(200)
    await writeFile(file, "another")
    await expect(podCredentials()()).rejects.toMatchObject({ status: 401 })
  })
})
