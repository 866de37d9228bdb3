import { type Answer, type Arrival, numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import { createFetch as createOfetch } from "ofetch"
import createClient from "openapi-fetch"
import { afterEach, describe, expect, it } from "vitest"
import wretch from "wretch"
import { retry } from "wretch/middlewares"
import { createFetch, withAuth } from "../src/index.ts"

let server: RecordingServer
async function serve(answer?: (arrival: Arrival, index: number) => Answer): Promise<RecordingServer> {
  server = await recordingServer(answer)
  return server
}
afterEach(() => server.close())

const seen = () => server.arrivals.map(({ headers, body }) => `${headers["x-auth-token"]} ${body}`)
const unavailableTwice = (_arrival: Arrival, index: number): Answer => (index < 2 ? { status: 503 } : {})

describe("ofetch", () => {
  it("is authenticated at each attempt", async () => {
    await serve(unavailableTwice)
    const ofetch = createOfetch({ fetch: createFetch(numbering("secret", 1_000), { hosts: [server.host] }) })
    const answer = await ofetch("/things", { baseURL: server.url, method: "PUT", body: { a: "ü" }, retry: 2 })
    expect(answer).toEqual({ ok: true })
    expect(seen()).toEqual(['secret-1 {"a":"ü"}', 'secret-2 {"a":"ü"}', 'secret-3 {"a":"ü"}'])
  })
})

describe("wretch", () => {
  it("is authenticated at each attempt", async () => {
    await serve(unavailableTwice)
    const api = wretch(server.url)
      .polyfills({ fetch: createFetch(numbering("secret", 1_000), { hosts: [server.host] }) })
      .middlewares([retry({ delayTimer: 1, maxAttempts: 3 })])
    expect(await api.url("/things").put({ a: "ü" }).json()).toEqual({ ok: true })
    expect(seen()).toEqual(['secret-1 {"a":"ü"}', 'secret-2 {"a":"ü"}', 'secret-3 {"a":"ü"}'])
  })
})

describe("openapi-fetch", () => {
  it("is authenticated, with another auth per request", async () => {
    await serve()
    const authFetch = withAuth(fetch, numbering("secret", 1_000), { hosts: [server.host] })
    const client = createClient<{
      "/things": { put: { requestBody: { content: { "application/json": { a: string } } }; responses: object } }
    }>({ baseUrl: server.url, fetch: authFetch })
    await client.PUT("/things", { body: { a: "ü" } })
    await client.PUT("/things", {
      body: { a: "b" },
      fetch: (request) => authFetch(request, { auth: numbering("customer", 1_000) }),
    })
    expect(seen()).toEqual(['secret-1 {"a":"ü"}', 'customer-1 {"a":"b"}'])
  })
})
