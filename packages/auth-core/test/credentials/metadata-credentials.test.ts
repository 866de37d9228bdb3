import { type Answer, type Arrival, fakeClock, type RecordingServer } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { chain } from "../../src/credentials/chain.ts"
import { metadataCredentials } from "../../src/credentials/workload-credentials.ts"
import { localIam, rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { securityTokenAnswer, TEMPORARY_KEY } from "./temporary-key-answers.ts"

type Route = (arrival: Arrival, index: number) => Answer

/** The two routes of a metadata service. */
async function metadataService(routes: { token: Route; key: Route }): Promise<RecordingServer> {
  let tokens = 0
  let keys = 0
  return localIam((arrival) =>
    arrival.method === "PUT" ? routes.token(arrival, tokens++) : routes.key(arrival, keys++),
  )
}

const paths = (service: RecordingServer): string[] =>
  service.arrivals.map(({ method, target, headers }) => `${method} ${target} ${headers["x-metadata-token"] ?? "-"}`)

const ASK_TOKEN = "PUT /meta-data/latest/api/token -"
const askKey = (token: string): string => `GET /openstack/latest/securitykey ${token}`
const HOUR = 60 * 60_000

describe("version 2", () => {
  it("gets a token first, and keeps it for most of its six hours", async () => {
    const clock = fakeClock()
    const service = await metadataService({
      token: (_arrival, index) => ({ body: `token${index}\n` }),
      key: () => securityTokenAnswer({}, 200),
    })
    const provider = metadataCredentials({ endpoint: service.url, clock })
    expect(await provider()).toEqual(TEMPORARY_KEY)
    expect(service.arrivals[0]?.headers["x-metadata-token-ttl-seconds"]).toBe("21600")
    await provider()
    expect(paths(service)).toEqual([ASK_TOKEN, askKey("token0"), askKey("token0")])
    await clock.advance(6 * HOUR)
    await provider()
    expect(paths(service).slice(3)).toEqual([ASK_TOKEN, askKey("token1")])
  })

  it("gets another token once when the key is refused", async () => {
    const service = await metadataService({
      token: (_arrival, index) => ({ body: `token${index}` }),
      key: ({ headers }) =>
        headers["x-metadata-token"] === "token1" ? securityTokenAnswer({}, 200) : { status: 401, body: "bad token" },
    })
    expect(await metadataCredentials({ endpoint: service.url })()).toEqual(TEMPORARY_KEY)
    expect(paths(service)).toEqual([ASK_TOKEN, askKey("token0"), ASK_TOKEN, askKey("token1")])
  })

  it("gives up when the second token is refused too", async () => {
    const service = await metadataService({
      token: (_arrival, index) => ({ body: `secrettoken${index}` }),
      key: ({ headers }) => ({ status: 401, body: `bad ${headers["x-metadata-token"]}` }),
    })
    const error = await rejectionOf(metadataCredentials({ endpoint: service.url })(), "secrettoken")
    expect(error).toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED", status: 401 })
    expect(service.arrivals).toHaveLength(4)
  })
})

describe("version 1", () => {
  it.each([404, 405, 503])("is used for a day when the token step answers %d", async (status) => {
    const clock = fakeClock()
    const service = await metadataService({
      token: () => ({ status, body: "" }),
      key: () => securityTokenAnswer({}, 200),
    })
    const provider = metadataCredentials({ endpoint: service.url, clock })
    expect(await provider()).toEqual(TEMPORARY_KEY)
    await clock.advance(23 * HOUR)
    await provider()
    expect(paths(service)).toEqual([ASK_TOKEN, askKey("-"), askKey("-")])
    await clock.advance(HOUR)
    await provider()
    expect(paths(service).slice(3)).toEqual([ASK_TOKEN, askKey("-")])
  })

  it("ends when the key is refused, since a token is then required", async () => {
    const service = await metadataService({
      token: (_arrival, index) => (index === 0 ? { status: 404, body: "" } : { body: "token1" }),
      key: ({ headers }) =>
        headers["x-metadata-token"] === "token1" ? securityTokenAnswer({}, 200) : { status: 401, body: "token needed" },
    })
    expect(await metadataCredentials({ endpoint: service.url })()).toEqual(TEMPORARY_KEY)
  })
})

describe("no credentials", () => {
  it.each([
    { status: 401, body: "Please configure Cloud Service Agency first" },
    { status: 404, body: "" },
  ])("come from a server without an agency: %o", async (answer) => {
    const service = await metadataService({ token: () => ({ body: "token" }), key: () => answer })
    const error = await rejectionOf(metadataCredentials({ endpoint: service.url })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toMatch(/no agency/)
    expect(service.arrivals).toHaveLength(2)
  })

  it.each<[string, Answer, Answer]>([
    ["that knows neither path", { status: 404, body: "" }, { status: 404, body: "" }],
    ["that wants its own header", { status: 400, body: "Required metadata header" }, { status: 400, body: "" }],
    ["that wants its own token", { status: 404, body: "" }, { status: 401, body: "" }],
    ["that fails", { status: 500, body: "" }, { status: 500, body: "" }],
  ])("come from the metadata service of another cloud, %s", async (_name, token, key) => {
    const service = await metadataService({ token: () => token, key: () => key })
    expect(await rejectionOf(metadataCredentials({ endpoint: service.url })())).toMatchObject({
      code: "AUTH_CREDENTIALS_MISSING",
    })
  })

  it.each([
    ["the token", { status: 403, body: "" }, { status: 200, body: "" }],
    ["the key", { body: "token" }, { status: 403, body: "" }],
  ])("come from a service that forbids %s, whose advice is not that of IAM", async (_name, token, key) => {
    const service = await metadataService({ token: () => token, key: () => key })
    const { message } = await rejectionOf(metadataCredentials({ endpoint: service.url })())
    expect(message).toMatch(/HTTP 403.*has its metadata service switched on/)
    expect(message).not.toContain("permission it lacks")
  })

  const page: Answer = {
    headers: { "content-type": "text/html" },
    body: "<html><body>Log in to the network</body></html>",
  }
  const foreignJson: Answer = { body: '{"Code":"Success","AccessKeyId":"AK"}' }

  it.each<[string, Answer, Answer]>([
    ["a page for everything", page, page],
    ["a page for the key alone", { status: 404, body: "" }, page],
    ["a token, then a page", { body: "token" }, page],
    ["another cloud's JSON for everything", foreignJson, foreignJson],
    ["another cloud's JSON for the key alone", { status: 405, body: "" }, foreignJson],
    ["a token of more than one word", { body: "not a token" }, securityTokenAnswer({}, 200)],
    ["nothing at all", { body: "" }, { body: "" }],
  ])("come from an address that answers %s, and a chain goes on", async (_name, token, key) => {
    const service = await metadataService({ token: () => token, key: () => key })
    const metadata = metadataCredentials({ endpoint: service.url })
    expect(await rejectionOf(metadata())).toMatchObject({ code: "AUTH_CREDENTIALS_MISSING" })
    const next = { accessKeyId: "AK", secretAccessKey: "SK" }
    expect(await chain(metadata, async () => next)()).toEqual(next)
  })

  it("come from a machine without a metadata service, within the time limit", async () => {
    const closed = await localIam()
    await closed.close()
    expect((await rejectionOf(metadataCredentials({ endpoint: closed.url })())).code).toBe("AUTH_CREDENTIALS_MISSING")
    const silent = await localIam(() => new Promise<Answer>(() => undefined))
    const error = await rejectionOf(metadataCredentials({ endpoint: silent.url, timeoutMs: 50 })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(silent.arrivals.length).toBeLessThanOrEqual(1)
  })
})

describe("a service that answered before", () => {
  it.each<[string, Answer, string]>([
    ["fails", { status: 500, body: "" }, "AUTH_TOKEN_REQUEST_FAILED"],
    ["throttles", { status: 429, body: "" }, "AUTH_THROTTLED"],
    ["gives half a key", securityTokenAnswer({ secret: undefined }, 200), "AUTH_TOKEN_RESPONSE_INVALID"],
  ])("and now %s is an error, not a missing credential", async (_name, failure, code) => {
    const service = await metadataService({
      token: () => ({ body: "token" }),
      key: (_arrival, index) => (index === 0 ? securityTokenAnswer({}, 200) : failure),
    })
    const provider = metadataCredentials({ endpoint: service.url })
    await provider()
    expect((await rejectionOf(provider(), "temporary-SK")).code).toBe(code)
  })

  it("and does not answer now is an error, not a missing credential", async () => {
    const service = await metadataService({ token: () => ({ body: "token" }), key: () => securityTokenAnswer({}, 200) })
    const provider = metadataCredentials({ endpoint: service.url })
    await provider()
    await service.close()
    expect((await rejectionOf(provider())).code).toBe("AUTH_TOKEN_REQUEST_FAILED")
  })
})

it("has no identity key: it depends on the machine", () => {
  expect(metadataCredentials().identityKey).toBeUndefined()
})

it("aborts with the reason of the caller's signal", async () => {
  const silent = await localIam(() => new Promise<Answer>(() => undefined))
  const caller = new AbortController()
  const asked = metadataCredentials({ endpoint: silent.url })({ signal: caller.signal })
  caller.abort(new Error("enough"))
  await expect(asked).rejects.toThrow("enough")
})

it("uses plain http only on this machine and its link", () => {
  expect(metadataCredentials({ endpoint: "http://169.254.169.254" })).toBeTypeOf("function")
  expect(thrownBy(() => metadataCredentials({ endpoint: "http://10.0.0.1" })).code).toBe("AUTH_INSECURE_URL")
  expect(thrownBy(() => metadataCredentials({ endpoint: "metadata" })).message).toContain("`endpoint`")
})
