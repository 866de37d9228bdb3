import { join } from "node:path"
import type { Answer } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { podCredentials } from "../../src/credentials/workload-credentials.ts"
import { localIam, rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"

const authorization = "eyJhbGciOiJSUzI1NiJ9.pod-token.signature"
const answer: Answer = {
  body: JSON.stringify({
    credentials: {
      accessKeyId: "PODAK",
      secretAccessKey: "pod-SK",
      securityToken: "pod-security-token",
      expiration: "2026-01-01T00:15:00.000000Z",
    },
  }),
}

let tokenFile: string
beforeEach(async () => {
  tokenFile = join(await temporaryFolder(), "token")
  await writeSettled(tokenFile, `${authorization}\n`)
})
afterEach(() => vi.unstubAllEnvs())

const configure = (uri: string, file = tokenFile): void => {
  vi.stubEnv("HC_CONTAINER_CREDENTIALS_FULL_URI", uri)
  vi.stubEnv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
}

describe("pod identity", () => {
  it("is called with the current token of the file", async () => {
    const service = await localIam(answer)
    configure(`${service.url}/v1/credentials?pod=1`)
    const provider = podCredentials()
    expect(await provider()).toEqual({
      accessKeyId: "PODAK",
      secretAccessKey: "pod-SK",
      securityToken: "pod-security-token",
      expiresAt: Date.UTC(2026, 0, 1, 0, 15),
    })
    expect(service.arrivals[0]).toMatchObject({
      method: "POST",
      target: "/v1/credentials?pod=1",
      headers: { authorization },
    })
    expect(String(service.arrivals[0]?.body)).toBe("{}")
    await writeSettled(tokenFile, "rotated")
    await provider()
    expect(service.arrivals[1]?.headers.authorization).toBe("rotated")
  })

  it.each([
    ["HC_CONTAINER_CREDENTIALS_FULL_URI", "", "/token"],
    ["HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "http://127.0.0.1", ""],
  ])("is missing without %s", async (name, uri, file) => {
    configure(uri, file)
    const error = await rejectionOf(podCredentials()())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain(name)
  })

  it("refuses quotes around its variables and its token, and comments after them, before a call", async () => {
    const service = await localIam(answer)
    for (const [uri, file] of [
      [`"${service.url}"`, tokenFile],
      [service.url, `'${tokenFile}'`],
      [`${service.url} # note`, tokenFile],
    ] as const) {
      configure(uri, file)
      expect((await rejectionOf(podCredentials()())).message).toMatch(/HC_CONTAINER_\w+ has (quotes|a comment)/)
    }
    configure(service.url)
    await writeSettled(tokenFile, `"${authorization}"`)
    const error = await rejectionOf(podCredentials()(), authorization)
    expect(error).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS", message: expect.stringContaining(tokenFile) })
    expect(service.arrivals).toEqual([])
  })

  it("is missing without the file", async () => {
    configure("http://127.0.0.1", "/does/not/exist")
    expect(await rejectionOf(podCredentials()())).toMatchObject({ code: "AUTH_CREDENTIALS_MISSING" })
  })

  it("shows no token in its errors", async () => {
    const service = await localIam(({ headers }) => ({ status: 403, body: `no: ${headers.authorization}` }))
    configure(service.url)
    expect((await rejectionOf(podCredentials()(), authorization)).code).toBe("AUTH_CREDENTIALS_REJECTED")
    const silent = await localIam(() => new Promise<Answer>(() => undefined))
    configure(silent.url)
    expect((await rejectionOf(podCredentials({ timeoutMs: 40 })(), authorization)).message).toContain("within 40 ms")
  })

  it("uses plain http only on this machine and its link, unless allowed", async () => {
    configure("http://pod-identity.example.com/")
    expect((await rejectionOf(podCredentials()())).code).toBe("AUTH_INSECURE_URL")
    configure("pod-identity")
    expect((await rejectionOf(podCredentials()())).message).toContain("HC_CONTAINER_CREDENTIALS_FULL_URI")
    const service = await localIam(answer)
    configure("http://pod-identity.example.com/")
    const fetch: typeof globalThis.fetch = (_url, init) => globalThis.fetch(service.url, init)
    expect(await podCredentials({ allowInsecure: true, fetch })()).toMatchObject({ accessKeyId: "PODAK" })
  })

  it("refuses bad options at construction", () => {
    expect(thrownBy(() => podCredentials({ timeoutMs: 0 })).code).toBe("AUTH_INVALID_OPTION")
  })
})
