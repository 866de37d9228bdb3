import { errorFacts, type Feature, type FeatureList } from "@countersign/testkit"
import { createFetch, FetchError, type FetchHooks, type $Fetch as OFetch } from "ofetch"
import { expect } from "vitest"
import { fetchFor, version } from "../client-release.ts"

type OfetchFeature = Feature<OFetch>

const readme = (section: string): string => `https://github.com/unjs/ofetch#${section}`

const bodies: readonly OfetchFeature[] = [
  {
    name: "parses what it gets by its type, or as it is told",
    documentation: readme("-parsing-response"),
    answer: ({ target }) =>
      target === "/text" ? { headers: { "content-type": "text/plain" }, body: '{"a":1}' } : { body: '{"a":1}' },
    run: async (ofetch, { server }) => {
      const baseURL = server.url
      const stream = await ofetch<ReadableStream, "stream">("/json", { baseURL, responseType: "stream" })
      return [
        await ofetch("/json", { baseURL }),
        await ofetch("/json", { baseURL, responseType: "text" }),
        await ofetch("/json", { baseURL, parseResponse: (text) => `parsed ${text}` }),
        await (await ofetch<Blob, "blob">("/json", { baseURL, responseType: "blob" })).text(),
        Buffer.from(await ofetch("/json", { baseURL, responseType: "arrayBuffer" })).toString(),
        await new Response(stream).text(),
        await ofetch("/text", { baseURL }),
      ]
    },
    gives: [{ a: 1 }, '{"a":1}', 'parsed {"a":1}', '{"a":1}', '{"a":1}', '{"a":1}', '{"a":1}'],
  },
  {
    name: "raw and native: the Response",
    documentation: readme("-access-to-raw-response"),
    answer: () => ({ headers: { "x-own": "1" }, body: '{"a":1}' }),
    run: async (ofetch, { server }) => {
      const { _data, status, headers } = await ofetch.raw(server.url)
      const native = await ofetch.native(server.url)
      return [_data, status, headers.get("x-own"), await native.json()]
    },
    gives: [{ a: 1 }, 200, "1", { a: 1 }],
  },
  {
    name: "body: objects as JSON, with the headers for it",
    documentation: readme("-json-body"),
    run: async (ofetch, { server }) => {
      const own = { toJSON: () => ({ own: true }) }
      for (const body of [{ a: "ü" }, [1], own]) await ofetch(server.url, { method: "POST", body })
      await ofetch(server.url, {
        method: "PUT",
        body: "text",
        headers: { accept: "a/b", "content-type": "text/plain" },
      })
      return server.arrivals.map(({ headers, body }) => `${headers["content-type"]} ${headers.accept} ${body}`)
    },
    gives: [
      ...['{"a":"ü"}', "[1]", '{"own":true}'].map((body) => `application/json application/json ${body}`),
      "text/plain a/b text",
    ],
  },
  {
    name: "body: forms, parameters, bytes, Blobs",
    documentation: readme("-json-body"),
    run: async (ofetch, { server }) => {
      const form = new FormData()
      form.append("a", "b")
      const given = [new URLSearchParams({ a: "b" }), Buffer.from("bytes"), new Blob(["blob"], { type: "a/b" }), form]
      for (const body of given) await ofetch(server.url, { method: "POST", body })
      return server.arrivals.map(({ headers, body }) => [headers["content-type"]?.split(";")[0], body.length])
    },
    gives: [
      ["application/x-www-form-urlencoded", 3],
      [undefined, 5],
      ["a/b", 4],
      ["multipart/form-data", expect.any(Number)],
    ],
  },
  {
    name: "body: a stream, without duplex being given",
    documentation: readme("-json-body"),
    run: async (ofetch, { server }) => {
      await ofetch(server.url, { method: "POST", body: new Blob(["hel", "lo"]).stream() })
      return server.arrivals.map(({ body }) => `${body}`)
    },
    gives: ["hello"],
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "baseURL and query",
    documentation: readme("-adding-baseurl"),
    run: async (ofetch, { server }) => {
      await ofetch("/movie?lang=en", { baseURL: `${server.url}/api/`, query: { id: 123, list: [1, 2], no: undefined } })
      await ofetch("movie", { baseURL: `${server.url}/api`, params: { q: "ä&" } })
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/api/movie?lang=en&id=123&list=1&list=2", "/api/movie?q=%C3%A4%26"],
  },
  {
    name: "headers, added to its own",
    documentation: readme("-adding-headers"),
    run: async (ofetch, { server }) => {
      await ofetch(server.url, { headers: { "Cache-Control": "no-cache" } })
      await ofetch(server.url, { headers: [["x-own", "1"]] })
      await ofetch(server.url, { headers: new Headers({ "x-own": "2" }) })
      return server.arrivals.map(({ headers }) => [headers["cache-control"], headers["x-own"]])
    },
    gives: [
      ["no-cache", undefined],
      [undefined, "1"],
      [undefined, "2"],
    ],
  },
  {
    name: "create: defaults that are inherited",
    documentation: readme("-create-fetch-with-default-options"),
    run: async (ofetch, { server }) => {
      const api = ofetch.create({ baseURL: server.url, headers: { "x-api": "1" }, query: { a: 1 } })
      const users = api.create({ headers: { "x-users": "1" } })
      await users("/users", { query: { b: 2 } })
      const [arrival] = server.arrivals
      return [arrival?.target, arrival?.headers["x-api"], arrival?.headers["x-users"]]
    },
    gives: ["/users?a=1&b=2", undefined, "1"],
  },
]

const events: readonly OfetchFeature[] = [
  {
    name: "errors: a FetchError with status, data, request, response and options",
    documentation: readme("-handling-errors"),
    answer: () => ({ status: 404, body: '{"gone":true}' }),
    run: async (ofetch, { server }) => {
      const sent = ofetch(`${server.url}/a`, { method: "POST", body: { a: 1 } })
      const error: unknown = await sent.catch((thrown: unknown) => thrown)
      if (!(error instanceof FetchError)) return "another error"
      const { message, status, statusText, data, request, response, options } = error
      return [message, status, statusText, data, request, response?.url, options?.method, error.cause]
    },
    gives: [
      '[POST] "http://server-1/a": 404 Not Found',
      404,
      "Not Found",
      { gone: true },
      "http://server-1/a",
      "http://server-1/a",
      "POST",
      undefined,
    ],
  },
  {
    name: "errors: of the network, with their cause",
    documentation: readme("-handling-errors"),
    run: async (ofetch) => errorFacts(ofetch("http://127.0.0.1:2/", { retry: 0 })),
    gives: expect.objectContaining({
      name: "FetchError",
      message: '[GET] "http://127.0.0.1:2/": <no response> fetch failed',
      cause: expect.objectContaining({ name: "TypeError", message: "fetch failed" }),
    }),
  },
  {
    name: "errors: ignoreResponseError",
    documentation: readme("-handling-errors"),
    answer: () => ({ status: 404, body: '{"gone":true}' }),
    run: async (ofetch, { server }) => ofetch(server.url, { ignoreResponseError: true }),
    gives: { gone: true },
  },
  {
    name: "retry: once by default, not after POST; as often as told, for chosen statuses",
    documentation: readme("-auto-retry"),
    answer: ({ target }) => ({ status: Number(target.slice(1)) }),
    run: async (ofetch, { server }) => {
      const counts: number[] = []
      const count = async (path: string, options = {}): Promise<void> => {
        const before = server.arrivals.length
        await ofetch(server.url + path, options).catch(() => undefined)
        counts.push(server.arrivals.length - before)
      }
      await count("/503")
      await count("/404")
      await count("/503", { method: "POST", body: {} })
      await count("/503", { method: "POST", body: { a: 1 }, retry: 2, retryDelay: 1 })
      await count("/404", { retry: 1, retryStatusCodes: [404], retryDelay: () => 1 })
      await count("/503", { retry: false })
      return [counts, server.arrivals.filter(({ body }) => `${body}` === '{"a":1}').length]
    },
    gives: [[2, 1, 1, 3, 2, 1], 3],
  },
  {
    name: "timeout",
    documentation: readme("-timeout"),
    answer: () => new Promise(() => undefined),
    run: async (ofetch, { server, limitMs }) => errorFacts(ofetch(server.url, { timeout: limitMs, retry: 0 })),
    gives: expect.objectContaining({
      name: "FetchError",
      cause: expect.objectContaining({ name: "TimeoutError", code: 23 }),
    }),
  },
  {
    name: "signal",
    documentation: readme("-timeout"),
    answer: () => new Promise(() => undefined),
    run: async (ofetch, { server, limitMs }) => {
      const { name, cause } = await errorFacts(ofetch(server.url, { signal: AbortSignal.timeout(limitMs), retry: 0 }))
      return [name, cause?.name]
    },
    gives: ["FetchError", "TimeoutError"],
  },
  {
    name: "interceptors: in order, for answers, errors of the server and of the network",
    documentation: readme("-interceptors"),
    answer: ({ target }) => (target.startsWith("/404") ? { status: 404, body: '{"gone":true}' } : { body: '{"a":1}' }),
    run: async (ofetch, { server }) => {
      const seen: unknown[] = []
      const hooks: FetchHooks = {
        onRequest: [
          ({ request, options }) => {
            seen.push(["onRequest 1", request])
            options.query = { added: 1 }
            options.headers.set("x-own", "1")
          },
          () => void seen.push("onRequest 2"),
        ],
        onResponse: ({ response, request }) => void seen.push(["onResponse", response.status, response._data, request]),
        onResponseError: ({ response }) => void seen.push(["onResponseError", response.status, response._data]),
        onRequestError: ({ error }) => void seen.push(["onRequestError", error.message]),
      }
      await ofetch(`${server.url}/a`, hooks)
      await ofetch(`${server.url}/404`, { ...hooks, retry: 0 }).catch(() => undefined)
      await ofetch("http://127.0.0.1:2/", { ...hooks, retry: 0 }).catch(() => undefined)
      return [seen, server.arrivals.map(({ target, headers }) => [target, headers["x-own"]])]
    },
    gives: [
      [
        ["onRequest 1", "http://server-1/a"],
        "onRequest 2",
        ["onResponse", 200, { a: 1 }, "http://server-1/a?added=1"],
        ["onRequest 1", "http://server-1/404"],
        "onRequest 2",
        ["onResponse", 404, { gone: true }, expect.any(String)],
        ["onResponseError", 404, { gone: true }],
        ["onRequest 1", "http://127.0.0.1:2/"],
        "onRequest 2",
        ["onRequestError", "fetch failed"],
      ],
      [
        ["/a?added=1", "1"],
        [expect.stringContaining("/404"), "1"],
      ],
    ],
  },
  {
    name: "events of a server, as a stream",
    documentation: readme("-sse"),
    run: async (ofetch, { listen }) => {
      let proceed = (): void => undefined
      const url = await listen((_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: first\n\n")
        proceed = () => response.end("data: second\n\n")
      })
      const stream = await ofetch<ReadableStream<Uint8Array>, "stream">(url, { responseType: "stream" })
      const chunks: string[] = []
      for await (const chunk of stream) {
        chunks.push(Buffer.from(chunk).toString())
        proceed()
      }
      return chunks
    },
    gives: ["data: first\n\n", "data: second\n\n"],
  },
]

export const features: FeatureList<OFetch> = {
  client: "ofetch",
  concurrent: true,
  releases: [
    {
      name: "ofetch 1.5",
      version: version("ofetch"),
      connect: (setup) => createFetch({ fetch: fetchFor(setup) }),
    },
  ],
  themes: { "Requests and bodies": bodies, "Errors, retries, timeouts, interceptors": events },
}
