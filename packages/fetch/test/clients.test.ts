import { numbering, recordingServer } from "@countersign/testkit"
import createClient from "openapi-fetch"
import { expect, it } from "vitest"
import { withAuth } from "../src/index.ts"

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
