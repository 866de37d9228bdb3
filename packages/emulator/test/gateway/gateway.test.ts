import { connect } from "node:net"
import { akskAuth, tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { createStats } from "../../src/state/stats.ts"
import { ask, askSigned, partnerToken, runningEmulator } from "../running-emulator.ts"

/** Sends text unchanged, and returns everything until the connection ends. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let answer = ""
    socket.on("data", (chunk) => {
      answer += chunk
    })
    socket.on("close", () => resolve(answer))
    socket.on("error", reject)
  })
}

describe("the gateway sees the target as it arrived", () => {
  it.each([
    "/a/../v3/auth/tokens",
    "/v1/%7Euser/a%2Fb?q=%41&empty&q=2",
    "//double//slash/",
    "/v1/'quoted'/{braces}|^`",
    "/v3/77b6a44cba5143ab91d13ab9a8ff44fd/instances",
  ])("%s", async (target) => {
    const emulator = await runningEmulator()
    const { host } = new URL(emulator.url)
    const answer = await raw(
      emulator.url,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nX-Auth-Token: ${await partnerToken(emulator)}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n{") + 4))).toMatchObject({
      target,
      path: target.split("?")[0],
    })
    expect(emulator.stats.requests).toEqual([expect.objectContaining({ target, verdict: "ok", status: 200 })])
  })

  it("also from a client that uses it as a proxy", async () => {
    const emulator = await runningEmulator()
    const token = await partnerToken(emulator)
    const answer = await raw(
      emulator.url,
      `GET http://bss-intl.myhuaweicloud.com/v2/x?a=1 HTTP/1.1\r\nHost: bss-intl.myhuaweicloud.com\r\nX-Auth-Token: ${token}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(emulator.stats.requests[0]).toMatchObject({ target: "/v2/x?a=1" })
  })
})

describe("the echo", () => {
  it("gives method, target, query, headers and body, and no secret", async () => {
    const emulator = await runningEmulator()
    const token = await partnerToken(emulator)
    const answer = await ask(`${emulator.url}/v1/x?a=1&a=2&b=%20`, {
      method: "PATCH",
      headers: { "x-auth-token": token, "x-own": "1" },
      body: "ü",
    })
    expect(answer.body).toMatchObject({
      method: "PATCH",
      target: "/v1/x?a=1&a=2&b=%20",
      query: { a: ["1", "2"], b: [" "] },
      headers: { "x-own": "1" },
      body: { bytes: 2, text: "ü" },
    })
    expect(JSON.stringify(answer.body)).not.toContain(token)
  })

  it("leaves out a body that is long or not text", async () => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    for (const body of [new Uint8Array([0xff, 0xfe]), new Uint8Array(5_000)]) {
      const response = await fetch(`${emulator.url}/v1/x`, { method: "POST", headers, body })
      const { body: seen } = (await response.json()) as { body: object }
      expect(seen).toEqual({ bytes: body.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    }
  })

  it("answers HEAD without a body", async () => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const response = await fetch(`${emulator.url}/v1/x`, { method: "HEAD", headers })
    expect([response.status, await response.text()]).toEqual([200, ""])
  })
})

describe("every answer", () => {
  it("carries the server's time and a request id, which an error body repeats", async () => {
    const emulator = await runningEmulator()
    emulator.setClock(() => Date.UTC(2030, 0, 1))
    const paths = ["/v1/x", "/v3/auth/domains", "/v3", "/openstack/latest/securitykey", "/v3/auth/none"]
    for (const path of paths) {
      const { headers, body } = await ask(emulator.url + path)
      expect(headers.get("date")).toBe("Tue, 01 Jan 2030 00:00:00 GMT")
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/)
      if (body.request_id !== undefined) expect(body.request_id).toBe(headers.get("x-request-id"))
    }
  })

  it("is 404 for an unknown path of IAM", async () => {
    const { url } = await runningEmulator()
    expect(await ask(`${url}/v3/auth/none`)).toMatchObject({ status: 404, body: { error: { code: 404 } } })
  })
})

describe("a client that disconnects", () => {
  it("in the middle of its body does not affect the gateway", async () => {
    const emulator = await runningEmulator()
    const { host } = new URL(emulator.url)
    const socket = connect(Number(new URL(emulator.url).port), "127.0.0.1")
    socket.write(`POST /v1/x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100\r\n\r\nhalf`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.destroy()
    expect((await askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials)).status).toBe(200)
  })
})

describe("the counters and records", () => {
  it("is counted by route until the counters are reset", async () => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    await ask(`${emulator.url}/v1/x?a=1`, { headers })
    await ask(`${emulator.url}/v1/y`)
    await ask(`${emulator.url}/v3/projects?name=x`, { headers })
    expect(emulator.stats.calls).toEqual({ "POST /v3/auth/tokens": 1, "GET /v3/projects": 1, gateway: 2 })
    expect(emulator.stats.iamCalls).toBe(2)
    expect(emulator.stats.requests.map(({ target, scheme, status }) => [target, scheme, status])).toEqual([
      ["/v1/x?a=1", "token", 200],
      ["/v1/y", "none", 401],
    ])
    emulator.stats.reset()
    expect(emulator.stats).toMatchObject({ calls: {}, iamCalls: 0, requests: [] })
  })

  it("is forgotten beyond the last 10,000 requests", async () => {
    const stats = createStats()
    const request = {
      method: "GET",
      headers: {},
      body: { bytes: 0, sha256: "" },
      scheme: "none",
      verdict: "ok",
    } as const
    for (let number = 0; number < 10_001; number++) stats.keep({ ...request, target: `/${number}` })
    expect(stats.requests).toHaveLength(10_000)
    expect(stats.requests[0]?.target).toBe("/1")
  })
})

describe("the record of attempts", () => {
  it("shows for each whether its authentication was valid, whatever fault followed", async () => {
    const emulator = await runningEmulator()
    const { url, accounts, faults } = emulator
    faults.status(503, { times: 1 })
    faults.redirect("/elsewhere", { target: "/moved", times: 1 })
    faults.dropConnection({ target: "/dropped" })
    const key = accounts.partner.user.credentials
    await askSigned(`${url}/v1/x`, key)
    await askSigned(`${url}/moved`, { ...key, secretAccessKey: "wrong" })
    await expect(askSigned(`${url}/dropped`, key)).rejects.toThrow("fetch failed")
    expect(emulator.stats.requests).toMatchObject([
      { target: "/v1/x", verdict: "ok", status: 503, caller: { user: "partner-operator" } },
      { target: "/moved", verdict: expect.stringContaining("verify aksk signature fail"), status: 302 },
      { target: "/dropped", verdict: "ok" },
    ])
    expect(emulator.stats.requests[2]).not.toHaveProperty("status")
    expect(emulator.stats.requests[1]).not.toHaveProperty("caller")
  })

  it("has the headers and the hash of the body", async () => {
    const emulator = await runningEmulator()
    const auth = akskAuth(emulator.accounts.customers[0].user.credentials)
    const attempt = { method: "PUT", url: `${emulator.url}/v1/x`, headers: {}, body: "hello" }
    const { headers } = await auth.authenticate({ ...attempt, body: new TextEncoder().encode("hello") })
    await ask(attempt.url, { ...attempt, headers: { ...headers } })
    expect(emulator.stats.requests[0]).toMatchObject({
      method: "PUT",
      headers: { ...headers },
      body: { bytes: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
      caller: { domain: "customer-1-account", user: "customer-1-admin" },
    })
  })

  it("has the project of a token's scope", async () => {
    const emulator = await runningEmulator()
    const [project] = emulator.accounts.partner.projects
    const now = Date.now()
    const token = await partnerToken(emulator)
    const { headers } = await tokenAuth({ value: token, issuedAt: now, expiresAt: now + 60_000 }).authenticate({
      method: "GET",
      url: emulator.url,
      headers: {},
      body: null,
    })
    await ask(`${emulator.url}/v1/x`, { headers: { ...headers } })
    const rescoped = await ask(`${emulator.url}/v3/auth/tokens`, {
      method: "POST",
      body: {
        auth: { identity: { methods: ["token"], token: { id: token } }, scope: { project: { id: project?.id } } },
      },
    })
    await ask(`${emulator.url}/v1/x`, {
      headers: { "x-auth-token": String(rescoped.headers.get("x-subject-token")) },
    })
    expect(emulator.stats.requests.map(({ caller }) => caller?.projectId)).toEqual([undefined, project?.id])
  })
})
