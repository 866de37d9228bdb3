import type { Options } from "ky"
import { expect } from "vitest"
import { hooksOf, type KyFeature, quickly, readme, SINCE_1_14, SINCE_2, unavailable } from "./ky-client.ts"

const documentation = readme("retry")

/** `retry` and all its members. */
export const retries: readonly KyFeature[] = [
  {
    name: "limit: two by default, another, and as a number",
    documentation,
    answer: () => ({ status: 503 }),
    run: async ({ api }, { server }) => {
      const counts: number[] = []
      for (const retry of [quickly, { ...quickly, limit: 3 }, 0]) {
        const before = server.arrivals.length
        await api("a", { retry }).catch(() => undefined)
        counts.push(server.arrivals.length - before)
      }
      return counts
    },
    gives: [3, 4, 1],
  },
  {
    name: "the body is sent again, of every kind",
    documentation,
    answer: (_arrival, index) => (index % 2 === 0 ? { status: 503 } : {}),
    run: async ({ api }, { server }) => {
      const form = new FormData()
      form.append("a", "b")
      const bodies = ["text", Uint8Array.of(1), new Blob(["blob"]), new URLSearchParams({ a: "b" }), form]
      for (const body of bodies) await api.put("a", { body, retry: quickly })
      await api.put("a", { json: { a: 1 }, retry: quickly })
      const type = (value = ""): string => value.replace(/boundary=.*/, "")
      return server.arrivals.map(({ headers, body }) => `${type(headers["content-type"])} ${body.length}`)
    },
    gives: expect.objectContaining({ length: 12 }),
  },
  {
    name: "a stream is sent again",
    documentation: readme("streaming-request-bodies"),
    answer: unavailable(1),
    run: async ({ api }, { server }) => {
      await api.put("a", { body: new Blob(["hel", "lo"]).stream(), retry: quickly, duplex: "half" } as Options)
      return server.arrivals.map(({ body }) => `${body}`)
    },
    gives: ["hello", "hello"],
    differs: {
      because:
        "A stream up to 12 MB is read first, so that it can be signed and sent again; it goes out with its length in place of chunks.",
      onTheWire: true,
    },
  },
  {
    name: "methods: not POST by default, others by choice",
    documentation,
    answer: () => ({ status: 503 }),
    run: async ({ api }, { server }) => {
      const targets = [
        api.post("post", { retry: quickly }),
        api.post("chosen", { retry: { ...quickly, limit: 1, methods: ["post"] } }),
        api.get("not-chosen", { retry: { ...quickly, methods: ["post"] } }),
      ]
      await Promise.allSettled(targets)
      return server.arrivals.map(({ target }) => target).sort()
    },
    gives: ["/chosen", "/chosen", "/not-chosen", "/post"],
  },
  {
    name: "statusCodes: by default and by choice",
    documentation,
    answer: ({ target }) => ({ status: Number(target.slice(1)) }),
    run: async ({ api }, { server }) => {
      const retry = { ...quickly, limit: 1 }
      for (const path of ["400", "404", "408", "429", "500", "501", "502", "503", "504"]) {
        await api(path, { retry }).catch(() => undefined)
      }
      await api("418", { retry: { ...retry, statusCodes: [418] } }).catch(() => undefined)
      return server.arrivals.map(({ target }) => target.slice(1)).join(" ")
    },
    gives: "400 404 408 408 429 429 500 500 501 502 502 503 503 504 504 418 418",
  },
  {
    name: "afterStatusCodes: waits as Retry-After says, in seconds or as a date",
    documentation,
    answer: (_arrival, index) => {
      const after = index === 0 ? "0" : new Date(0).toUTCString()
      return index < 2 ? { status: 429, headers: { "retry-after": after } } : {}
    },
    run: async ({ api }, { server }) => {
      const delays: number[] = []
      const delay = (count: number): number => delays.push(count)
      const answer = await api("a", { retry: { delay } })
      return [answer.status, server.arrivals.length, delays]
    },
    gives: [200, 3, []],
  },
  {
    name: "afterStatusCodes: Retry-After of another status counts for nothing",
    documentation,
    answer: (_arrival, index) => (index === 0 ? { status: 503, headers: { "retry-after": "100" } } : {}),
    run: async ({ api }) => {
      const delays: number[] = []
      const delay = (count: number): number => delays.push(count)
      await api("a", { retry: { delay, afterStatusCodes: [429] } })
      return delays
    },
    gives: [1],
  },
  {
    name: "maxRetryAfter: bounds what Retry-After says",
    documentation,
    answer: (_arrival, index) => (index === 0 ? { status: 503, headers: { "retry-after": "100" } } : {}),
    run: async ({ api }) => (await api("a", { retry: { maxRetryAfter: 10 } })).status,
    gives: 200,
  },
  {
    name: "RateLimit-Reset in place of Retry-After",
    documentation,
    answer: (_arrival, index) => (index === 0 ? { status: 429, headers: { "ratelimit-reset": "100" } } : {}),
    run: async ({ api }) => (await api("a", { retry: { maxRetryAfter: 10 } })).status,
    gives: 200,
  },
  {
    name: "delay: told the number of the attempt; backoffLimit: bounds it",
    documentation,
    answer: unavailable(2),
    run: async ({ api }) => {
      const counts: number[] = []
      const delay = (count: number): number => {
        counts.push(count)
        return 60_000
      }
      const answer = await api("a", { retry: { delay, backoffLimit: 1 } })
      return [answer.status, counts]
    },
    gives: [200, [1, 2]],
  },
  {
    name: "jitter: a function of the delay",
    documentation,
    releases: SINCE_1_14,
    answer: unavailable(1),
    run: async ({ api }) => {
      const seen: number[] = []
      const jitter = (delay: number): number => {
        seen.push(delay)
        return 1
      }
      const retry = { delay: () => 60_000, jitter } as Options["retry"] & {}
      return [(await api("a", { retry })).status, seen]
    },
    gives: [200, [60_000]],
  },
  {
    name: "retryOnTimeout: an attempt that took too long is repeated",
    documentation,
    releases: SINCE_1_14,
    answer: (_arrival, index) => (index === 0 ? new Promise(() => undefined) : {}),
    run: async ({ api }, { server, limitMs }) => {
      const retry = { ...quickly, retryOnTimeout: true } as Options["retry"] & {}
      const answer = await api("a", { retry, timeout: limitMs })
      return [answer.status, server.arrivals.length]
    },
    gives: [200, 2],
  },
  {
    name: "shouldRetry: decides, told the error and the count",
    documentation,
    releases: SINCE_1_14,
    answer: (_arrival, index) => ({ status: [418, 503][index] ?? 500 }),
    run: async ({ api, module }, { server }) => {
      const seen: unknown[] = []
      const shouldRetry = ({ error, retryCount }: { error: Error; retryCount: number }): boolean | undefined => {
        const { status } = (error as InstanceType<typeof module.HTTPError>).response
        seen.push([error instanceof module.HTTPError, status, retryCount])
        return status === 418 ? true : status === 500 ? false : undefined
      }
      const retry = { ...quickly, limit: 5, shouldRetry } as Options["retry"] & {}
      const error = await api("a", { retry }).catch((thrown: unknown) => thrown)
      return [seen, server.arrivals.length, error instanceof module.HTTPError && error.response.status]
    },
    gives: [
      [
        [true, 418, 1],
        [true, 503, 2],
        [true, 500, 3],
      ],
      3,
      500,
    ],
  },
  {
    name: "a connection that breaks is tried again",
    documentation,
    run: async ({ api }, { listen }) => {
      let count = 0
      const url = await listen((request, response) => {
        count += 1
        if (count === 1) request.socket.destroy()
        else response.end("well")
      })
      return [await api(new URL(url), { retry: quickly }).text(), count]
    },
    gives: ["well", 2],
  },
  {
    name: "beforeRetry: told request, options, error and count; changes the request",
    documentation: readme("hooksbeforeretry"),
    answer: unavailable(2),
    run: async ({ create, module }, { server }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        beforeRetry: [
          ({ request, options, error, retryCount }) => {
            request.headers.set("x-retry", String(retryCount))
            const isHttpError = error instanceof module.HTTPError
            seen.push([
              request.method,
              request.url,
              options.retry.limit,
              isHttpError,
              error.response?.status,
              retryCount,
            ])
          },
        ],
      })
      await create({ hooks, retry: quickly }).put("a", { json: 1 })
      return [seen, server.arrivals.map(({ headers }) => headers["x-retry"])]
    },
    gives: [
      [
        ["PUT", "http://server-1/a", 2, true, 503, 1],
        ["PUT", "http://server-1/a", 2, true, 503, 2],
      ],
      [undefined, "1", "2"],
    ],
  },
  {
    name: "beforeRetry: ends retries by an error, or by ky.stop",
    documentation: readme("kystop"),
    answer: unavailable(2),
    run: async ({ create, module }, { server }) => {
      const failing = hooksOf({
        beforeRetry: [
          () => {
            throw new RangeError("enough")
          },
        ],
      })
      const stopping = hooksOf({ beforeRetry: [() => module.default.stop, () => expect.unreachable()] })
      const error = await create({ hooks: failing, retry: quickly })("a").catch((thrown: unknown) => String(thrown))
      const nothing = await create({ hooks: stopping, retry: quickly })("a")
      return [error, nothing, server.arrivals.length]
    },
    gives: ["RangeError: enough", undefined, 2],
  },
  {
    name: "beforeRetry: replaces the request, or gives a response instead",
    documentation: readme("hooksbeforeretry"),
    releases: SINCE_1_14,
    answer: ({ target }) => (target === "/a" ? { status: 503 } : { body: target }),
    run: async ({ create }, { server }) => {
      const replacing = hooksOf({ beforeRetry: [({ request }) => new Request(`${server.url}/other`, request)] })
      const answering = hooksOf({ beforeRetry: [() => new Response("own")] })
      return [
        await create({ hooks: replacing, retry: quickly })("a").text(),
        await create({ hooks: answering, retry: quickly })("a").text(),
      ]
    },
    gives: ["/other", "own"],
  },
  {
    name: "ky.retry: asked for by afterResponse, with delay, code, cause and request",
    documentation: readme("kyretryoptions"),
    releases: SINCE_1_14,
    answer: ({ target }, index) => ({ body: `${target} ${index}` }),
    run: async ({ create, module }, { server }) => {
      const seen: unknown[] = []
      const hooks = hooksOf({
        afterResponse: [
          async ({ response, retryCount }) => {
            const cause = new Error(await response.text())
            const request = new Request(`${server.url}/backup`, { headers: { "x-own": "1" } })
            return retryCount === 0 ? module.default.retry({ delay: 1, code: "BACKUP", cause, request }) : undefined
          },
        ],
        beforeRetry: [
          ({ error }) => seen.push([error.name, error.message, (error.cause as Error | undefined)?.message]),
        ],
      })
      const text = await create({ hooks, retry: quickly })("a").text()
      return [text, seen, server.arrivals.map(({ target, headers }) => [target, headers["x-own"]])]
    },
    gives: [
      "/backup 1",
      [["ForceRetryError", expect.stringContaining("BACKUP"), "/a 0"]],
      [
        ["/a", undefined],
        ["/backup", "1"],
      ],
    ],
  },
  {
    name: "ky.retry: ends at the limit with a ForceRetryError",
    documentation: readme("kyretryoptions"),
    releases: SINCE_2,
    run: async ({ create, module }, { server }) => {
      const hooks = hooksOf({ afterResponse: [() => module.default.retry({ delay: 1, code: "AGAIN" })] })
      const error = await create({ hooks, retry: { limit: 1 } })("a").catch((thrown: unknown) => thrown)
      return [module.isForceRetryError(error), String(error), server.arrivals.length]
    },
    gives: [true, "ForceRetryError: Forced retry: AGAIN", 2],
  },
]
