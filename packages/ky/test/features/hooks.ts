import type { Options } from "ky"
import { expect } from "vitest"
import {
  BEFORE_2,
  hooksOf,
  type KyFeature,
  quickly,
  readme,
  SINCE_1_14,
  SINCE_2,
  text,
  unavailable,
} from "./ky-client.ts"

const namedHooks: KyFeature["run"] = async ({ create }) => {
  const seen: string[] = []
  const named = (of: string) =>
    hooksOf({
      beforeRequest: [() => void seen.push(`${of} beforeRequest`)],
      beforeRetry: [() => void seen.push(`${of} beforeRetry`)],
      afterResponse: [({ response }) => void seen.push(`${of} afterResponse ${response.status}`)],
      beforeError: [({ error }) => error],
    })
  await create({ hooks: named("1"), retry: quickly }).extend({ hooks: named("2") })("a", { hooks: named("3") })
  return seen
}

/** Hooks, and their order. */
export const hooks: readonly KyFeature[] = [
  {
    name: "run in order, those of the instance first, beforeRequest once for all attempts",
    documentation: readme("hooks"),
    releases: SINCE_2,
    answer: unavailable(1),
    run: namedHooks,
    gives: [
      ...["1 beforeRequest", "2 beforeRequest", "3 beforeRequest"],
      ...["1 afterResponse 503", "2 afterResponse 503", "3 afterResponse 503"],
      ...["1 beforeRetry", "2 beforeRetry", "3 beforeRetry"],
      ...["1 afterResponse 200", "2 afterResponse 200", "3 afterResponse 200"],
    ],
  },
  {
    name: "run in order, those of the instance first, beforeRequest for each attempt",
    documentation: "https://github.com/sindresorhus/ky/tree/v1.14.3#hooks",
    releases: BEFORE_2,
    answer: unavailable(1),
    run: namedHooks,
    gives: [
      ...["1 beforeRequest", "2 beforeRequest", "3 beforeRequest"],
      ...["1 afterResponse 503", "2 afterResponse 503", "3 afterResponse 503"],
      ...["1 beforeRetry", "2 beforeRetry", "3 beforeRetry"],
      ...["1 beforeRequest", "2 beforeRequest", "3 beforeRequest"],
      ...["1 afterResponse 200", "2 afterResponse 200", "3 afterResponse 200"],
    ],
  },
  {
    name: "init: changes the options of each call, throws at once",
    documentation: readme("hooksinit"),
    releases: SINCE_2,
    run: async ({ create }, { server }) => {
      const init = (options: Options): void => {
        options.searchParams = { key: "k" }
        options.headers = { ...options.headers, "x-init": String(options.method) }
      }
      const api = create({ hooks: { init: [init] } })
      await api.put("a", { json: 1 })
      await api.extend({ hooks: { init: [(options) => Object.assign(options, { json: 2 })] } }).put("b", { json: 1 })
      const failing = api.extend({
        hooks: {
          init: [
            () => {
              throw new RangeError("init")
            },
          ],
        },
      })
      let error: unknown
      try {
        failing("c").catch(() => expect.unreachable())
      } catch (thrown) {
        error = thrown
      }
      return [server.arrivals.map(({ target, headers, body }) => [target, headers["x-init"], `${body}`]), String(error)]
    },
    gives: [
      [
        ["/a?key=k", "put", "1"],
        ["/b?key=k", "put", "2"],
      ],
      "RangeError: init",
    ],
  },
  {
    name: "init: sees the options that the caller gave",
    documentation: readme("hooksinit"),
    releases: SINCE_2,
    run: async ({ create }) => {
      const seen: unknown[] = []
      const init = (options: Options): void => {
        seen.push(
          Object.entries(options)
            .filter(([name, value]) => name !== "prefix" && value !== undefined)
            .map(([name]) => name)
            .sort(),
        )
      }
      await create({ timeout: 5_000 })("a", { hooks: { init: [init] }, searchParams: { a: 1 } })
      return seen
    },
    gives: [["hooks", "searchParams", "timeout"]],
    differs: {
      because: "The instance has a `fetch` option: it is where each attempt is authenticated.",
      gives: [["fetch", "hooks", "searchParams", "timeout"]],
    },
  },
  {
    name: "beforeRequest: is told request and options, changes headers",
    documentation: readme("hooksbeforerequest"),
    run: async ({ create }, { server }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        beforeRequest: [
          ({ request, options }) => {
            seen.push([request.method, request.url, [...request.headers.keys()], options.method])
            request.headers.set("x-own", "1")
          },
        ],
      })
      await create({ hooks }).put("a", { json: { a: 1 } })
      return [seen, server.arrivals.map(({ headers }) => headers["x-own"])]
    },
    gives: [[["PUT", "http://server-1/a", ["content-type"], "PUT"]], ["1"]],
  },
  {
    name: "beforeRequest: reads a clone of the body",
    documentation: readme("hooksbeforerequest"),
    run: async ({ create }, { server }) => {
      const seen: string[] = []
      const hooks = hooksOf({ beforeRequest: [async ({ request }) => seen.push(await request.clone().text())] })
      await create({ hooks }).put("a", { json: { a: 1 } })
      return [seen, server.arrivals.map(({ body }) => `${body}`)]
    },
    gives: [['{"a":1}'], ['{"a":1}']],
  },
  {
    name: "beforeRequest: replaces the request",
    documentation: readme("hooksbeforerequest"),
    run: async ({ create }, { server }) => {
      const hooks = hooksOf({
        beforeRequest: [
          ({ request }) =>
            new Request(`${request.url}?token=t`, { method: "PUT", body: "new", headers: { "x-own": "1" } }),
        ],
      })
      await create({ hooks }).get("a")
      return server.arrivals.map(({ method, target, body, headers }) => [method, target, `${body}`, headers["x-own"]])
    },
    gives: [["PUT", "/a?token=t", "new", "1"]],
  },
  {
    name: "beforeRequest: replaces a form, with a boundary of its own",
    documentation: readme("modifying-formdata-in-hooks"),
    run: async ({ create }, { server }) => {
      const form = new FormData()
      form.append("Name", "Ada")
      const hooks = hooksOf({
        beforeRequest: [
          ({ request }) => {
            const body = new FormData()
            for (const [key, value] of form) body.set(key.toLowerCase(), value)
            request.headers.delete("content-type")
            return new Request(request, { body })
          },
        ],
      })
      await create({ hooks }).post("a", { body: form })
      const [arrival] = server.arrivals
      const boundary = arrival?.headers["content-type"]?.replace(/.*boundary=/, "")
      return [arrival?.body.includes('name="name"'), boundary !== undefined && arrival?.body.includes(boundary)]
    },
    gives: [true, true],
  },
  {
    name: "beforeRequest: answers itself, and nothing is sent",
    documentation: readme("hooksbeforerequest"),
    run: async ({ create }, { server }) => {
      const hooks = hooksOf({ beforeRequest: [() => new Response("own", { status: 203 }), () => expect.unreachable()] })
      return [await text(await create({ hooks })("a")), server.arrivals.length]
    },
    gives: ["203 own", 0],
  },
  {
    name: "beforeRequest: an error of it is the caller's",
    documentation: readme("hooksbeforerequest"),
    run: async ({ create }, { server }) => {
      const hooks = hooksOf({
        beforeRequest: [
          () => {
            throw new RangeError("not this one")
          },
        ],
      })
      const error = await create({ hooks, retry: quickly })("a").catch((thrown: unknown) => thrown)
      return [error instanceof RangeError, String(error), server.arrivals.length]
    },
    gives: [true, "RangeError: not this one", 0],
  },
  {
    name: "afterResponse: is told request, options and a clone of the response",
    documentation: readme("hooksafterresponse"),
    answer: () => ({ body: '{"a":1}' }),
    run: async ({ create }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        afterResponse: [
          async ({ request, response, options }) => {
            seen.push([request.method, request.url, [...request.headers.keys()], options.method])
            seen.push([response.status, response.url, await response.json()])
          },
        ],
      })
      return [await create({ hooks }).post("a", { json: 1 }).json(), seen]
    },
    gives: [
      { a: 1 },
      [
        ["POST", "http://server-1/a", ["accept", "content-type"], "POST"],
        [200, "http://server-1/a", { a: 1 }],
      ],
    ],
  },
  {
    name: "afterResponse: replaces the response",
    documentation: readme("hooksafterresponse"),
    answer: () => ({ status: 404 }),
    run: async ({ create }) => {
      const hooks = hooksOf({ afterResponse: [async () => new Response("A different response", { status: 200 })] })
      return await create({ hooks })("a").text()
    },
    gives: "A different response",
  },
  {
    name: "afterResponse: sends the request again by another call",
    documentation: "https://github.com/sindresorhus/ky/tree/v1.7.0#hooksafterresponse",
    answer: ({ headers }) => (headers["x-fresh"] === undefined ? { status: 409 } : {}),
    run: async ({ create, api }, { server }) => {
      const hooks = hooksOf({
        afterResponse: [
          async ({ request, response }) => {
            if (response.status !== 409) return undefined
            return api(new Request(request.url, { headers: { "x-fresh": "1" } }))
          },
        ],
      })
      return [(await create({ hooks })("a")).status, server.arrivals.length]
    },
    gives: [200, 2],
  },
  {
    name: "afterResponse: an error of it is the caller's",
    documentation: readme("hooksafterresponse"),
    run: async ({ create }, { server }) => {
      const hooks = hooksOf({
        afterResponse: [
          () => {
            throw new RangeError("not this one")
          },
        ],
      })
      const error = await create({ hooks, retry: 0 })("a").catch((thrown: unknown) => thrown)
      return [error instanceof RangeError, String(error), server.arrivals.length]
    },
    gives: [true, "RangeError: not this one", 1],
  },
  {
    name: "beforeError: is told the error, changes it",
    documentation: readme("hooksbeforeerror"),
    answer: () => ({ status: 404, body: '{"message":"gone"}' }),
    run: async ({ create, module }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        beforeError: [
          ({ error }) => {
            seen.push([error instanceof module.HTTPError, error.response?.status])
            error.name = "OwnError"
            error.message = `own (${error.response?.status})`
            return error
          },
        ],
      })
      const error = await create({ hooks })("a").catch((thrown: unknown) => thrown)
      return [seen, String(error), error instanceof module.HTTPError]
    },
    gives: [[[true, 404]], "OwnError: own (404)", true],
  },
  {
    name: "beforeError: for timeouts and networks too, with request, options and count",
    documentation: readme("hooksbeforeerror"),
    releases: SINCE_2,
    answer: ({ target }) => (target === "/slow" ? new Promise(() => undefined) : {}),
    run: async ({ create }, { limitMs }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        beforeError: [
          ({ error, request, options, retryCount }) => {
            seen.push([error.name, request.url.replace(/:\d+/, ""), options.context.a, retryCount])
            return error
          },
        ],
      })
      const api = create({ hooks, context: { a: 1 }, retry: { ...quickly, limit: 1 } })
      await api("slow", { timeout: limitMs }).catch(() => undefined)
      await api(new URL("http://127.0.0.1:1/closed")).catch(() => undefined)
      return seen
    },
    gives: [
      ["TimeoutError", "http://127.0.0.1/slow", 1, 0],
      ["NetworkError", "http://127.0.0.1/closed", 1, 1],
    ],
  },
  {
    name: "afterResponse: is told how many retries there were",
    documentation: readme("hooksafterresponse"),
    releases: SINCE_1_14,
    answer: unavailable(2),
    run: async ({ create }) => {
      const seen: number[] = []
      const hooks = hooksOf({ afterResponse: [({ retryCount }) => void seen.push(retryCount)] })
      await create({ hooks, retry: quickly })("a")
      return seen
    },
    gives: [0, 1, 2],
  },
]
