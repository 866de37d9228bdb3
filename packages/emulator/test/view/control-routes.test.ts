import { request } from "node:http"
import { describe, expect, it } from "vitest"
import type { Customer } from "../../src/index.ts"
import type { EmulatorState, RequestDetail, RequestSummary } from "../../src/view/record.ts"
import { type Answer, ask, askSigned, HOUR, login, partnerToken, runningEmulator } from "../running-emulator.ts"

async function summaries(url: string, query = ""): Promise<RequestSummary[]> {
  const { requests } = (await ask(`${url}/-/requests${query}`)).body as unknown as { requests: RequestSummary[] }
  return requests
}

async function detail(url: string, id: number): Promise<RequestDetail> {
  return (await ask(`${url}/-/requests/${id}`)).body as unknown as RequestDetail
}

function post(url: string, body: object): Promise<Answer> {
  return ask(url, { method: "POST", body })
}

/** Sends a GET whose target no client would send. */
function sendUnparsed(url: string, path: string): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path }, (answer) => answer.resume().on("end", resolve))
      .on("error", reject)
      .end()
  })
}

describe("/-/requests", () => {
  it("lists the requests to every part, with caller and verdict", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url, accounts } = emulator
    const token = await partnerToken(emulator)
    await ask(`${url}/v1/x`, { headers: { "x-auth-token": token, "user-agent": "a client" } })
    await askSigned(`${url}/v1/y?a=1`, accounts.customers[0].user.credentials, {
      added: { "x-sdk-date": "20200101T000000Z" },
    })
    await ask(`${url}/openstack/latest/securitykey`)
    const requests = await summaries(url)
    expect(requests).toMatchObject([
      { id: 1, part: "iam", methods: "password", verdict: "ok", status: 201, caller: { user: "partner-operator" } },
      { id: 2, part: "gateway", target: "/v1/x", client: "a client", scheme: "token", verdict: "ok", status: 200 },
      { id: 3, target: "/v1/y?a=1", scheme: "signature", status: 401 },
      { id: 4, part: "metadata", status: 200, caller: { user: "machine-agency" } },
    ])
    expect(requests[0]?.grantEndsAt).toBeGreaterThan(Date.now() + 23 * HOUR)
    expect(requests[2]?.verdict).toContain("signature expired")
    expect(await summaries(url, "?since=2&part=gateway")).toMatchObject([{ id: 3 }])
  })

  it("does not count or record its own calls", async () => {
    const { url, stats } = await runningEmulator({ ui: true })
    await ask(`${url}/-/state`)
    expect(await summaries(url)).toEqual([])
    expect(stats.calls).toEqual({})
  })

  it("shows a pending request without an answer", async () => {
    const { url, accounts, faults } = await runningEmulator({ ui: true })
    faults.delay(60_000)
    const waiting = askSigned(`${url}/v1/x`, accounts.partner.user.credentials).catch(() => "ended with the emulator")
    await expect.poll(() => summaries(url)).toHaveLength(1)
    await expect.poll(async () => (await summaries(url))[0]).toMatchObject({ verdict: "ok", faults: ["delay"] })
    expect((await summaries(url))[0]).not.toHaveProperty("status")
    void waiting
  })

  it("shows a dropped connection as one without a status", async () => {
    const { url, accounts, faults } = await runningEmulator({ ui: true })
    faults.dropConnection({ times: 1 })
    await expect(askSigned(`${url}/v1/x`, accounts.partner.user.credentials)).rejects.toThrow()
    await expect.poll(async () => (await summaries(url))[0]).toMatchObject({ faults: ["drop"], verdict: "ok" })
    const [request] = await summaries(url)
    expect(request).not.toHaveProperty("status")
    expect(request?.durationMs).toBeGreaterThanOrEqual(0)
  })

  it("gives the words of IAM's refusals", async () => {
    const emulator = await runningEmulator({ ui: true })
    await login(emulator, { name: "partner-operator", password: "wrong" })
    emulator.faults.status(503, { target: "iam", times: 1 })
    await login(emulator)
    expect(await summaries(emulator.url)).toMatchObject([
      { verdict: "Incorrect password.", status: 401, methods: "password" },
      { verdict: "ok", faults: ["status"], status: 503 },
    ])
  })

  it("is cleared together with the counts", async () => {
    const emulator = await runningEmulator({ ui: true })
    await login(emulator)
    expect((await ask(`${emulator.url}/-/stats`)).body).toEqual({ calls: { "POST /v3/auth/tokens": 1 }, iamCalls: 1 })
    expect((await ask(`${emulator.url}/-/requests`, { method: "DELETE" })).status).toBe(204)
    expect(await summaries(emulator.url)).toEqual([])
    expect(emulator.stats.iamCalls).toBe(0)
  })
})

describe("/-/requests/ID", () => {
  it("gives headers, body and the answer of a refusal", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    await askSigned(`${url}/v1/x`, accounts.partner.user.credentials, {
      method: "POST",
      body: { a: 1 },
      sent: '{"a": 1}',
    })
    const { headers, body, answer, check } = await detail(url, 1)
    expect(headers.authorization).toContain(`Access=${accounts.partner.user.credentials.accessKeyId}`)
    expect(body).toMatchObject({ bytes: 8, text: '{"a": 1}' })
    expect(answer?.text).toContain("verify aksk signature fail")
    expect(check.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "Authorization passed",
      "Time passed",
      "Access key passed",
      "Security token passed",
      "Body passed",
      "Signature failed",
    ])
  })

  it("explains only refusals", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url, accounts, faults } = emulator
    const key = accounts.partner.user.credentials
    await askSigned(`${url}/v1/x`, key, { method: "POST", body: "", sent: "hello" })
    faults.clockOffset(20 * 60_000)
    await askSigned(`${url}/v1/x`, key)
    await login(emulator, { name: "partner-operator", password: "wrong" })
    faults.reset()
    await askSigned(`${url}/v1/x`, key)
    faults.status(503)
    await askSigned(`${url}/v1/x`, key)
    const causes = await Promise.all([1, 2, 3, 4, 5].map(async (id) => (await detail(url, id)).explanation?.cause))
    expect(causes).toEqual(["body-changed", "clock-skew", "password-wrong", undefined, undefined])
  })

  it("hides foreign credentials, and all tokens", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url } = emulator
    const token = await partnerToken(emulator)
    const foreign = {
      accessKeyId: "HPUAREALACCESSKEYID0",
      secretAccessKey: "sk",
      securityToken: "a-real-security-token",
    }
    await askSigned(`${url}/v1/x?access_token=query-secret&b=1`, foreign, { added: { cookie: "sid=cookie-secret" } })
    await ask(`${url}/v1/x`, { headers: { "x-auth-token": token, "x-subject-token": "subject-secret" } })
    await ask(`${url}/v1/x`, { headers: { authorization: "Bearer bearer-secret" } })
    const texts: string[] = []
    for (const path of ["requests", "requests/2", "requests/3", "requests/4", "requests.har"]) {
      texts.push(await (await fetch(`${url}/-/${path}`)).text())
    }
    const all = texts.join("\n")
    for (const secret of [
      "real-security",
      "query-secret",
      "cookie-secret",
      "subject-secret",
      "bearer-secret",
      "AREALACCESSKEY",
      token,
    ]) {
      expect(all).not.toContain(secret)
    }
    expect(all).toMatch(/Access=HPU…D0, SignedHeaders=[^"]+, Signature=\[secret\]/)
    expect(all).toContain(`[token of partner-operator, ${token.length} characters]`)
    expect(all).not.toContain("password-of-partner-operator")
  })

  it("tells a revoked token from an unknown and an expired one", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url, faults, setClock } = emulator
    const token = await partnerToken(emulator)
    await ask(`${url}/v1/x`, { headers: { "x-auth-token": "unknown" } })
    setClock(25 * HOUR)
    await ask(`${url}/v1/x`, { headers: { "x-auth-token": token } })
    setClock()
    faults.revokeToken()
    await ask(`${url}/v1/x`, { headers: { "x-auth-token": token } })
    const steps = await Promise.all([2, 3, 4].map(async (id) => (await detail(url, id)).check.steps))
    expect(steps.map((each) => each.map(({ state }) => state))).toEqual([
      ["passed", "failed", "not reached"],
      ["passed", "passed", "failed"],
      ["passed", "failed", "not reached"],
    ])
    expect(steps[0]?.[1]?.detail).toBe("The emulator issued no such token.")
    expect(steps[2]?.[1]?.detail).toBe("issued to partner-operator by password, revoked since")
  })

  it("is 404 for an unknown request", async () => {
    const { url } = await runningEmulator({ ui: true })
    expect(await ask(`${url}/-/requests/1`)).toMatchObject({ status: 404 })
  })
})

describe("/-/requests.har", () => {
  it("is an archive of all or some requests", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const key = accounts.partner.user.credentials
    await askSigned(`${url}/v1/x?a=1&b=two`, key)
    await askSigned(`${url}/v1/y`, key, { method: "POST", headers: { "content-type": "text/plain" }, body: "hello" })
    const { log } = (await ask(`${url}/-/requests.har`)).body as { log: { version: string; entries: object[] } }
    expect(log).toMatchObject({
      version: "1.2",
      creator: { name: "countersign-emulator", version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      entries: [
        {
          request: {
            url: `${url}/v1/x?a=1&b=two`,
            queryString: [
              { name: "a", value: "1" },
              { name: "b", value: "two" },
            ],
          },
          response: { status: 200 },
          _verdict: "ok",
        },
        { request: { method: "POST", bodySize: 5, postData: { mimeType: "text/plain", text: "hello" } } },
      ],
    })
    const some = (await ask(`${url}/-/requests.har?ids=2`)).body as { log: { entries: object[] } }
    expect(some.log.entries).toHaveLength(1)
  })
})

describe("/-/requests.har of targets that no URL parser takes as they are", () => {
  it.each(["//[", "//evil.example/x?b=%zz", "/a/../b?x=1?y=2"])("keeps %s as it arrived", async (target) => {
    const { url } = await runningEmulator({ ui: true })
    await sendUnparsed(url, target)
    const answer = await ask(`${url}/-/requests.har`)
    expect(answer.status).toBe(200)
    const { log } = answer.body as { log: { entries: { request: { url: string; queryString: object[] } }[] } }
    expect(log.entries.map(({ request }) => request.url)).toEqual([url + target])
    expect(log.entries[0]?.request.queryString).toHaveLength(target.includes("?") ? 1 : 0)
  })
})

describe("/-/accounts and /-/customers", () => {
  it("adds a customer that the partner may act for at once", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url } = emulator
    const added = await post(`${url}/-/customers`, { name: "wind-farm" })
    const customer = added.body as unknown as Customer
    expect([added.status, customer.domain.name, customer.agency.name]).toEqual([
      201,
      "wind-farm-account",
      "partner-agency",
    ])
    const identity = {
      methods: ["assume_role"],
      assume_role: { domain_name: customer.domain.name, agency_name: customer.agency.name },
    }
    const token = await ask(`${url}/v3/auth/tokens`, {
      method: "POST",
      headers: { "x-auth-token": await partnerToken(emulator) },
      body: { auth: { identity, scope: { domain: { name: customer.domain.name } } } },
    })
    expect(token.status).toBe(201)
    expect((await askSigned(`${url}/v1/x`, customer.user.credentials)).status).toBe(200)
    expect((await login(emulator, customer.user, undefined)).status).toBe(401)
    const { customers } = (await ask(`${url}/-/accounts`)).body as unknown as { customers: Customer[] }
    expect(customers.map(({ domain }) => domain.name)).toEqual([
      "customer-1-account",
      "customer-2-account",
      "customer-3-account",
      "wind-farm-account",
    ])
  })

  it.each([
    [{ name: "customer-1" }, "There is an account customer-1-account already."],
    [{ name: "partner" }, "There is an account partner-account already."],
    [{ name: "a name" }, "The name of a customer is a letter, then up to 31 letters, digits or hyphens."],
    [{ name: 5 }, "The name of a customer is a letter, then up to 31 letters, digits or hyphens."],
  ])("refuses %j", async (body, error) => {
    const { url } = await runningEmulator({ ui: true })
    expect(await post(`${url}/-/customers`, body)).toMatchObject({ status: 400, body: { error } })
  })
})

describe("/-/faults and /-/state", () => {
  it("injects each fault, lists pending ones, and ends them", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const key = accounts.partner.user.credentials
    await post(`${url}/-/faults`, { kind: "status", status: 503, retryAfterSeconds: 2, times: 1 })
    await post(`${url}/-/faults`, { kind: "delay", ms: 1, target: { pattern: "^/v9" } })
    await post(`${url}/-/faults`, { kind: "throttle", requests: 1_000, target: "/v2" })
    await post(`${url}/-/faults`, { kind: "redirect", to: "http://127.0.0.1:1/", status: 307, target: "iam" })
    await post(`${url}/-/faults`, { kind: "dropConnection", target: "metadata" })
    const state = async (): Promise<EmulatorState> => (await ask(`${url}/-/state`)).body as unknown as EmulatorState
    expect((await state()).faults).toEqual([
      { kind: "status", words: "answers 503, Retry-After 2 s", target: "gateway", timesLeft: 1 },
      { kind: "delay", words: "answers 1 ms late", target: "/^\\/v9/" },
      { kind: "throttle", words: "lets 1000 requests in 1000 ms through", target: "/v2" },
      { kind: "redirect", words: "redirects to http://127.0.0.1:1/ with 307", target: "iam" },
      { kind: "drop", words: "drops the connection", target: "metadata" },
    ])
    const refused = await askSigned(`${url}/v1/x`, key)
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"])
    expect((await state()).faults).toHaveLength(4)
    expect((await ask(`${url}/-/faults`, { method: "DELETE" })).status).toBe(204)
    expect((await state()).faults).toEqual([])
  })

  it("changes keys, passwords, locks and the metadata service", async () => {
    const emulator = await runningEmulator({ ui: true })
    const { url, accounts } = emulator
    const { user, plainUser } = accounts.partner
    const rotated = await post(`${url}/-/faults`, { kind: "rotateKey", accessKeyId: user.credentials.accessKeyId })
    const key = rotated.body.result as { accessKeyId: string; secretAccessKey: string }
    expect((await askSigned(`${url}/v1/x`, key)).status).toBe(200)
    await post(`${url}/-/faults`, { kind: "lock", who: { accessKeyId: key.accessKeyId } })
    expect((await askSigned(`${url}/v1/x`, key)).body.error_msg).toContain("failed to reach the limit")
    await post(`${url}/-/faults`, { kind: "unlock", who: { accessKeyId: key.accessKeyId } })
    expect((await askSigned(`${url}/v1/x`, key)).status).toBe(200)
    await post(`${url}/-/faults`, { kind: "revokeKey", accessKeyId: key.accessKeyId })
    expect((await askSigned(`${url}/v1/x`, key)).status).toBe(401)
    const token = await partnerToken(emulator)
    await post(`${url}/-/faults`, { kind: "revokeToken" })
    expect((await ask(`${url}/v1/x`, { headers: { "x-auth-token": token } })).status).toBe(401)
    await post(`${url}/-/faults`, { kind: "changePassword", user: { id: user.id }, password: "another" })
    expect((await login(emulator, { name: user.name, password: "another" })).status).toBe(201)
    await post(`${url}/-/faults`, { kind: "disableUser", user: { id: plainUser.id } })
    expect((await login(emulator, plainUser)).status).toBe(403)
    await post(`${url}/-/faults`, { kind: "metadata", mode: "no agency" })
    expect((await ask(`${url}/openstack/latest/securitykey`)).status).toBe(401)
    const state = await post(`${url}/-/faults`, { kind: "clockOffset", ms: 5_000 })
    expect(state.body).toMatchObject({ clock: { offsetMs: 5_000 }, metadataMode: "no agency" })
  })

  it.each([
    [{}, /^`kind` must be one of delay, status, serviceRefusal, throttle/],
    [{ kind: "toString" }, /^`kind` must be one of/],
    [{ kind: "delay" }, /^`ms` must be a number, 0 or more\.$/],
    [{ kind: "delay", ms: 1, times: 0 }, /^`times` must be a whole number, 1 or more\.$/],
    [{ kind: "status", status: 99 }, /^`status` must be/],
    [{ kind: "status", status: 600 }, /^`status` must be/],
    [
      { kind: "status", status: 500, target: "elsewhere" },
      /^`target` must be one of all, gateway, iam, metadata, or the start of a path/,
    ],
    [{ kind: "status", status: 500, target: { pattern: "(" } }, /regular expression/],
    [{ kind: "redirect", to: "/", status: 300 }, /^`status` must be one of 301/],
    [{ kind: "rotateKey" }, /^`accessKeyId` must be a text\.$/],
    [{ kind: "rotateKey", accessKeyId: "AK" }, /^There is no access key AK to rotate\.$/],
    [{ kind: "changePassword", user: { id: "nobody" }, password: "x" }, /^There is no user with the id nobody\.$/],
    [{ kind: "lock", who: { id: "nobody" } }, /^There is no user with the id nobody\.$/],
    [{ kind: "unlock", who: { accessKeyId: "AK" } }, /^There is no access key AK\.$/],
    [{ kind: "lock", who: "AK" }, /^`who` must be \{ id \} of a user, or \{ accessKeyId \}\.$/],
    [{ kind: "disableUser", user: "partner-viewer" }, /^`user` must be \{ id \} of a user\.$/],
    [{ kind: "revokeToken", value: "unknown" }, /^There is no such token to revoke\.$/],
    [{ kind: "serviceRefusal", service: "zzz" }, /^`service` must be one of iam-v5, keystone/],
    [{ kind: "dropConnection", times: 1.5 }, /^`times` must be a whole number/],
    [{ kind: "redirect", to: "a\r\nb" }, /^`to` must be a URL/],
    [{ kind: "clockOffset", ms: 1e300 }, /^The clock cannot move by 1e\+300 ms/],
    [{ kind: "metadata", mode: "on" }, /^`mode` must be one of/],
  ])("refuses %j", async (body, error) => {
    const { url } = await runningEmulator({ ui: true })
    expect(await post(`${url}/-/faults`, body)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(error) },
    })
  })

  it.each([204, 304])("answers with %i, which has no body", async (status) => {
    const { url, accounts } = await runningEmulator({ ui: true })
    await post(`${url}/-/faults`, { kind: "status", status, times: 1 })
    expect((await askSigned(`${url}/v1/x`, accounts.partner.user.credentials)).status).toBe(status)
  })

  it("waits however long a delay is", async () => {
    const { url } = await runningEmulator({ ui: true })
    await post(`${url}/-/faults`, { kind: "delay", ms: 1e12, times: 1 })
    await expect(fetch(`${url}/v1/x`, { signal: AbortSignal.timeout(300) })).rejects.toThrow("timeout")
  })

  it("refuses a body that is too large or not a JSON object", async () => {
    const { url } = await runningEmulator({ ui: true })
    expect(await ask(`${url}/-/faults`, { method: "POST", body: "[1]" })).toMatchObject({ status: 400 })
    const large = await ask(`${url}/-/customers`, { method: "POST", body: "x".repeat(1024 * 1024 + 1) })
    expect(large.status).toBe(413)
  })
})

describe("/-/clock", () => {
  it("is set to an offset, a time, a frozen time, and the real time", async () => {
    const { url } = await runningEmulator({ ui: true })
    const put = (body: object): Promise<Answer> => ask(`${url}/-/clock`, { method: "PUT", body })
    expect(Number((await put({ offsetMs: HOUR })).body.offsetMs)).toBe(HOUR)
    expect((await put({ now: "2030-01-01T00:00:00Z" })).body.iso).toMatch(/^2030-01-01T00:00:0/)
    expect((await put({ now: 0, frozen: true })).body.now).toBe(0)
    expect((await ask(`${url}/-/state`)).body.clock).toEqual({ now: 0 })
    expect((await ask(`${url}/v3`)).headers.get("date")).toBe("Thu, 01 Jan 1970 00:00:00 GMT")
    expect((await ask(`${url}/-/clock`, { method: "DELETE" })).status).toBe(204)
    expect(Number((await ask(`${url}/-/clock`)).body.offsetMs)).toBe(0)
  })

  it("forgets an offset that was asked for as a fault", async () => {
    const { url } = await runningEmulator({ ui: true })
    const offsetMs = async (): Promise<unknown> => (await ask(`${url}/-/clock`)).body.offsetMs
    await post(`${url}/-/faults`, { kind: "clockOffset", ms: HOUR })
    await ask(`${url}/-/clock`, { method: "PUT", body: { offsetMs: 5_000 } })
    expect(await offsetMs()).toBe(5_000)
    await post(`${url}/-/faults`, { kind: "clockOffset", ms: HOUR })
    await ask(`${url}/-/clock`, { method: "DELETE" })
    expect(await offsetMs()).toBe(0)
  })

  it.each([
    [{}],
    [{ now: "tomorrow" }],
    [{ offsetMs: "1" }],
    [{ offsetMs: 1e300 }],
    [{ now: 1e300, frozen: true }],
    [{ now: "1969-12-31T23:00:00Z" }],
    [{ now: 0, frozen: "yes" }],
    [{ now: null }],
    [{ offsetMs: null, now: 0 }],
  ])("refuses %j, and leaves the clock as it was", async (body) => {
    const { url } = await runningEmulator({ ui: true })
    expect((await ask(`${url}/-/clock`, { method: "PUT", body })).status).toBe(400)
    expect((await ask(`${url}/-/state`)).body.clock).toEqual({ offsetMs: 0 })
  })
})

it("names all that a clock can be set to", async () => {
  const { url } = await runningEmulator({ ui: true })
  expect((await ask(`${url}/-/clock`, { method: "PUT", body: {} })).body.error).toBe(
    "Pass `offsetMs`, a number of milliseconds, or `now`, which is epoch milliseconds or a time as in ISO 8601.",
  )
})

it.each([
  ["requests?since=x", "`since` must be the id of a request."],
  ["requests?part=zzz", "`part` must be one of gateway, iam, metadata."],
  ["requests.har?ids=1,x", "`ids` must be ids of requests, with commas between them."],
])("refuses %s", async (route, error) => {
  const { url } = await runningEmulator({ ui: true })
  expect(await ask(`${url}/-/${route}`)).toMatchObject({ status: 400, body: { error } })
})

describe("without `ui`", () => {
  it("leaves /-/ to the gateway, and records nothing", async () => {
    const { url, stats } = await runningEmulator()
    expect((await ask(`${url}/-/requests`)).body.error_msg).toContain("x-auth-token not found")
    expect(stats.requests).toHaveLength(1)
  })

  it("gives each answered request to `onRequest` where there is one", async () => {
    const requests: RequestSummary[] = []
    const { url, accounts } = await runningEmulator({ onRequest: (request) => void requests.push(request) })
    await askSigned(`${url}/-/x?token=secret`, accounts.partner.user.credentials)
    expect(requests).toMatchObject([{ target: "/-/x?token=[secret]", verdict: "ok", status: 200 }])
  })
})
