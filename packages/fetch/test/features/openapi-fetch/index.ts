import { errorFacts, type Feature, type FeatureList } from "@countersign/testkit"
import createClient, { type Client, type ClientOptions, createPathBasedClient, type Middleware } from "openapi-fetch"
import { expect } from "vitest"
import { fetchFor, version } from "../client-release.ts"

interface Operation {
  parameters?: { query?: Record<string, unknown>; path?: Record<string, unknown>; header?: object }
  requestBody?: { content: { "application/json": unknown } }
  responses: {
    200: { content: { "application/json": { a: number } } }
    404: { content: { "application/json": { gone: boolean } } }
  }
}

interface Paths {
  "/things": Record<"get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace", Operation>
  "/things/{id}": {
    get: Operation & { parameters: { path: { id: unknown } } }
    post: Operation & { parameters: { path: { id: unknown } } }
  }
}

interface OpenapiClient {
  api: Client<Paths>
  options: ClientOptions
}

type OpenapiFeature = Feature<OpenapiClient>

const page = (section: string): string => `https://openapi-ts.dev/openapi-fetch/${section}`
const answered = () => ({ body: '{"a":1}' })

const list: readonly OpenapiFeature[] = [
  {
    name: "methods, and request for any of them",
    documentation: page("api#fetch-options"),
    answer: answered,
    run: async ({ api }, { server }) => {
      const { GET, PUT, POST, DELETE, OPTIONS, HEAD, PATCH } = api
      await GET("/things")
      await PUT("/things")
      await POST("/things")
      await DELETE("/things")
      await OPTIONS("/things")
      await HEAD("/things")
      await PATCH("/things")
      await api.request("put", "/things", { body: { a: 1 } })
      return server.arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`.trim())
    },
    gives: [
      ...["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"].map((method) => `${method} /things`),
      'PUT /things {"a":1}',
    ],
  },
  {
    name: "gives data, or error, and the response",
    documentation: page("#basic-usage"),
    answer: ({ method }) => (method === "GET" ? answered() : { status: 404, body: '{"gone":true}' }),
    run: async ({ api }) => {
      const well = await api.GET("/things")
      const ill = await api.PUT("/things", { body: {} })
      return [
        [well.data, well.error, well.response.status, well.response.url],
        [ill.data, ill.error, ill.response.status],
      ]
    },
    gives: [
      [{ a: 1 }, undefined, 200, "http://server-1/things"],
      [undefined, { gone: true }, 404],
    ],
  },
  {
    name: "a rejected credential is an error like any other",
    documentation: page("#basic-usage"),
    answer: () => ({ status: 401, body: '{"error_code":"APIGW.0301"}' }),
    run: async ({ api }) => {
      const { data, error, response } = await api.POST("/things", { body: { a: 1 } })
      return [data, error, response.status]
    },
    gives: [undefined, { error_code: "APIGW.0301" }, 401],
    differs: {
      because:
        "A request that was rejected with 401 is sent once more with a fresh credential before the caller is told.",
      onTheWire: true,
    },
  },
  {
    name: "path and query parameters, in all styles",
    documentation: page("api#queryserializer"),
    answer: answered,
    run: async ({ api }, { server }) => {
      for (const id of ["a b/c", 5, [1, 2], { x: 1 }]) await api.GET("/things/{id}", { params: { path: { id } } })
      const query = { text: "ä", list: [1, 2], deep: { b: true } }
      await api.GET("/things", { params: { query } })
      const querySerializer = {
        array: { style: "pipeDelimited", explode: false },
        object: { style: "form", explode: true },
      }
      await api.GET("/things", { params: { query }, querySerializer } as Record<string, unknown>)
      await api.GET("/things", { params: { query }, querySerializer: () => "own=1" })
      return server.arrivals.map(({ target }) => target)
    },
    gives: expect.arrayContaining(["/things/a%20b%2Fc", "/things/5", "/things/1,2", "/things?own=1"]),
  },
  {
    name: "bodies: JSON, and by a serialiser of the caller's",
    documentation: page("api#bodyserializer"),
    answer: answered,
    run: async ({ api }, { server }) => {
      await api.POST("/things", { body: { a: "ü" } })
      await api.POST("/things", {
        body: { a: "b" },
        bodySerializer: (body) => new URLSearchParams(body as Record<string, string>),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      })
      await api.POST("/things", {
        body: { a: "b" },
        bodySerializer: (body) => {
          const form = new FormData()
          for (const [name, value] of Object.entries(body as Record<string, string>)) form.append(name, value)
          return form
        },
      })
      return server.arrivals.map(({ headers, body }) => [headers["content-type"]?.split(";")[0], body.length])
    },
    gives: [
      ["application/json", 10],
      ["application/x-www-form-urlencoded", 3],
      ["multipart/form-data", expect.any(Number)],
    ],
  },
  {
    name: "parseAs: text, blob, arrayBuffer, stream",
    documentation: page("api#parseas"),
    answer: answered,
    run: async ({ api }) => {
      const stream = await api.GET("/things", { parseAs: "stream" })
      return [
        (await api.GET("/things", { parseAs: "text" })).data,
        await (await api.GET("/things", { parseAs: "blob" })).data?.text(),
        await new Response((await api.GET("/things", { parseAs: "arrayBuffer" })).data ?? null).text(),
        await new Response(stream.data ?? null).text(),
      ]
    },
    gives: ['{"a":1}', '{"a":1}', '{"a":1}', '{"a":1}'],
  },
  {
    name: "headers of the client and the request, removed by null",
    documentation: page("api#createclient"),
    answer: answered,
    run: async ({ options }, { server }) => {
      const api = createClient<Paths>({ ...options, headers: { "x-client": "1", "x-gone": "1" } })
      await api.GET("/things", { headers: { "x-request": 2, "x-gone": null } })
      const { "x-client": client, "x-request": request, "x-gone": gone } = server.arrivals[0]?.headers ?? {}
      return [client, request, gone]
    },
    gives: ["1", "2", undefined],
  },
  {
    name: "middleware: changes requests and responses, answers itself, handles errors, ejected again",
    documentation: page("middleware-auth"),
    answer: answered,
    run: async ({ api }, { server }) => {
      const seen: unknown[] = []
      const noting: Middleware = {
        onRequest: ({ request, schemaPath, params }) => {
          seen.push([request.method, schemaPath, params.path])
          request.headers.set("x-own", "1")
        },
        onResponse: ({ response }) => {
          seen.push(response.status)
          return new Response('{"a":2}', { status: 201 })
        },
      }
      api.use(noting)
      const changed = await api.POST("/things/{id}", { params: { path: { id: 5 } }, body: { b: 1 } })
      api.eject(noting)
      const own: Middleware = { onRequest: () => new Response('{"a":3}') }
      api.use(own)
      const answeredItself = await api.GET("/things")
      api.eject(own)
      api.use({ onError: ({ error }) => new Error(`own: ${(error as Error).message}`) })
      const failed = await api.GET("/things", { baseUrl: "http://127.0.0.1:2" }).catch(String)
      return [seen, changed.data, answeredItself.data, failed, server.arrivals.map(({ headers }) => headers["x-own"])]
    },
    gives: [[["POST", "/things/{id}", { id: 5 }], 200], { a: 2 }, { a: 3 }, "Error: own: fetch failed", ["1"]],
  },
  {
    name: "middleware: replaces the request",
    documentation: page("middleware-auth"),
    answer: answered,
    run: async ({ api }, { server }) => {
      api.use({ onRequest: ({ request }) => new Request(`${server.url}/elsewhere`, request) })
      await api.PUT("/things", { body: { a: 1 } })
      return server.arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`)
    },
    gives: ['PUT /elsewhere {"a":1}'],
    differs: {
      because:
        "A Request can be sent once only: up to 12 MB of it are read first, to be signed and sent again if need be.",
      onTheWire: true,
    },
  },
  {
    name: "a Request class of the caller's, and fetch per request",
    documentation: page("api#createclient"),
    answer: answered,
    run: async ({ options }, { server }) => {
      const seen: unknown[] = []
      class OwnRequest extends Request {
        readonly own = true
      }
      const own: ClientOptions["fetch"] = (request) => {
        seen.push(request instanceof OwnRequest)
        return options.fetch?.(request) ?? fetch(request)
      }
      await createClient<Paths>({ ...options, Request: OwnRequest }).POST("/things", { body: { a: 1 }, fetch: own })
      return [seen, server.arrivals.length]
    },
    gives: [[true], 1],
  },
  {
    name: "requestInitExt, and options of fetch",
    documentation: page("api#createclient"),
    answer: () => ({ status: 302, headers: { location: "/to" } }),
    run: async ({ options }, { server }) => {
      const seen: unknown[] = []
      const own = (request: Request, init?: { extended?: unknown }): Promise<Response> => {
        seen.push(init?.extended, request.redirect, request.cache)
        return (options.fetch as typeof fetch)(request, init as RequestInit)
      }
      const api = createClient<Paths>({ ...options, fetch: own, requestInitExt: { extended: true } })
      const { response } = await api.GET("/things", { redirect: "manual", cache: "no-store", parseAs: "text" })
      return [seen, response.status, server.arrivals.length]
    },
    gives: [[true, "manual", "no-store"], 302, 1],
  },
  {
    name: "signal, and errors of the network",
    documentation: page("api#fetch-options"),
    answer: () => new Promise(() => undefined),
    run: async ({ api }, { limitMs }) => [
      (await errorFacts(api.GET("/things", { signal: AbortSignal.timeout(limitMs) }))).name,
      await errorFacts(api.GET("/things", { baseUrl: "http://127.0.0.1:2" })),
    ],
    gives: ["TimeoutError", expect.objectContaining({ name: "TypeError", message: "fetch failed" })],
  },
  {
    name: "a client by paths",
    documentation: page("api#createpathbasedclient"),
    answer: answered,
    run: async ({ options }) => (await createPathBasedClient<Paths>(options)["/things"].PUT({ body: { a: 1 } })).data,
    gives: { a: 1 },
  },
]

export const features: FeatureList<OpenapiClient> = {
  client: "openapi-fetch",
  concurrent: true,
  releases: [
    {
      name: "openapi-fetch 0.17",
      version: version("openapi-fetch"),
      connect: (setup) => {
        const options: ClientOptions = { baseUrl: setup.server.url, fetch: fetchFor(setup) }
        return { api: createClient<Paths>(options), options }
      },
    },
  ],
  themes: { "Requests, answers, middleware": list },
}
