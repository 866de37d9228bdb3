import type { Options } from "ky"
import { expect } from "vitest"
import { BEFORE_2, type KyFeature, readme, SINCE_1_14, SINCE_2 } from "./ky-client.ts"

/** Features of the options. */
export const options: readonly KyFeature[] = [
  {
    name: "json: serialised, with its Content-Type",
    documentation: readme("json"),
    run: async ({ api }, { server }) => {
      for (const json of [{ a: "ü" }, [1], "text", null, false]) await api.post("a", { json })
      return server.arrivals.map(({ headers, body }) => `${headers["content-type"]} ${body}`)
    },
    gives: ['{"a":"ü"}', "[1]", '"text"', "null", "false"].map((body) => `application/json ${body}`),
  },
  {
    name: "json: with a Content-Type of the caller's",
    documentation: readme("setting-a-custom-content-type"),
    run: async ({ api }, { server }) => {
      await api.post("a", { json: { foo: true }, headers: { "content-type": "application/x-own-json-1.1" } })
      return server.arrivals[0]?.headers["content-type"]
    },
    gives: "application/x-own-json-1.1",
  },
  {
    name: "stringifyJson",
    documentation: readme("stringifyjson"),
    run: async ({ api }, { server }) => {
      await api.post("a", { json: { a: 1 }, stringifyJson: (data) => JSON.stringify({ data }) })
      return `${server.arrivals[0]?.body}`
    },
    gives: '{"data":{"a":1}}',
  },
  {
    name: "parseJson: for .json() of the promise and of the response",
    documentation: readme("parsejson"),
    answer: () => ({ body: '{"a":1}' }),
    run: async ({ api }) => {
      const parseJson = (text: string): unknown => `parsed ${text}`
      return [await api("a", { parseJson }).json(), await (await api("a", { parseJson })).json()]
    },
    gives: ['parsed {"a":1}', 'parsed {"a":1}'],
  },
  {
    name: "parseJson: is told the request and the response",
    documentation: readme("parsejson"),
    releases: SINCE_2,
    run: async ({ api }) => {
      const parseJson: Options["parseJson"] = (_text, { request, response }) => [
        request.method,
        request.url,
        [...request.headers.keys()],
        response.status,
      ]
      return await api("a", { parseJson }).json()
    },
    gives: ["GET", "http://server-1/a", ["accept"], 200],
  },
  {
    name: ".json() of an empty body: an error",
    documentation: readme("kyinput-options"),
    releases: SINCE_2,
    answer: () => ({ status: 204, body: "" }),
    run: async ({ api }) => {
      try {
        return await api("a").json()
      } catch (error) {
        return [error instanceof SyntaxError, (error as Error).message]
      }
    },
    gives: [true, "Unexpected end of JSON input"],
  },
  {
    name: ".json() of an empty body: an empty text",
    documentation: readme("kyinput-options"),
    releases: BEFORE_2,
    answer: () => ({ status: 204, body: "" }),
    run: async ({ api }) => [await api("a").json()],
    gives: [""],
  },
  {
    name: ".json(schema): validates by Standard Schema",
    documentation: readme("kyinput-options"),
    releases: SINCE_2,
    answer: () => ({ body: '{"name":"Ada"}' }),
    run: async ({ api, module }) => {
      const schema = (issues?: { message: string }[]) => ({
        "~standard": {
          version: 1 as const,
          vendor: "test",
          validate: (value: unknown) => (issues === undefined ? { value: { validated: value } } : { issues }),
        },
      })
      const valid = await api("a").json(schema())
      try {
        return await api("a").json(schema([{ message: "no name" }]))
      } catch (error) {
        const isOwn = error instanceof module.SchemaValidationError
        return [valid, isOwn && error.issues, isOwn && error.name, module.isKyError(error)]
      }
    },
    gives: [{ validated: { name: "Ada" } }, [{ message: "no name" }], "SchemaValidationError", false],
  },
  {
    name: "searchParams: text, pairs, an object, URLSearchParams",
    documentation: readme("searchparams"),
    run: async ({ api }, { server }) => {
      const given = [
        "?a=1&b=x y",
        [
          ["a", 1],
          ["a", true],
        ],
        { a: 1, b: "y" },
        new URLSearchParams({ ä: "&+*~'" }),
      ]
      for (const searchParams of given) await api("path", { searchParams } as Options)
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/path?a=1&b=x%20y", "/path?a=1&a=true", "/path?a=1&b=y", "/path?%C3%A4=%26%2B*%7E%27"],
  },
  {
    name: "searchParams: with spaces",
    documentation: readme("searchparams"),
    run: async ({ api }, { server }) => {
      await api("path", { searchParams: { a: "x y+z" } })
      return server.arrivals[0]?.target
    },
    gives: "/path?a=x+y%2Bz",
    differs: {
      because: "A space is sent as %20: the gateway signs that, and takes a plus for a plus.",
      gives: "/path?a=x%20y%2Bz",
      onTheWire: true,
    },
  },
  {
    name: "searchParams: added to those of the URL",
    documentation: readme("searchparams"),
    releases: SINCE_2,
    run: async ({ api }, { server }) => {
      await api("path?a=1&gone=2", { searchParams: { b: 2, gone: undefined } })
      return server.arrivals[0]?.target
    },
    gives: "/path?a=1&b=2",
  },
  {
    name: "searchParams: in place of those of the URL",
    documentation: readme("searchparams"),
    releases: BEFORE_2,
    run: async ({ api }, { server }) => {
      await api("path?a=1&gone=2", { searchParams: { b: 2 } })
      return server.arrivals[0]?.target
    },
    gives: "/path?b=2",
  },
  {
    name: "baseUrl: resolves as URLs do",
    documentation: readme("baseurl"),
    releases: SINCE_2,
    run: async ({ create }, { server }) => {
      const api = create({ prefix: "", baseUrl: `${server.url}/api/` })
      for (const path of ["users", "/users", "./users", "../users", `${server.url}/absolute`]) await api(path)
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/api/users", "/users", "/api/users", "/users", "/absolute"],
  },
  {
    name: "prefix: joined by one slash",
    documentation: readme("prefix"),
    releases: SINCE_2,
    run: async ({ create }, { server }) => {
      for (const prefix of [`${server.url}/api`, `${server.url}/api/`, new URL(`${server.url}/api`)]) {
        const api = create({ prefix })
        await api("users")
        await api("/users")
      }
      await create({ prefix: "v1", baseUrl: server.url })("users")
      return server.arrivals.map(({ target }) => target)
    },
    gives: [...Array(6).fill("/api/users"), "/v1/users"],
  },
  {
    name: "prefixUrl: joined by one slash, and no slash allowed in front of the path",
    documentation: "https://github.com/sindresorhus/ky/tree/v1.14.3#prefixurl",
    releases: BEFORE_2,
    run: async ({ create }, { server }) => {
      for (const prefixUrl of [`${server.url}/api`, `${server.url}/api/`])
        await create({ prefixUrl } as Options)("users")
      try {
        await create({})("/users")
      } catch (error) {
        return [...server.arrivals.map(({ target }) => target), (error as Error).message]
      }
      return "no error"
    },
    gives: ["/api/users", "/api/users", "`input` must not begin with a slash when using `prefixUrl`"],
  },
  {
    name: "headers: of the instance and the request, removed by undefined",
    documentation: readme("kyextenddefaultoptions"),
    run: async ({ create }, { server }) => {
      const api = create({ headers: { rainbow: "r", unicorn: "u" } })
      await api("a", { headers: { rainbow: undefined, "x-own": "1" } } as Options)
      await api("a", { headers: new Headers({ unicorn: "v" }) })
      return server.arrivals.map(({ headers: { rainbow, unicorn, "x-own": own } }) => [rainbow, unicorn, own])
    },
    gives: [
      [undefined, "u", "1"],
      ["r", "v", undefined],
    ],
  },
  {
    name: "throwHttpErrors: false gives the response, and does not retry",
    documentation: readme("throwhttperrors"),
    answer: () => ({ status: 500, body: '{"a":1}' }),
    run: async ({ api }, { server }) => {
      const response = await api("a", { throwHttpErrors: false })
      return [response.status, await response.json(), server.arrivals.length]
    },
    gives: [500, { a: 1 }, 1],
  },
  {
    name: "throwHttpErrors: a function of the status",
    documentation: readme("throwhttperrors"),
    releases: SINCE_1_14,
    answer: ({ target }) => ({ status: Number(target.slice(1)) }),
    run: async ({ api, module }) => {
      const options = { retry: 0, throwHttpErrors: (status: number) => status >= 500 }
      const thrown = await api("501", options).catch((error: unknown) => error)
      return [(await api("404", options)).status, thrown instanceof module.HTTPError]
    },
    gives: [404, true],
  },
  {
    name: "fetch: sends, and is told the request and the options of fetch",
    documentation: readme("fetch"),
    run: async ({ create }) => {
      const seen: unknown[] = []
      const own: typeof fetch = async (input, init) => {
        const request = new Request(input, init)
        seen.push([request.method, request.url, request.headers.get("x-own"), await request.clone().text()])
        return fetch(request)
      }
      const response = await create({ fetch: own }).post("a", { json: { a: 1 }, headers: { "x-own": "1" } })
      return [seen, response.status]
    },
    gives: [[["POST", "http://server-1/a", "1", '{"a":1}']], 200],
  },
  {
    name: "fetch: may answer itself",
    documentation: readme("how-do-i-mock-ky-in-tests"),
    run: async ({ create }) => {
      const own = async (): Promise<Response> => new Response('{"name":"Test"}', { status: 203 })
      const api = create({ fetch: own })
      const response = await api("a")
      return [response.status, await response.json(), await api("a").json()]
    },
    gives: [203, { name: "Test" }, { name: "Test" }],
  },
  {
    name: "options that are fetch's own, and such as a platform adds, reach fetch",
    documentation: readme("options"),
    run: async ({ create }) => {
      const { seen, fetch } = seenOptions()
      const integrity = "sha256-AAAA"
      const next = { revalidate: 60 }
      await create({ fetch }).get("a", { cache: "no-store", credentials: "omit", integrity, next } as Options)
      await create({ fetch }).get("a", { keepalive: true, mode: "same-origin" })
      return seen
    },
    gives: [
      ["no-store", "omit", "sha256-AAAA", false, "cors", "", { revalidate: 60 }],
      ["default", "same-origin", "", true, "same-origin", "", undefined],
    ],
  },
  {
    name: "fetch: is told how to treat redirects",
    documentation: readme("fetch"),
    run: async ({ create }) => {
      const seen: unknown[] = []
      const own: typeof fetch = async (input, init) => {
        seen.push(new Request(input, init).redirect)
        return new Response()
      }
      for (const redirect of ["follow", "manual", "error"] as const) await create({ fetch: own }).get("a", { redirect })
      return seen
    },
    gives: ["follow", "manual", "error"],
    differs: {
      because:
        "Redirects are followed by this library, hop by hop, so that each request is authenticated for its host.",
      gives: ["manual", "manual", "error"],
    },
  },
  {
    name: "referrerPolicy beside an option that fetch does not know",
    documentation: readme("options"),
    run: async ({ create }) => {
      const { seen, fetch } = seenOptions()
      await create({ fetch }).get("a", { referrerPolicy: "no-referrer", next: {} } as Options)
      return seen
    },
    gives: [["default", "same-origin", "", false, "cors", "", {}]],
  },
  {
    name: "context: always an object, shown to hooks, merged by extend",
    documentation: readme("context"),
    releases: SINCE_1_14,
    run: async ({ create }) => {
      const seen: unknown[] = []
      const beforeRequest = [
        (...given: unknown[]) => {
          const state = (given[0] instanceof Request ? given[1] : (given[0] as { options: unknown }).options) as Options
          seen.push(state.context)
        },
      ]
      const api = create({ hooks: { beforeRequest }, context: { a: 1, b: { nested: true } } })
      await api.extend({ context: { b: { updated: true }, c: 3 } })("a")
      await api("a", { context: { a: 2 } })
      await create({ hooks: { beforeRequest } })("a")
      return seen
    },
    gives: expect.arrayContaining([{ a: 2, b: { nested: true } }, {}]),
  },
]

/** A fetch that answers without a server, and its arguments. */
function seenOptions(): { seen: unknown[]; fetch: typeof fetch } {
  const seen: unknown[] = []
  return {
    seen,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const { cache, credentials, integrity, keepalive, mode, referrerPolicy } = request
      const { next } = init as { next?: unknown }
      seen.push([cache, credentials, integrity, keepalive, mode, referrerPolicy, next])
      return new Response()
    },
  }
}
