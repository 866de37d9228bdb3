import { createSecureServer, type IncomingHttpHeaders } from "node:http2"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Auth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"
import { selfSigned } from "./self-signed.ts"

const { key, cert } = selfSigned()
const arrivals: { version: string; headers: IncomingHttpHeaders; body: string }[] = []
const server = createSecureServer({ key, cert, allowHTTP1: true }, async (request, response) => {
  let body = ""
  for await (const chunk of request) body += chunk
  arrivals.push({ version: request.httpVersion, headers: request.headers, body })
  response.statusCode = arrivals.length === 1 ? 401 : 200
  response.end("{}")
})
let url = ""
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  url = `https://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
})

describe.each(clients)("%s", (_name, client) => {
  it.each([
    ["HTTP/2", true, "2.0"],
    ["TLS with HTTP/1.1", false, "1.1"],
  ])("%s: authenticates for the authority and sets no Host of its own", async (_, http2, version) => {
    arrivals.length = 0
    const seen: string[] = []
    const auth: Auth = {
      bodyLimit: () => 1_000,
      authenticate: (attempt) => {
        seen.push(`${new URL(attempt.url).host} ${attempt.headers.host} ${attempt.body}`)
        return { headers: { "x-auth-token": `secret-${seen.length}` }, used: undefined }
      },
      judge: () => true,
    }
    const api = withAuth(client.extend({ prefixUrl: url, http2, https: { certificateAuthority: cert } }), auth)
    const response = await api.post("x", { json: { a: 1 } })
    expect(response.statusCode).toBe(200)
    expect(arrivals).toMatchObject([
      { version, body: '{"a":1}', headers: { "x-auth-token": "secret-1" } },
      { version, body: '{"a":1}', headers: { "x-auth-token": "secret-2" } },
    ])
    const { host } = new URL(url)
    expect(arrivals.map(({ headers }) => (http2 ? headers[":authority"] : headers.host))).toEqual([host, host])
    if (http2) expect(arrivals[0]?.headers).not.toHaveProperty("host")
    expect(seen).toEqual(Array(2).fill(`${host} undefined {"a":1}`))
    expect(inspect(response, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain("secret-")
  })
})
