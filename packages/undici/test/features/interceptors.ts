import { brotliCompressSync, gzipSync } from "node:zlib"
import type { Dispatcher } from "undici"
import { expect } from "vitest"
import { reference, SINCE_8, thrownBy, type UndiciFeature } from "./undici-client.ts"

const documentation = reference("Interceptors")
const get = { path: "/", method: "GET" } as const

/** undici's own interceptors around the authentication. */
export const interceptors: readonly UndiciFeature[] = [
  {
    name: "retry: by status, with the body",
    documentation,
    answer: (_arrival, index) => (index < 2 ? { status: 503 } : { body: "well" }),
    run: async ({ undici, agent }, { server }) => {
      const retrying = agent.compose(undici.interceptors.retry({ minTimeout: 1, maxRetries: 3 }))
      const answer = await retrying.request({ ...get, method: "PUT", origin: server.url, body: "text" })
      return [answer.statusCode, await answer.body.text(), server.arrivals.map(({ body }) => `${body}`)]
    },
    gives: [200, "well", ["text", "text", "text"]],
  },
  {
    name: "retry: ends at its limit, with an error or the answer",
    documentation,
    answer: () => ({ status: 503, body: "busy" }),
    run: async ({ undici, agent }, { server }) => {
      const { retry } = undici.interceptors
      const options = { ...get, origin: server.url }
      const error = await thrownBy(agent.compose(retry({ minTimeout: 1, maxRetries: 1 })).request(options))
      const isOwn = error instanceof undici.errors.RequestRetryError
      return [isOwn, error.code, error.message, isOwn && error.statusCode, server.arrivals.length]
    },
    gives: [true, "UND_ERR_REQ_RETRY", expect.any(String), 503, 2],
  },
  {
    name: "retry: waits as Retry-After says, and decides by a function",
    documentation: reference("RetryHandler"),
    answer: (_arrival, index) => (index === 0 ? { status: 429, headers: { "retry-after": "0" } } : {}),
    run: async ({ undici, agent }, { server }) => {
      const seen: unknown[] = []
      const retry: NonNullable<Parameters<typeof undici.interceptors.retry>[0]>["retry"] = (error, { state }, done) => {
        seen.push([(error as { statusCode?: number }).statusCode, state.counter])
        done(null)
      }
      const { statusCode, body } = await agent
        .compose(undici.interceptors.retry({ retry }))
        .request({ ...get, origin: server.url })
      await body.dump()
      return [statusCode, seen]
    },
    gives: [200, [[429, expect.any(Number)]]],
  },
  {
    name: "retry: goes on where a download broke off",
    documentation: reference("RetryHandler"),
    run: async ({ undici, agent }, { listen }) => {
      const ranges: unknown[] = []
      const origin = await listen((request, response) => {
        ranges.push(request.headers.range)
        if (request.headers.range === undefined) {
          response.writeHead(200, { "content-length": "6", etag: '"1"', "accept-ranges": "bytes" })
          response.write("abc", () => setTimeout(() => response.destroy(), 20))
        } else {
          response.writeHead(206, { "content-range": "bytes 3-5/6", "content-length": "3", etag: '"1"' })
          response.end("def")
        }
      })
      const retrying = agent.compose(undici.interceptors.retry({ minTimeout: 1 }))
      return [await (await retrying.request({ ...get, origin })).body.text(), ranges]
    },
    gives: ["abcdef", [undefined, "bytes=3-5"]],
  },
  {
    name: "retry: after a connection that breaks",
    documentation,
    run: async ({ undici, agent }, { listen }) => {
      let count = 0
      const origin = await listen((request, response) => {
        count += 1
        if (count === 1) request.socket.destroy()
        else response.end("well")
      })
      const retrying = agent.compose(undici.interceptors.retry({ minTimeout: 1 }))
      return [await (await retrying.request({ ...get, origin })).body.text(), count]
    },
    gives: ["well", 2],
  },
  {
    name: "redirect: follows, and keeps a history",
    documentation,
    answer: ({ target }) =>
      ({
        "/1": { status: 302, headers: { location: "/2?a=b" } },
        "/2?a=b": { status: 307, headers: { location: "3" } },
      })[target] ?? { body: "end" },
    run: async ({ undici, agent }, { server }) => {
      const following = agent.compose(undici.interceptors.redirect({ maxRedirections: 5 }))
      const { statusCode, body, context } = await following.request({ ...get, origin: server.url, path: "/1" })
      const { history } = context as { history?: URL[] }
      return [statusCode, await body.text(), history?.map(String), server.arrivals.map(({ target }) => target)]
    },
    gives: [200, "end", ["http://server-1/1", "http://server-1/2?a=b", "http://server-1/3"], ["/1", "/2?a=b", "/3"]],
  },
  {
    name: "redirect: changes method and body as browsers do",
    documentation,
    answer: ({ target }) =>
      target === "/end" ? {} : { status: Number(target.slice(1)), headers: { location: "/end" } },
    run: async ({ undici, agent }, { server }) => {
      const following = agent.compose(undici.interceptors.redirect({ maxRedirections: 5 }))
      for (const status of [301, 302, 303, 307, 308]) {
        const options = { origin: server.url, path: `/${status}`, method: "POST", body: "text" } as const
        await (await following.request(options)).body.dump()
      }
      return server.arrivals.filter(({ target }) => target === "/end").map(({ method, body }) => `${method} ${body}`)
    },
    gives: ["GET ", "GET ", "GET ", "POST text", "POST text"],
  },
  {
    name: "redirect: ends at its limit, with the answer",
    documentation,
    answer: (_arrival, index) => ({ status: 302, headers: { location: `/again/${index}` } }),
    run: async ({ undici, agent }, { server }) => {
      const { redirect } = undici.interceptors
      const options = { ...get, origin: server.url }
      const { statusCode, body } = await agent.compose(redirect({ maxRedirections: 2 })).request(options)
      await body.dump()
      return [statusCode, server.arrivals.length]
    },
    gives: [302, 3],
  },
  {
    name: "redirect: throwOnMaxRedirect",
    documentation,
    releases: SINCE_8,
    answer: (_arrival, index) => ({ status: 302, headers: { location: `/again/${index}` } }),
    run: async ({ undici, agent }, { server }) => {
      const throwing = agent.compose(undici.interceptors.redirect({ maxRedirections: 1, throwOnMaxRedirect: true }))
      const { message } = await thrownBy(throwing.request({ ...get, origin: server.url }))
      return [message, server.arrivals.length]
    },
    gives: ["max redirects", 2],
  },
  {
    name: "redirect: to another origin, without Authorization and Cookie",
    documentation,
    run: async ({ undici, agent }, { server, listen }) => {
      const foreign = server.url.replace("127.0.0.1", "localhost")
      const origin = await listen((_request, response) => response.writeHead(302, { location: `${foreign}/a` }).end())
      const headers = { authorization: "Basic a", cookie: "a=b", "x-own": "1" }
      const following = agent.compose(undici.interceptors.redirect({ maxRedirections: 2 }))
      await (await following.request({ ...get, origin, headers })).body.dump()
      const [arrival] = server.arrivals
      return [arrival?.headers.authorization, arrival?.headers.cookie, arrival?.headers["x-own"]]
    },
    gives: [undefined, undefined, "1"],
  },
  {
    name: "dump: reads and drops the body",
    documentation,
    answer: () => ({ headers: { "content-length": "1000" }, body: "x".repeat(1_000) }),
    run: async ({ undici, agent }, { server }) => {
      const dumping = agent.compose(undici.interceptors.dump({ maxSize: 100 }))
      const allowed = agent.compose(undici.interceptors.dump({ maxSize: 10_000 }))
      const options = { ...get, origin: server.url }
      const { statusCode, body } = await allowed.request(options)
      return [statusCode, await body.text(), await thrownBy(dumping.request(options)).then(({ message }) => message)]
    },
    gives: [200, "", expect.stringContaining("1000")],
  },
  {
    name: "responseError: an error for 4xx and 5xx, with status, headers and body",
    documentation,
    answer: () => ({ status: 404, headers: { "x-own": "1" }, body: '{"gone":true}' }),
    run: async ({ undici, agent }, { server }) => {
      const throwing = agent.compose(undici.interceptors.responseError())
      const error = await thrownBy(throwing.request({ ...get, origin: server.url }))
      if (!(error instanceof undici.errors.ResponseError)) return "another error"
      const { name, code, statusCode, body } = error
      const headers = error.headers as Record<string, string>
      return [name, code, statusCode, headers["x-own"], body]
    },
    gives: ["ResponseError", "UND_ERR_RESPONSE", 404, "1", { gone: true }],
  },
  {
    name: "responseError: for a rejected credential",
    documentation,
    answer: () => ({ status: 401, body: '{"error_code":"APIGW.0301"}' }),
    run: async ({ undici, agent }, { server }) => {
      const throwing = agent.compose(undici.interceptors.responseError())
      const error = await thrownBy(throwing.request({ ...get, origin: server.url }))
      return error instanceof undici.errors.ResponseError && [error.statusCode, error.body]
    },
    gives: [401, { error_code: "APIGW.0301" }],
    differs: {
      because:
        "A request that was rejected with 401 is sent once more with a fresh credential before the caller is told.",
      onTheWire: true,
    },
  },
  {
    name: "decompress: gzip and brotli",
    documentation,
    releases: SINCE_8,
    answer: ({ target }) => ({
      headers: { "content-encoding": target.slice(1) },
      body: target === "/gzip" ? gzipSync("plain") : brotliCompressSync("plain"),
    }),
    run: async ({ undici, agent }, { server }) => {
      const decompressing = agent.compose(undici.interceptors.decompress())
      const read = async (path: string): Promise<unknown> => {
        const { body, headers } = await decompressing.request({ ...get, origin: server.url, path })
        return [await body.text(), headers["content-encoding"]]
      }
      return [await read("/gzip"), await read("/br")]
    },
    gives: [
      ["plain", undefined],
      ["plain", undefined],
    ],
  },
  {
    name: "dns: below the authentication, with a lookup of the caller's",
    documentation,
    run: async ({ undici, authenticated }, { listen }) => {
      const hosts: unknown[] = []
      const origin = await listen(({ headers }, response) => {
        hosts.push(headers.host)
        response.end("found")
      })
      const lookups: string[] = []
      const dns = undici.interceptors.dns({
        lookup: (url, _options, done) => {
          lookups.push(url.hostname)
          done(null, [{ address: "127.0.0.1", ttl: 60_000, family: 4 }])
        },
      })
      const agent = authenticated(new undici.Agent().compose(dns))
      const named = origin.replace("127.0.0.1", "api.example.test")
      const text = await (await agent.request({ ...get, origin: named })).body.text()
      return [text, lookups, hosts.map((host) => String(host).replace(/\d+$/, ""))]
    },
    gives: ["found", ["api.example.test"], ["api.example.test:"]],
  },
  {
    name: "cache: keeps what may be kept, and validates it",
    documentation,
    answer: ({ headers, target }, index) => {
      if (target === "/fresh") return { headers: { "cache-control": "max-age=60" }, body: `fresh ${index}` }
      return headers["if-none-match"] === '"1"'
        ? { status: 304, headers: { etag: '"1"' }, body: "" }
        : { headers: { "cache-control": "max-age=1, stale-if-error=600", etag: '"1"' }, body: "validated" }
    },
    run: async ({ undici, agent }, { server }) => {
      const caching = agent.compose(undici.interceptors.cache())
      const read = async (path: string): Promise<unknown> => {
        const { statusCode, body } = await caching.request({ ...get, origin: server.url, path })
        return [statusCode, await body.text()]
      }
      const fresh = [await read("/fresh"), await read("/fresh")]
      const stale = [await read("/stale")]
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      stale.push(await read("/stale"))
      return [fresh, stale, server.arrivals.map(({ target, headers }) => [target, headers["if-none-match"]])]
    },
    gives: [
      [
        [200, "fresh 0"],
        [200, "fresh 0"],
      ],
      [
        [200, "validated"],
        [200, "validated"],
      ],
      [
        ["/fresh", undefined],
        ["/stale", undefined],
        ["/stale", '"1"'],
      ],
    ],
  },
  {
    name: "cache: varies by the caller's headers",
    documentation,
    answer: ({ headers }) => ({
      headers: { "cache-control": "max-age=60", vary: "accept-language" },
      body: String(headers["accept-language"]),
    }),
    run: async ({ undici, agent }, { server }) => {
      const caching = agent.compose(undici.interceptors.cache())
      const texts: string[] = []
      for (const language of ["de", "en", "de"]) {
        const headers = { "accept-language": language }
        texts.push(await (await caching.request({ ...get, origin: server.url, headers })).body.text())
      }
      return [texts, server.arrivals.length]
    },
    gives: [["de", "en", "de"], 2],
  },
  {
    name: "deduplicate: one request for several callers",
    documentation,
    releases: SINCE_8,
    answer: () => new Promise((resolve) => setTimeout(() => resolve({ body: "shared" }), 30)),
    run: async ({ undici, agent }, { server }) => {
      const once = agent.compose(undici.interceptors.deduplicate())
      const send = async (): Promise<string> => (await once.request({ ...get, origin: server.url })).body.text()
      return [await Promise.all([send(), send(), send()]), server.arrivals.length]
    },
    gives: [["shared", "shared", "shared"], 1],
  },
  {
    name: "several of them, each request authenticated once",
    documentation,
    answer: ({ target }, index) =>
      target === "/from" && index > 0
        ? { status: 307, headers: { location: "/to" } }
        : { status: index === 0 ? 503 : 200, body: "end" },
    run: async ({ undici, agent }, { server }) => {
      const { retry, redirect, responseError } = undici.interceptors
      const composed: Dispatcher = agent.compose(
        retry({ minTimeout: 1 }),
        redirect({ maxRedirections: 3 }),
        responseError(),
      )
      const { body } = await composed.request({ method: "PUT", path: "/from", origin: server.url, body: "text" })
      return [await body.text(), server.arrivals.map(({ target, body: sent }) => `${target} ${sent}`)]
    },
    gives: ["end", ["/from text", "/from text", "/to text"]],
  },
]
