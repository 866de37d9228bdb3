import { createSecureServer, type Http2SecureServer, type IncomingHttpHeaders } from "node:http2"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { markIn, selfSigned, shown } from "@countersign/testkit"
import { afterEach, describe, expect, it } from "vitest"
import { type Auth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

interface Arrival {
  version: string
  headers: IncomingHttpHeaders
  body: string
}

const { key, cert } = selfSigned("localhost")
let server: Server | Http2SecureServer | undefined
afterEach(() => {
  server?.close()
})

/** A new server each time, so that no connection of another test is reused. */
async function serve(speaksHttp2: boolean): Promise<{ url: string; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = []
  server = speaksHttp2 ? createSecureServer({ key, cert, allowHTTP1: true }) : createServer({ key, cert })
  server.on("request", async (request, response) => {
    let body = ""
    for await (const chunk of request) body += chunk
    arrivals.push({ version: request.httpVersion, headers: request.headers, body })
    response.statusCode = arrivals.length === 1 ? 401 : 200
    response.end("{}")
  })
  const listening = server
  await new Promise<void>((resolve) => listening.listen(0, "localhost", resolve))
  return { url: `https://localhost:${(listening.address() as AddressInfo).port}`, arrivals }
}

describe.each(clients)("%s", (_name, client) => {
  it.each([
    ["HTTP/2", true, true, "2.0"],
    ["TLS, where the client speaks HTTP/1.1 only", false, true, "1.1"],
    ["TLS, where the server speaks HTTP/1.1 only", true, false, "1.1"],
  ])("%s: authenticates for the authority, and sets no Host of its own", async (_, http2, speaksHttp2, version) => {
    const { url, arrivals } = await serve(speaksHttp2)
    const { host } = new URL(url)
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
    const authority = version === "2.0" ? ":authority" : "host"
    expect(arrivals.map(({ headers }) => headers[authority])).toEqual([host, host])
    if (version === "2.0") expect(arrivals[0]?.headers).not.toHaveProperty("host")
    expect(seen).toEqual(Array(2).fill(`${host} undefined {"a":1}`))
    expect(markIn(shown(response), "secret-")).toBeUndefined()
  })
})
