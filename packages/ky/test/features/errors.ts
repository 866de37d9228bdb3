import { arrived, errorFacts } from "@countersign/testkit"
import type { HTTPError, NetworkError, Options, TimeoutError } from "ky"
import { expect } from "vitest"
import { type KyFeature, quickly, readme, SINCE_1_14, SINCE_2 } from "./ky-client.ts"

const stuck = (): Promise<never> => new Promise(() => undefined)
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  )

/** Error classes and their members, timeouts, aborts. */
export const errors: readonly KyFeature[] = [
  {
    name: "HTTPError: class, name, message, properties",
    documentation: readme("httperror"),
    answer: () => ({ status: 404, body: '{"gone":true}' }),
    run: async ({ api, module }) => {
      const error = await thrownBy(api("a?b=c"))
      return [error instanceof module.HTTPError, await errorFacts(Promise.reject(error))]
    },
    gives: [
      true,
      expect.objectContaining({
        name: "HTTPError",
        message: "Request failed with status code 404 Not Found: GET http://server-1/a?b=c",
      }),
    ],
  },
  {
    name: "HTTPError: response, request and options",
    documentation: readme("httperror"),
    answer: () => ({ status: 500, headers: { "x-own": "1" }, body: '{"gone":true}' }),
    run: async ({ api }) => {
      const error = (await thrownBy(api.post("a", { json: { a: 1 }, headers: { "x-mine": "1" } }))) as HTTPError
      const { response, request, options } = error
      return {
        response: [response.status, response.url, response.headers.get("x-own"), response instanceof Response],
        request: [request.method, request.url, [...request.headers].flat(), request instanceof Request],
        options: [options.method, options.retry.limit, Object.keys(options).sort().join(" ")],
      }
    },
    gives: {
      response: [500, "http://server-1/a", "1", true],
      request: ["POST", "http://server-1/a", ["content-type", "application/json", "x-mine", "1"], true],
      options: ["POST", 2, expect.stringContaining("headers")],
    },
  },
  {
    name: "HTTPError: the body of its response can be read",
    documentation: "https://github.com/sindresorhus/ky/tree/v1.7.0#httperror",
    releases: ["ky 1.7"],
    answer: () => ({ status: 404, body: '{"gone":true}' }),
    run: async ({ api }) => ((await thrownBy(api("a"))) as HTTPError).response.json(),
    gives: { gone: true },
  },
  {
    name: "HTTPError: data, parsed as its type says",
    documentation: readme("httperror"),
    releases: SINCE_2,
    answer: ({ target }) => ({
      status: 404,
      headers: { "content-type": target === "/text" ? "text/plain" : "application/json" },
      body: target === "/empty" ? "" : '{"gone":true}',
    }),
    run: async ({ api }) => {
      const dataOf = async (path: string): Promise<unknown> => ((await thrownBy(api(path))) as HTTPError).data
      return [await dataOf("json"), await dataOf("text"), await dataOf("empty")]
    },
    gives: [{ gone: true }, '{"gone":true}', undefined],
  },
  {
    name: "type guards and the common class of errors",
    documentation: readme("kyerror"),
    releases: SINCE_2,
    answer: () => ({ status: 404 }),
    run: async ({ api, module }) => {
      const error = await thrownBy(api("a"))
      const { isKyError, isHTTPError, isNetworkError, isTimeoutError, isForceRetryError } = module
      const guards = [isKyError, isHTTPError, isNetworkError, isTimeoutError, isForceRetryError]
      return [error instanceof module.KyError, guards.map((guard) => guard(error))]
    },
    gives: [true, [true, true, false, false, false]],
  },
  {
    name: "a rejected credential is an HTTPError",
    documentation: readme("httperror"),
    answer: () => ({ status: 401, body: '{"error_code":"APIGW.0301"}' }),
    run: async ({ api, module }) => {
      const error = await thrownBy(api("a"))
      return error instanceof module.HTTPError && [error.response.status, error.message]
    },
    gives: [401, "Request failed with status code 401 Unauthorized: GET http://server-1/a"],
    differs: {
      because:
        "A request that was rejected with 401 is sent once more with a fresh credential before the caller is told.",
      onTheWire: true,
    },
  },
  {
    name: "timeout: a TimeoutError with the request",
    documentation: readme("timeouterror"),
    answer: stuck,
    run: async ({ api, module }, { limitMs }) => {
      const error = (await thrownBy(api("a", { timeout: limitMs }))) as TimeoutError
      const facts = await errorFacts(Promise.reject(error))
      return [error instanceof module.TimeoutError, facts, error.request.url, error.request.method]
    },
    gives: [
      true,
      expect.objectContaining({ name: "TimeoutError", message: "Request timed out: GET http://server-1/a" }),
      "http://server-1/a",
      "GET",
    ],
  },
  {
    name: "timeout: ends the connection too",
    documentation: readme("timeout"),
    run: async ({ api }, { listen, limitMs }) => {
      let closed: (value: string) => void
      const isClosed = new Promise<string>((resolve) => {
        closed = resolve
      })
      const url = await listen((request) => request.socket.once("close", () => closed("closed")))
      await thrownBy(api(new URL(url), { timeout: limitMs }))
      const patience = new Promise((resolve) => setTimeout(resolve, 5 * limitMs, "never closed"))
      return await Promise.race([isClosed, patience])
    },
    gives: "closed",
  },
  {
    name: "timeout: false, and none that a timer cannot keep",
    documentation: readme("timeout"),
    run: async ({ api }) => {
      const error = await thrownBy(api("a", { timeout: 2 ** 31 }))
      return [(await api("a", { timeout: false })).status, error instanceof RangeError]
    },
    gives: [200, true],
  },
  {
    name: "totalTimeout: of all attempts together",
    documentation: readme("totaltimeout"),
    releases: SINCE_2,
    answer: () => ({ status: 503 }),
    run: async ({ api, module }, { limitMs }) => {
      const error = await thrownBy(api("a", { totalTimeout: limitMs, retry: { limit: 9, delay: () => 60_000 } }))
      return [module.isTimeoutError(error), String(error)]
    },
    gives: [true, "TimeoutError: Request timed out: GET http://server-1/a"],
  },
  {
    name: "timeout: of reading the body by a shortcut",
    documentation: readme("timeout"),
    releases: SINCE_2,
    run: async ({ api, module }, { listen, limitMs }) => {
      const url = await listen((_request, response) => response.write("begun"))
      return module.isTimeoutError(await thrownBy(api(new URL(url), { timeout: limitMs }).text()))
    },
    gives: true,
  },
  {
    name: "a network error: a NetworkError with request and cause",
    documentation: readme("networkerror"),
    releases: SINCE_2,
    run: async ({ api, module }) => {
      const error = (await thrownBy(api(new URL("http://127.0.0.1:1/a"), { retry: 0 }))) as NetworkError
      const facts = await errorFacts(Promise.reject(error))
      return [module.isNetworkError(error), facts, error.request.url]
    },
    gives: [
      true,
      expect.objectContaining({
        name: "NetworkError",
        properties: expect.arrayContaining(["request"]),
        cause: expect.objectContaining({ name: "TypeError", message: "fetch failed" }),
      }),
      "http://127.0.0.1:1/a",
    ],
  },
  {
    name: "a network error: what fetch throws",
    documentation: "https://github.com/sindresorhus/ky/tree/v1.14.3#httperror",
    releases: ["ky 1.7", "ky 1.14"],
    run: async ({ api }) => errorFacts(api(new URL("http://127.0.0.1:1/a"), { retry: 0 })),
    gives: expect.objectContaining({ name: "TypeError", message: "fetch failed" }),
  },
  {
    name: "a body stream that fails: its error is the cause",
    documentation: readme("networkerror"),
    run: async ({ api }) => {
      const failure = new RangeError("of the stream")
      const body = new ReadableStream({ pull: (controller) => controller.error(failure) })
      const error = await thrownBy(api.post("a", { body, duplex: "half", retry: 0 } as Options))
      let cause = error
      while (cause instanceof Error && cause !== failure) cause = cause.cause
      return [(error as Error).name, cause === failure]
    },
    gives: [expect.stringMatching(/^(?:NetworkError|TypeError)$/), true],
    differs: {
      because: "A stream that has to be signed is read before there is a request, so the caller gets its error itself.",
      gives: ["RangeError", true],
      onlyWhereRead: true,
    },
  },
  {
    name: "signal: aborted before, and nothing is sent",
    documentation: readme("cancellation"),
    releases: SINCE_1_14,
    run: async ({ api }, { server }) => {
      const { name, message } = await errorFacts(api("before", { signal: AbortSignal.abort() }))
      return [name, message, server.arrivals.length]
    },
    gives: ["AbortError", "This operation was aborted", 0],
  },
  {
    name: "signal: an abort while waiting for the answer, while reading it, while waiting to retry",
    documentation: readme("cancellation"),
    answer: ({ target }) => (target === "/stuck" ? stuck() : { status: 503 }),
    run: async ({ api }, { listen, server, limitMs }) => {
      const begun = await listen((_request, response) => response.write("begun"))
      const factsOf = async (run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> => {
        const abort = new AbortController()
        setTimeout(() => abort.abort(), limitMs)
        const { name, code, message, classes } = await errorFacts(run(abort.signal))
        return [name, code, message, classes]
      }
      return [
        await factsOf((signal) => api("stuck", { signal })),
        await factsOf((signal) => api(new URL(begun), { signal }).text()),
        await factsOf((signal) => api("retry", { signal, retry: { delay: () => 60_000 } })),
        server.arrivals.map(({ target }) => target),
      ]
    },
    gives: [
      ...Array(3).fill(["AbortError", 20, "This operation was aborted", ["DOMException", "Error"]]),
      ["/stuck", "/retry"],
    ],
  },
  {
    name: "signal: with a reason of the caller's, which is what is thrown",
    documentation: readme("cancellation"),
    answer: stuck,
    run: async ({ api }, { server }) => {
      const abort = new AbortController()
      const reason = new RangeError("not needed any more")
      void arrived(server, 1).then(() => abort.abort(reason))
      return (await thrownBy(api("a", { signal: abort.signal, retry: 0 }))) === reason
    },
    gives: true,
  },
  {
    name: "signal: of a Request",
    documentation: readme("cancellation"),
    answer: stuck,
    run: async ({ api }, { server, limitMs }) => {
      const request = new Request(`${server.url}/a`, { signal: AbortSignal.timeout(limitMs) })
      const { name } = await errorFacts(api(request, { retry: quickly }))
      return name
    },
    gives: "TimeoutError",
  },
  {
    name: "onDownloadProgress: how much of what, with the chunk",
    documentation: readme("ondownloadprogress"),
    answer: () => ({ headers: { "content-length": "50000" }, body: "x".repeat(50_000) }),
    run: async ({ api }) => {
      let received = 0
      let last: unknown
      const onDownloadProgress = (progress: unknown, chunk: Uint8Array): void => {
        received += chunk.length
        last = progress
      }
      const text = await api("a", { onDownloadProgress }).text()
      return [text.length, received, last]
    },
    gives: [50_000, 50_000, { percent: 1, transferredBytes: 50_000, totalBytes: 50_000 }],
  },
  {
    name: "onUploadProgress: how much of what, for each kind of body",
    documentation: readme("onuploadprogress"),
    releases: SINCE_1_14,
    run: async ({ api }, { server }) => {
      const last: unknown[] = []
      for (const body of ["x".repeat(50_000), Buffer.alloc(50_000), new Blob(["x".repeat(50_000)])]) {
        let progress: unknown
        const onUploadProgress = (given: unknown): void => {
          progress = given
        }
        await api.post("a", { body, onUploadProgress })
        last.push(progress)
      }
      return [last, server.arrivals.map(({ body }) => body.length)]
    },
    gives: [Array(3).fill({ percent: 1, transferredBytes: 50_000, totalBytes: 50_000 }), [50_000, 50_000, 50_000]],
    differs: {
      because:
        "ky makes a stream of the body to count it; to be signed it is read first, and goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
]
