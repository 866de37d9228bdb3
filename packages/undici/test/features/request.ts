import { EventEmitter } from "node:events"
import { Readable } from "node:stream"
import { arrived } from "@countersign/testkit"
import type { Dispatcher } from "undici"
import { expect } from "vitest"
import { BEFORE_8, reference, SINCE_8, type UndiciFeature } from "./undici-client.ts"

const documentation = reference("Dispatcher?id=dispatcherrequestoptions-callback")

/** `request`: what goes out, and what comes back. */
export const request: readonly UndiciFeature[] = [
  {
    name: "gives status, headers, body, trailers, opaque and context",
    documentation,
    answer: () => ({ status: 201, headers: { "x-own": "1", "set-cookie": ["a=1", "b=2"] }, body: '{"a":1}' }),
    run: async ({ undici, agent }, { server }) => {
      const { statusCode, headers, body, trailers, opaque, context } = await undici.request(`${server.url}/a?b=c`, {
        dispatcher: agent,
        method: "POST",
        body: "text",
        opaque: { own: true },
      })
      const picked = [headers["x-own"], headers["set-cookie"], headers["content-type"]]
      return [statusCode, picked, await body.json(), trailers, opaque, context ?? "no context"]
    },
    gives: [201, ["1", ["a=1", "b=2"], "application/json"], { a: 1 }, {}, { own: true }, "no context"],
  },
  {
    name: "gives the status text",
    documentation,
    releases: SINCE_8,
    answer: () => ({ status: 202 }),
    run: async ({ agent }, { server }) => {
      const response = await agent.request({ origin: server.url, path: "/", method: "GET" })
      await response.body.dump()
      return response.statusText
    },
    gives: "Accepted",
  },
  {
    name: "takes a URL as text, as URL, and in parts",
    documentation: reference("Dispatcher"),
    run: async ({ undici, agent: dispatcher }, { server }) => {
      const url = new URL(server.url)
      await undici.request(`${server.url}/text?a=b`, { dispatcher })
      await undici.request(new URL("/url?a=b", server.url), { dispatcher })
      await undici.request(
        { protocol: url.protocol, hostname: url.hostname, port: url.port, path: "/parts" } as unknown as URL,
        {
          dispatcher,
        },
      )
      await dispatcher.request({ origin: server.url, path: "/own?a=b", method: "GET" })
      await dispatcher.request({ origin: url, path: "/origin-as-url", method: "GET" })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/text?a=b", "/url?a=b", "/parts", "/own?a=b", "/origin-as-url"],
  },
  {
    name: "query: appended, encoded",
    documentation,
    run: async ({ agent }, { server }) => {
      const query = { a: 1, b: ["x", "y"], c: "ä&+=", d: "p q", e: true }
      await agent.request({ origin: server.url, path: "/path", method: "GET", query })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/path?a=1&b=x&b=y&c=%C3%A4%26%2B%3D&d=p%20q&e=true"],
  },
  {
    name: "query beside a path that has one is refused",
    documentation,
    run: async ({ agent }, { server }) =>
      agent
        .request({ origin: server.url, path: "/path?a=1", method: "GET", query: { b: 2 } })
        .catch((error: Error) => [error.message, server.arrivals.length]),
    gives: ['Query params cannot be passed when url already contains "?" or "#".', 0],
  },
  {
    name: "a path that begins with two slashes goes to the origin",
    documentation,
    run: async ({ agent }, { server }) => {
      await agent.request({ origin: server.url, path: "//example.com/path", method: "GET" })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["//example.com/path"],
  },
  {
    name: "paths with what needs encoding",
    documentation,
    run: async ({ undici, agent: dispatcher }, { server }) => {
      await undici.request(`${server.url}/ü/a b/%7E*'()?q=ü c`, { dispatcher })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/%C3%BC/a%20b/%7E*'()?q=%C3%BC%20c"],
  },
  {
    name: "a plus in the query",
    documentation,
    run: async ({ undici, agent: dispatcher }, { server }) => {
      await undici.request(`${server.url}/?q=a+b%2Bc`, { dispatcher })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/?q=a+b%2Bc"],
    differs: {
      because: "A space is sent as %20: the gateway signs that, and takes a plus for a plus.",
      gives: ["/?q=a%20b%2Bc"],
      onTheWire: true,
    },
  },
  {
    name: "an empty query",
    documentation,
    run: async ({ undici, agent: dispatcher }, { server }) => {
      for (const path of ["/echo?", "/?", "//echo?", "/echo??", "/echo?&"]) {
        await dispatcher.request({ origin: server.url, path, method: "GET" })
      }
      await undici.request(`${server.url}/text?`, { dispatcher })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/echo?", "/?", "//echo?", "/echo??", "/echo?&", "/text"],
  },
  {
    name: "dot segments in a path",
    documentation,
    run: async ({ agent }, { server }) => {
      await agent.request({ origin: server.url, path: "/a/../b/./c", method: "GET" })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/a/../b/./c"],
    differs: {
      because: "The path is sent as URLs resolve it, so that what is signed is what any server reads.",
      gives: ["/b/c"],
      onTheWire: true,
    },
  },
  {
    name: "what is no path, method or origin is refused",
    documentation,
    run: async ({ undici, agent }, { server }) => {
      const refused: Partial<Dispatcher.RequestOptions>[] = [
        { path: "no-slash" },
        { path: "/a b" },
        { method: "A B" as "GET" },
        { headers: { "x-own": "a\nb" } },
        { headers: { "x own": "a" } },
        { headers: { connection: {} as string } },
        { bodyTimeout: -1 },
      ]
      const errors = refused.map((options) =>
        agent
          .request({ origin: server.url, path: "/", method: "GET", ...options })
          .catch((error: unknown) => [error instanceof undici.errors.InvalidArgumentError, (error as Error).message]),
      )
      return [await Promise.all(errors), server.arrivals.length]
    },
    gives: [Array(7).fill([true, expect.any(String)]), 0],
  },
  {
    name: "methods of any name, with and without a body",
    documentation,
    run: async ({ agent }, { server }) => {
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "REPORT"]) {
        const { body } = await agent.request({ origin: server.url, path: "/", method: method as "GET" })
        await body.dump()
      }
      const { body } = await agent.request({ origin: server.url, path: "/", method: "DELETE", body: "x" })
      await body.dump()
      return server.arrivals.map(({ method, body }) => `${method} ${body}`.trim()).join(" ")
    },
    gives: "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PURGE REPORT DELETE x",
  },
  {
    name: "headers: a record, a flat list, pairs, Headers, with lists of values",
    documentation: reference("Dispatcher?id=parameter-undiciheaders"),
    run: async ({ agent }, { server }) => {
      const forms: NonNullable<Dispatcher.DispatchOptions["headers"]>[] = [
        { "X-Own": "1", "x-list": ["a", "b"], cookie: ["a=1", "b=2"] as unknown as string },
        ["X-Own", "1", "x-list", "a", "x-list", "b"],
        new Map([["X-Own", "1"]]),
        new Headers({ "X-Own": "1" }) as unknown as Iterable<[string, string]>,
        {},
      ]
      for (const headers of forms) {
        const { body } = await agent.request({ origin: server.url, path: "/", method: "GET", headers })
        await body.dump()
      }
      return server.arrivals.map(({ headers }) => [headers["x-own"], headers["x-list"], headers.cookie])
    },
    gives: [
      ["1", "a, b", "a=1; b=2"],
      ["1", "a, b", undefined],
      ["1", undefined, undefined],
      ["1", undefined, undefined],
      [undefined, undefined, undefined],
    ],
  },
  {
    name: "headers: what are none are refused",
    documentation,
    run: async ({ agent }, { server }) => {
      const refused: unknown[] = [
        ["x-own", "1", "x-last"],
        ["x-only"],
        [["x-own", "1"]],
        [
          ["x-own", "1"],
          ["x-last", "2"],
        ],
        [{}, "1"],
        [null, "1"],
        new Map([[1, "1"]]),
        new Set([["x-own", "1", "2"]]),
        new Set(["x-own", "1"]),
        (function* () {
          yield "x-own"
        })(),
        "x-own: 1",
        5,
        true,
        () => undefined,
        { "x-own": Object.create(null) },
        { "x-own": [{}] },
        { "x own": "1" },
        { "x-own": "a\nb" },
      ]
      const errors = refused.map((headers) => {
        const options = { origin: server.url, path: "/", method: "GET", headers } as Dispatcher.RequestOptions
        return agent.request(options).then(
          () => "sent",
          ({ name, message }: Error) => `${name}: ${message}`,
        )
      })
      return [await Promise.all(errors), server.arrivals.length]
    },
    gives: [expect.not.arrayContaining(["sent"]), 0],
  },
  {
    name: "headers: keep their case, and those of the same name stay apart",
    documentation: reference("Dispatcher?id=parameter-undiciheaders"),
    run: async ({ agent }, { listen }) => {
      let raw: string[] = []
      const origin = await listen(({ rawHeaders }, response) => {
        raw = rawHeaders
        response.end()
      })
      const headers = { "X-Mixed-Case": "1", "X-List": ["a", "b"], "x-number": 1 as unknown as string }
      const { body } = await agent.request({ origin, path: "/", method: "GET", headers })
      await body.dump()
      const names = /^(?:x-mixed-case|x-list|x-number)$/i
      return raw.flatMap((name, index) => (index % 2 === 0 && names.test(name) ? [`${name}: ${raw[index + 1]}`] : []))
    },
    gives: ["X-Mixed-Case: 1", "X-List: a", "X-List: b", "x-number: 1"],
  },
  {
    name: "headers: Host of the caller's",
    documentation: reference("Dispatcher?id=parameter-undiciheaders"),
    run: async ({ agent }, { listen }) => {
      let host: string | undefined
      const origin = await listen(({ headers }, response) => {
        host = headers.host
        response.end()
      })
      const { body } = await agent.request({ origin, path: "/", method: "GET", headers: { host: "127.0.0.1:80" } })
      await body.dump()
      return host
    },
    gives: "127.0.0.1:80",
  },
  {
    name: "body: text, bytes, views, buffers, Blobs",
    documentation,
    run: async ({ agent }, { server }) => {
      const bytes = Uint8Array.of(1, 2, 3, 4, 5)
      const bodies = ["ü", "", bytes, bytes.subarray(1, 3), Buffer.from("b"), new Blob(["blob"]), bytes.buffer]
      for (const body of bodies) {
        const sent = { origin: server.url, path: "/", method: "PUT", body: body as string } as const
        await (await agent.request(sent)).body.dump()
      }
      return server.arrivals.map(({ body, headers }) => [body.toString("hex"), headers["content-length"]])
    },
    gives: [
      ["c3bc", "2"],
      ["", "0"],
      ["0102030405", "5"],
      ["0203", "2"],
      ["62", "1"],
      ["626c6f62", "4"],
      ["0102030405", "5"],
    ],
  },
  {
    name: "body: streams, iterables and generators",
    documentation,
    run: async ({ agent }, { server }) => {
      async function* generator(): AsyncGenerator<string> {
        yield "ab"
        yield "c"
      }
      // An iterator that is no iterable itself.
      function counter(): Iterator<string> {
        const left = ["c", "ab"]
        return { next: () => ({ done: left.length === 0, value: left.pop() ?? "" }) }
      }
      const bodies = [
        Readable.from(generator()),
        new Blob(["abc"]).stream(),
        generator(),
        { [Symbol.asyncIterator]: generator },
        Readable.from(["a", "bc"], { objectMode: false }),
        [Buffer.from("a"), Buffer.from("bc")],
        ["ab", "c"],
        new Set(["ab", "c"]),
        { [Symbol.iterator]: () => ["ab", Buffer.from("c")].values() },
        { [Symbol.iterator]: counter },
      ]
      for (const body of bodies) {
        const sent = { origin: server.url, path: "/", method: "PUT", body: body as unknown as Readable } as const
        await (await agent.request(sent)).body.dump()
      }
      return server.arrivals.map(({ body }) => `${body}`)
    },
    gives: Array(10).fill("abc"),
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "body: a stream with the length that the caller says",
    documentation,
    run: async ({ agent }, { server }) => {
      const headers = { "content-length": "3" }
      const body = Readable.from(["ab", "c"])
      await (await agent.request({ origin: server.url, path: "/", method: "PUT", headers, body })).body.dump()
      return server.arrivals.map(({ body, headers }) => [`${body}`, headers["content-length"]])
    },
    gives: [["abc", "3"]],
  },
  {
    name: "body: FormData of undici's own",
    documentation: reference("Fetch"),
    run: async ({ undici, agent }, { server }) => {
      const body = new undici.FormData()
      body.append("name", "Jörg")
      body.append("file", new File(["abc"], "a.txt", { type: "text/plain" }))
      await (await agent.request({ origin: server.url, path: "/", method: "POST", body })).body.dump()
      const [arrival] = server.arrivals
      return [arrival?.headers["content-type"]?.split(";")[0], arrival?.body.includes("Jörg")]
    },
    gives: ["multipart/form-data", true],
  },
  {
    name: "body: FormData of the platform, which undici refuses",
    documentation,
    releases: SINCE_8,
    run: async ({ agent }, { server }) => {
      const body = new FormData()
      body.append("name", "Jörg")
      const sent = { origin: server.url, path: "/", method: "POST", body: body as unknown as null } as const
      const refused = await agent.request(sent).then(
        ({ statusCode }) => statusCode,
        ({ code }: { code: string }) => code,
      )
      return [refused, server.arrivals.length]
    },
    gives: ["UND_ERR_INVALID_ARG", 0],
    differs: {
      because: "A form of the platform is read into bytes, which undici sends.",
      gives: [200, 1],
      onTheWire: true,
    },
  },
  {
    name: "body: of the wrong length is refused",
    documentation: reference("Errors"),
    run: async ({ agent }, { server }) =>
      agent
        .request({ origin: server.url, path: "/", method: "PUT", headers: { "content-length": "9" }, body: "abc" })
        .catch((error: { name: string; code: string }) => [error.name, error.code, server.arrivals.length]),
    gives: ["RequestContentLengthMismatchError", "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH", 0],
  },
  {
    name: "body of the response: text, json, bytes, blob, stream, dump, used once",
    documentation,
    answer: () => ({ body: '{"a":1}' }),
    run: async ({ agent }, { server }) => {
      const get = async () => (await agent.request({ origin: server.url, path: "/", method: "GET" })).body
      const chunks: string[] = []
      for await (const chunk of await get()) chunks.push(`${chunk}`)
      const used = await get()
      await used.text()
      return [
        await (await get()).text(),
        await (await get()).json(),
        Buffer.from(await (await get()).arrayBuffer()).toString(),
        Buffer.from(await (await get()).bytes()).toString(),
        await (await (await get()).blob()).text(),
        chunks.join(""),
        used.bodyUsed,
        (await (await get()).dump()) ?? null,
      ]
    },
    gives: ['{"a":1}', { a: 1 }, '{"a":1}', '{"a":1}', '{"a":1}', '{"a":1}', true, null],
  },
  {
    name: "body of the response: read slowly, with backpressure",
    documentation,
    run: async ({ agent }, { listen }) => {
      const origin = await listen((_request, response) => response.end("x".repeat(5_000_000)))
      const { body } = await agent.request({ origin, path: "/", method: "GET", highWaterMark: 1_000 })
      let size = 0
      for await (const chunk of body) {
        size += (chunk as Buffer).length
        if (size < 500_000) await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return size
    },
    gives: 5_000_000,
  },
  {
    name: "trailers",
    documentation,
    run: async ({ agent }, { listen }) => {
      const origin = await listen((_request, response) => {
        response.writeHead(200, { trailer: "x-checksum", "transfer-encoding": "chunked" })
        response.write("body")
        response.addTrailers({ "x-checksum": "abc" })
        response.end()
      })
      const { body, trailers } = await agent.request({ origin, path: "/", method: "GET" })
      return [await body.text(), trailers]
    },
    gives: ["body", { "x-checksum": "abc" }],
  },
  {
    name: "onInfo: informational responses",
    documentation,
    run: async ({ agent }, { listen }) => {
      const seen: unknown[] = []
      const origin = await listen((_request, response) => {
        response.writeEarlyHints({ link: "</style.css>; rel=preload" })
        response.writeProcessing()
        response.end("done")
      })
      const onInfo: Dispatcher.RequestOptions["onInfo"] = ({ statusCode, headers }) => {
        seen.push([statusCode, { ...headers }])
      }
      const { body } = await agent.request({ origin, path: "/", method: "GET", onInfo })
      return [await body.text(), seen]
    },
    gives: [
      "done",
      [
        [103, { link: "</style.css>; rel=preload" }],
        [102, {}],
      ],
    ],
  },
  {
    name: "responseHeaders: raw",
    documentation,
    answer: () => ({ headers: { "X-Mixed-Case": "1", "x-list": ["a", "b"] } }),
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET", responseHeaders: "raw" } as const
      const { headers, body } = await agent.request(options)
      await body.dump()
      const raw = headers as unknown as string[]
      return raw.slice(0, raw.indexOf("Date"))
    },
    gives: expect.arrayContaining(["X-Mixed-Case", "1", "x-list", "a", "b"]),
    differs: {
      because: "With any interceptor undici 7.10 itself gives lower-case names, and lists in one value.",
      gives: expect.arrayContaining(["x-mixed-case", "1", "x-list", "a,b"]),
      releases: BEFORE_8,
    },
  },
  {
    name: "by callback, errors too",
    documentation,
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET", opaque: "own" } as const
      const answer = await new Promise((resolve) =>
        agent.request(options, (error, { statusCode, opaque, body }) => {
          void body.dump().then(() => resolve([error, statusCode, opaque]))
        }),
      )
      const failure = await new Promise((resolve) =>
        agent.request({ ...options, origin: "http://127.0.0.1:1" }, (error, data) => {
          resolve([(error as { code?: string } | null)?.code, data.opaque])
        }),
      )
      return [answer, failure]
    },
    gives: [
      [null, 200, "own"],
      ["ECONNREFUSED", "own"],
    ],
  },
  {
    name: "signal: an AbortSignal or an EventEmitter, before, while waiting, while reading",
    documentation,
    answer: ({ target }) => (target === "/stuck" ? new Promise(() => undefined) : {}),
    run: async ({ agent }, { server, listen, limitMs }) => {
      const begun = await listen((_request, response) => response.write("begun"))
      const facts = async (work: Promise<unknown>): Promise<unknown> =>
        work.then(
          () => "no error",
          ({ name, code, message }) => [name, code, message],
        )
      const options = { origin: server.url, path: "/stuck", method: "GET" } as const
      const soon = (count: number): AbortSignal => {
        const abort = new AbortController()
        void arrived(server, count).then(() => abort.abort())
        return abort.signal
      }
      const byEmitter = (): Promise<unknown> => {
        const emitter = new EventEmitter()
        void arrived(server, 2).then(() => emitter.emit("abort"))
        return agent.request({ ...options, signal: emitter })
      }
      const reading = await agent.request({ ...options, origin: begun, signal: AbortSignal.timeout(limitMs) })
      return [
        await facts(agent.request({ ...options, signal: AbortSignal.abort() })),
        await facts(agent.request({ ...options, signal: AbortSignal.abort(new RangeError("own")) })),
        await facts(agent.request({ ...options, signal: soon(1) })),
        await facts(byEmitter()),
        await facts(reading.body.text()),
        server.arrivals.length,
      ]
    },
    gives: [
      ["AbortError", 20, "This operation was aborted"],
      ["RangeError", undefined, "own"],
      ["AbortError", 20, "This operation was aborted"],
      ["AbortError", "UND_ERR_ABORTED", "Request aborted"],
      ["TimeoutError", 23, "The operation was aborted due to timeout"],
      2,
    ],
  },
  {
    name: "destroying the body ends the connection",
    documentation,
    run: async ({ agent }, { listen }) => {
      let ended: (value: string) => void
      const end = new Promise<string>((resolve) => {
        ended = resolve
      })
      const origin = await listen((request, response) => {
        request.socket.once("close", () => ended("closed"))
        response.write("begun")
      })
      const { body } = await agent.request({ origin, path: "/", method: "GET" })
      body.on("error", () => undefined).destroy()
      return end
    },
    gives: "closed",
  },
  {
    name: "reset: asks for no further use of the connection",
    documentation,
    run: async ({ agent }, { server }) => {
      for (const reset of [true, false]) {
        const { body } = await agent.request({ origin: server.url, path: "/", method: "GET", reset })
        await body.dump()
      }
      return server.arrivals.map(({ headers }) => headers.connection)
    },
    gives: ["close", "keep-alive"],
  },
  {
    name: "idempotent and blocking: pipelined, or one by one",
    documentation,
    run: async ({ undici, authenticated }, { listen }) => {
      let open = 0
      let most = 0
      const origin = await listen((_request, response) => {
        open += 1
        most = Math.max(most, open)
        setTimeout(() => {
          open -= 1
          response.end()
        }, 30)
      })
      const client = authenticated(new undici.Client(origin, { pipelining: 3 }))
      const send = (options: object) =>
        client.request({ path: "/", method: "POST", ...options }).then(({ body }) => body.dump())
      await send({})
      await Promise.all([send({}), send({}), send({})])
      const oneByOne = most
      await Promise.all(Array.from({ length: 3 }, () => send({ idempotent: true, blocking: false })))
      return [oneByOne, most]
    },
    gives: [1, 3],
  },
  {
    name: "throwOnError: refused, for it is an interceptor's business now",
    documentation: "https://github.com/nodejs/undici/releases/tag/v7.0.0",
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET", throwOnError: true } as const
      return agent.request(options).catch(({ code, message }) => [code, message, server.arrivals.length])
    },
    gives: ["UND_ERR_INVALID_ARG", "invalid throwOnError", 0],
  },
  {
    name: "maxRedirections: refused, for it is an interceptor's business now",
    documentation: reference("Interceptors"),
    releases: SINCE_8,
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET", maxRedirections: 3 } as const
      return agent.request(options).catch(({ code, message }) => [code, message, server.arrivals.length])
    },
    gives: ["UND_ERR_INVALID_ARG", "maxRedirections is not supported, use the redirect interceptor", 0],
  },
  {
    name: "an origin is demanded where a dispatcher has none",
    documentation: reference("Agent"),
    run: async ({ agent }) =>
      agent.request({ path: "/", method: "GET" }).catch((error: { code: string }) => error.code),
    gives: "UND_ERR_INVALID_ARG",
    differs: { because: "The error says that there is no host to authenticate for.", gives: "AUTH_INVALID_REQUEST" },
  },
  {
    name: "a rejected credential is an answer like any other, with all of a long body",
    documentation,
    answer: () => ({ status: 401, headers: { "x-own": "1" }, body: "x".repeat(200_000) }),
    run: async ({ agent }, { server }) => {
      const { statusCode, headers, body } = await agent.request({ origin: server.url, path: "/", method: "GET" })
      return [statusCode, headers["x-own"], (await body.text()).length]
    },
    gives: [401, "1", 200_000],
    differs: {
      because:
        "A request that was rejected with 401 is sent once more with a fresh credential before the caller is told.",
      onTheWire: true,
    },
  },
]
