import { createPrivateKey, randomUUID } from "node:crypto"
import { Agent, createServer, request as httpRequest } from "node:http"
import { createSecureServer } from "node:http2"
import { createServer as createHttpsServer, Agent as HttpsAgent } from "node:https"
import type { AddressInfo, Server } from "node:net"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { type FeatureContext, selfSigned } from "@countersign/testkit"
import type { OptionsInit } from "got"
import { expect } from "vitest"
import { errorOf, on, page } from "./got-feature.ts"

const option = page("2-options")
const https = page("5-https")
const tips = page("tips")

const { key, cert } = selfSigned("localhost")
const trusting = { certificateAuthority: cert }

async function open(server: Server, { defer }: Pick<FeatureContext, "defer">, path?: string): Promise<number> {
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, resolve) : server.listen(path, resolve)))
  defer(() => {
    server.close()
    if ("closeAllConnections" in server && typeof server.closeAllConnections === "function")
      server.closeAllConnections()
  })
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

/** A TLS server that answers with the request. */
async function secure(context: FeatureContext, more: object = {}): Promise<string> {
  const server = createHttpsServer({ key, cert, ...more }, ({ method, url }, response) =>
    response.end(`${method} ${url}`),
  )
  return `https://localhost:${await open(server, context)}`
}

export const connections = [
  option(
    "agent",
    "agent keeps connections, by protocol",
    async ({ api }, { listen, defer }) => {
      const agent = { http: new Agent({ keepAlive: true, maxSockets: 1 }) }
      defer(() => agent.http.destroy())
      const ports = new Set<unknown>()
      const prefixUrl = await listen(({ socket }, response) => {
        ports.add(socket.remotePort)
        response.end("{}")
      })
      const reused: unknown[] = []
      for (const _ of [1, 2, 3]) reused.push((await api("x", { prefixUrl, agent })).request.reusedSocket)
      return [ports.size, reused, Object.keys(agent.http.freeSockets).length]
    },
    { gives: [1, [false, true, true], 1] },
  ),
  tips(
    "proxying",
    "an agent may go through a proxy",
    async ({ api }, context) => {
      const seen: unknown[] = []
      const url = await secure(context)
      const { host, port } = new URL(url)
      const proxy = createServer().on("connect", (request, client) => {
        seen.push(request.url === host, request.headers["x-own"])
        const upstream = connect(Number(port), "localhost", () => {
          client.write("HTTP/1.1 200 OK\r\n\r\n")
          client.pipe(upstream).pipe(client)
        })
        context.defer(() => upstream.destroy())
      })
      const proxyPort = await open(proxy, context)
      const { connect: connectTls } = await import("node:tls")
      class Tunnel extends HttpsAgent {
        override createConnection(_: unknown, done?: (error: Error | null, stream: never) => void): never {
          const connecting = httpRequest({ port: proxyPort, method: "CONNECT", path: host })
          connecting.once("connect", (_response, socket) => {
            done?.(null, connectTls({ socket, servername: "localhost", ca: cert }) as never)
          })
          connecting.end()
          return undefined as never
        }
      }
      const agent = new Tunnel()
      context.defer(() => agent.destroy())
      const { body } = await api(`${url}/x`, { prefixUrl: "", agent: { https: agent }, headers: { "x-own": "1" } })
      return [body, seen]
    },
    { gives: ["GET /x", [true, undefined]] },
  ),
  https(
    "certificateauthority",
    "https.certificateAuthority says whom to trust",
    async ({ api }, context) => {
      const url = await secure(context)
      const { body } = await api(`${url}/x`, { prefixUrl: "", https: trusting })
      const { name, code } = await errorOf(api(url, { prefixUrl: "" }))
      return [body, name, code]
    },
    { gives: ["GET /x", "RequestError", "DEPTH_ZERO_SELF_SIGNED_CERT"] },
  ),
  https(
    "rejectunauthorized",
    "https.rejectUnauthorized: false trusts anyone",
    async ({ api }, context) => {
      const url = await secure(context)
      return (await api(`${url}/x`, { prefixUrl: "", https: { rejectUnauthorized: false } })).body
    },
    { gives: "GET /x" },
  ),
  https(
    "checkserveridentity",
    "https.checkServerIdentity decides on the certificate",
    async ({ api }, context) => {
      const url = await secure(context)
      const asked: unknown[] = []
      const checkServerIdentity = (hostname: string, { subject }: { subject: { CN: string } }): Error | undefined => {
        asked.push(hostname, subject.CN)
        return new Error("not that one")
      }
      const { name, message } = await errorOf(
        api(url, { prefixUrl: "", https: { ...trusting, checkServerIdentity } as never }),
      )
      return [asked, name, message]
    },
    { gives: [["localhost", "localhost"], "RequestError", "not that one"] },
  ),
  https(
    "key",
    "https.key and https.certificate are shown to the server",
    async ({ api }, context) => {
      const url = await secure(context, { requestCert: true, rejectUnauthorized: true, ca: cert })
      const { body } = await api(`${url}/x`, { prefixUrl: "", https: { ...trusting, key, certificate: cert } })
      const { name } = await errorOf(api(url, { prefixUrl: "", https: trusting }))
      return [body, name]
    },
    { gives: ["GET /x", expect.any(String)] },
  ),
  https(
    "other-https-options",
    "https.minVersion and maxVersion bound the protocol",
    async ({ api }, context) => {
      const url = await secure(context, { minVersion: "TLSv1.3" })
      const { body } = await api(`${url}/x`, { prefixUrl: "", https: { ...trusting, minVersion: "TLSv1.3" } })
      const { name } = await errorOf(api(url, { prefixUrl: "", https: { ...trusting, maxVersion: "TLSv1.2" } }))
      return [body, name]
    },
    { gives: ["GET /x", expect.any(String)] },
  ),
  option(
    "http2",
    "http2 speaks HTTP/2 where the server does",
    async ({ api }, context) => {
      const server = createSecureServer({ key, cert, allowHTTP1: true }, async (request, response) => {
        let body = ""
        for await (const chunk of request) body += chunk
        response.setHeader("x-own", "1")
        response.end(JSON.stringify([request.httpVersion, request.method, request.url, body]))
      })
      const sessions: { destroy(): void }[] = []
      server.on("session", (session) => sessions.push(session))
      const url = `https://localhost:${await open(server, context)}`
      context.defer(() => {
        for (const session of sessions) session.destroy()
      })
      const options = { prefixUrl: url, https: trusting }
      const first = await api.post("x?a=b", { ...options, http2: true, json: { a: 1 } })
      const second = await api("x", options)
      return [first.body, first.headers["x-own"], second.body].map(String)
    },
    { gives: ['["2.0","POST","/x?a=b","{\\"a\\":1}"]', "1", '["1.1","GET","/x",""]'] },
  ),
  option(
    "enableunixsockets",
    "a url may name a Unix socket, where that is enabled",
    async ({ api }, context) => {
      const path = join(tmpdir(), `countersign-got-${randomUUID()}.sock`)
      const server = createServer(({ method, url }, response) => response.end(`${method} ${url}`))
      await open(server, context, path)
      const { body } = await api.extend({ enableUnixSockets: true })(`http://unix:${path}:/x?a=b`, { prefixUrl: "" })
      const { message } = await errorOf(api(`http://unix:${path}:/x`, { prefixUrl: "" }))
      return [body, message]
    },
    { gives: ["GET /x?a=b", expect.any(String)] },
  ),
  option(
    "dnslookup",
    "dnsLookup finds the address",
    async ({ api }, { server }) => {
      const asked: unknown[] = []
      const dnsLookup = ((name: string, options: { all?: boolean }, done: (...given: unknown[]) => void) => {
        asked.push(name)
        if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }])
        else done(null, "127.0.0.1", 4)
      }) as never
      const { port } = new URL(server.url)
      const { statusCode } = await api(`http://looked-up.example.com:${port}/x`, { prefixUrl: "", dnsLookup })
      return [asked, statusCode]
    },
    { gives: [["looked-up.example.com"], 200] },
  ),
  option(
    "dnslookupipversion",
    "dnsLookupIpVersion says by which protocol",
    async ({ api }, { server }) => {
      const url = server.url.replace("127.0.0.1", "localhost")
      const { ip } = await api(url, { prefixUrl: "", dnsLookupIpVersion: 4 })
      const { name } = await errorOf(api(url, { prefixUrl: "", dnsLookupIpVersion: 6 }))
      return [ip, name]
    },
    { gives: ["127.0.0.1", "RequestError"] },
  ),
  option(
    "dnscache",
    "dnsCache remembers addresses",
    async ({ api }, { server }) => {
      const url = server.url.replace("127.0.0.1", "localhost")
      const cached = api.extend({ dnsCache: true, dnsLookupIpVersion: 4 })
      return [(await cached(url, { prefixUrl: "" })).ip, typeof cached.defaults.options.dnsCache]
    },
    { gives: ["127.0.0.1", "object"] },
  ),
  option(
    "localaddress",
    "localAddress is where the request comes from",
    async ({ api }, { listen }) => {
      const prefixUrl = await listen(({ socket }, response) => response.end(socket.remoteAddress))
      return (await api("x", { prefixUrl, localAddress: "127.0.0.2" })).body
    },
    { gives: "127.0.0.2" },
  ),
  option(
    "createconnection",
    "createConnection makes the connection",
    async ({ api }, { server }) => {
      const seen: unknown[] = []
      const createConnection = (({ host }: { host: string }) => {
        seen.push(host)
        return connect(Number(new URL(server.url).port), "127.0.0.1")
      }) as never
      const { statusCode } = await api("x", { createConnection })
      return [statusCode, seen]
    },
    { gives: [200, ["127.0.0.1"]] },
  ),
  option(
    "request",
    "request sends in place of Node's own, or gives an answer itself",
    async ({ api }) => {
      const seen: unknown[] = []
      const request = ((url: URL, options: { method: string; headers: Record<string, string> }, done: () => void) => {
        seen.push(url.pathname, options.method, options.headers["x-own"])
        return httpRequest(url, options, done)
      }) as never
      const answer = Object.assign(Readable.from([Buffer.from("own")]), {
        statusCode: 200,
        headers: {},
        complete: true,
      })
      return [
        (await api("x", { request, headers: { "x-own": "1" } })).statusCode,
        (await api("x", { request: (() => answer) as never })).body,
        seen,
      ]
    },
    { gives: [200, "own", ["/x", "GET", "1"]] },
  ),
  option(
    "request",
    "request that gives nothing leaves it to got",
    async ({ api }, { server: { arrivals } }) => {
      const { statusCode } = await api("x", { request: (() => undefined) as never })
      return [statusCode, arrivals.length]
    },
    { gives: [200, 1] },
  ),
  option(
    "sethost",
    "setHost: false sends no Host",
    async ({ api }) => {
      const { response } = await errorOf(api("x", { setHost: false }))
      return response?.statusCode
    },
    { gives: 400 },
  ),
  https(
    "other-https-options",
    "all options of https reach Node",
    async ({ api }, context) => {
      const seen: Record<string, unknown>[] = []
      const names = [
        ...["ca", "cert", "key", "passphrase", "pfx", "rejectUnauthorized", "servername", "ciphers", "crl", "dhparam"],
        ...["honorCipherOrder", "minVersion", "maxVersion", "sigalgs", "sessionTimeout", "ecdhCurve", "ALPNProtocols"],
      ]
      const request = ((_: URL, options: Record<string, unknown>) => {
        seen.push(Object.fromEntries(names.map((name) => [name, options[name]])))
        return Object.assign(Readable.from([Buffer.from("own")]), { statusCode: 200, headers: {}, complete: true })
      }) as never
      const options = {
        alpnProtocols: ["http/1.1"],
        certificateAuthority: "ca",
        certificate: "certificate",
        key: "key",
        passphrase: "passphrase",
        pfx: "pfx",
        rejectUnauthorized: false,
        ciphers: "ciphers",
        certificateRevocationLists: "lists",
        dhparam: "dhparam",
        honorCipherOrder: true,
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
        signatureAlgorithms: "algorithms",
        tlsSessionLifetime: 5,
        ecdhCurve: "curve",
      } satisfies OptionsInit["https"]
      await api(`${context.server.url.replace("http:", "https:")}/x`, { prefixUrl: "", https: options, request })
      return seen
    },
    { gives: [expect.objectContaining({ pfx: "pfx", crl: "lists", sigalgs: "algorithms", sessionTimeout: 5 })] },
  ),
  https(
    "passphrase",
    "https.passphrase opens a key",
    async ({ api }, context) => {
      const url = await secure(context, { requestCert: true, rejectUnauthorized: true, ca: cert })
      const locked = createPrivateKey(key)
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open" })
        .toString()
      const options = { ...trusting, key: locked, certificate: cert, passphrase: "open" }
      return (await api(`${url}/x`, { prefixUrl: "", https: options })).body
    },
    { gives: "GET /x" },
  ),
  option(
    "dnscache",
    "dnsCache may be the caller's own",
    async ({ api }, { server }) => {
      const asked: unknown[] = []
      const lookup = (name: string, options: { all?: boolean }, done: (...given: unknown[]) => void): void => {
        asked.push(name)
        if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }])
        else done(null, "127.0.0.1", 4)
      }
      const { port } = new URL(server.url)
      const dnsCache = {
        lookup,
        lookupAsync: async () => ({ address: "127.0.0.1", family: 4 }),
        clear: () => undefined,
      }
      const { statusCode } = await api(`http://cached.example.com:${port}/x`, {
        prefixUrl: "",
        dnsCache: dnsCache as never,
      })
      return [asked, statusCode]
    },
    { gives: [["cached.example.com"], 200] },
  ),
  option(
    "createconnection",
    "createConnection may call back",
    async ({ api }, { server }) => {
      const createConnection = ((_: object, done: (error: null, socket: object) => void) => {
        const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => done(null, socket))
      }) as never
      return (await api("x", { createConnection })).statusCode
    },
    { releases: on.newest, gives: 200 },
  ),
  option(
    "http2",
    "http2 with an https agent of the caller's own speaks HTTP/1.1",
    async ({ api }, context) => {
      const agent = new HttpsAgent({ ca: cert })
      context.defer(() => agent.destroy())
      const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
        response.end(request.httpVersion)
      })
      const prefixUrl = `https://localhost:${await open(server, context)}`
      return (await api("x", { prefixUrl, http2: true, agent: { https: agent } })).body
    },
    { releases: on.newest, gives: "1.1" },
  ),
]
