import { numbering, recordingServer } from "@countersign/testkit"
import { createFetch as createOfetch } from "ofetch"
import createClient from "openapi-fetch"
import { describe, expect, it } from "vitest"
import wretch from "wretch"
import olderWretch from "wretch-2"
import { type Auth, type AuthFetch, createFetch, withAuth } from "../src/index.ts"

it("openapi-fetch takes another auth for one request by its fetch", async () => {
  const server = await recordingServer()
  const authFetch = withAuth(fetch, numbering("secret", 1_000), { hosts: [server.host] })
  const client = createClient<{
    "/things": { put: { requestBody: { content: { "application/json": { a: string } } }; responses: object } }
  }>({ baseUrl: server.url, fetch: authFetch })
  await client.PUT("/things", { body: { a: "ü" } })
  await client.PUT("/things", {
    body: { a: "b" },
    fetch: (request) => authFetch(request, { auth: numbering("customer", 1_000) }),
  })
  expect(server.arrivals.map(({ headers, body }) => `${headers["x-auth-token"]} ${body}`)).toEqual([
    'secret-1 {"a":"ü"}',
    'customer-1 {"a":"b"}',
  ])
  await server.close()
})

type NamedAuth = { auth?: Auth | false }

describe.each<[name: string, send: (authFetch: AuthFetch, url: string, options: NamedAuth) => Promise<unknown>]>([
  ["ofetch", (authFetch, url, options) => createOfetch({ fetch: authFetch })(url, { retry: 0, ...options })],
  ["wretch", (authFetch, url, options) => wretch(url).fetchPolyfill(authFetch).options(options).get().json()],
  ["wretch 2", (authFetch, url, options) => olderWretch(url, options).polyfills({ fetch: authFetch }).get().json()],
  [
    "openapi-fetch",
    async (authFetch, baseUrl, options) => {
      const client = createClient<{ "/": { get: { responses: object } } }>({ baseUrl, fetch: authFetch })
      return client.GET("/", options)
    },
  ],
])("%s passes on what a request says of its auth", (_, send) => {
  it("another auth, false, nothing, and an explicit undefined", async () => {
    const server = await recordingServer()
    const authFetch = createFetch(numbering(), { hosts: [server.host] })
    await send(authFetch, server.url, { auth: numbering("customer") })
    await send(authFetch, server.url, { auth: false })
    await send(authFetch, server.url, {})
    const unknown: NamedAuth = { auth: new Map<string, Auth>().get("unknown") as Auth }
    const error: unknown = await send(authFetch, server.url, unknown).catch((caught: unknown) => caught)
    expect((error as Error).cause ?? error).toMatchObject({ code: "AUTH_INVALID_OPTION" })
    expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["customer-1", undefined, "secret-1"])
    await server.close()
  })
})
