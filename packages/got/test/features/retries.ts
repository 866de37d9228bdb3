import { Readable } from "node:stream"
import type { RetryOptions } from "got"
import { expect } from "vitest"
import { errorOf, failure, on, page, retrying } from "./got-feature.ts"

const retry = page("7-retry")

const unavailable = (_: unknown, index: number): { status?: number } => (index < 2 ? { status: 503 } : {})

export const retries = [
  retry(
    "retry",
    "a request that is answered with 503 is sent again, as often as limit says",
    async ({ api }, { server: { arrivals } }) => {
      const { statusCode, retryCount } = await api("x", { retry: retrying(2) })
      return [statusCode, retryCount, arrivals.length]
    },
    { answer: unavailable, gives: [200, 2, 3] },
  ),
  retry(
    "limit",
    "limit ends it, and 0 lets nothing be sent again",
    async ({ api }, { server: { arrivals } }) => {
      const { name, response } = await errorOf(api("x", { retry: retrying(1) }))
      return [name, response?.retryCount, (await errorOf(api("x", { retry: { limit: 0 } }))).name, arrivals.length]
    },
    { answer: () => ({ status: 503 }), gives: ["HTTPError", 1, "HTTPError", 3] },
  ),
  retry(
    "methods",
    "methods says which may be sent again; POST only if it is named, with its body",
    async ({ api }, { server: { arrivals } }) => {
      const { name } = await errorOf(api.post("not", { json: { a: 1 }, retry: retrying(2) }))
      const { retryCount } = await api.post("named", { json: { a: 1 }, retry: { ...retrying(2), methods: ["POST"] } })
      return [name, retryCount, arrivals.map(({ target, body }) => `${target} ${body}`)]
    },
    {
      answer: ({ target }, index) => (target === "/not" || index < 2 ? { status: 503 } : {}),
      gives: ["HTTPError", 1, ['/not {"a":1}', '/named {"a":1}', '/named {"a":1}']],
    },
  ),
  ...(["form", "body"] as const).map((kind) =>
    retry(
      "retry",
      `what is sent again has its ${kind}`,
      async ({ api }, { server: { arrivals } }) => {
        await api.put("x", { ...(kind === "form" ? { form: { a: 1 } } : { body: "text" }), retry: retrying(2) })
        return arrivals.map(({ body }) => `${body}`)
      },
      { answer: unavailable, gives: Array(3).fill(kind === "form" ? "a=1" : "text") },
    ),
  ),
  retry(
    "statuscodes",
    "statusCodes says after which answers",
    async ({ api }, { server: { arrivals } }) => {
      const settings = { ...retrying(1), statusCodes: [418] }
      return [
        (await api("418", { retry: settings })).statusCode,
        (await errorOf(api("503", { retry: settings }))).name,
        arrivals.length,
      ]
    },
    {
      answer: ({ target }, index) => (index === 0 || target === "/503" ? { status: Number(target.slice(1)) } : {}),
      gives: [200, "HTTPError", 3],
    },
  ),
  retry(
    "errorcodes",
    "errorCodes says after which failures",
    async ({ api }, { listen }) => {
      let calls = 0
      const prefixUrl = await listen((request, response) => {
        calls += 1
        if (calls < 3) request.destroy()
        else response.end("at last")
      })
      const { body, retryCount } = await api("x", { prefixUrl, retry: retrying(3) })
      calls = 0
      const { code } = await errorOf(api("x", { prefixUrl, retry: { ...retrying(3), errorCodes: ["EPIPE"] } }))
      return [body, retryCount, code, calls]
    },
    { gives: ["at last", 2, "ECONNRESET", 1] },
  ),
  retry(
    "maxretryafter",
    "Retry-After says how long to wait, and maxRetryAfter how long is too long",
    async ({ api }) => {
      const seen: unknown[] = []
      const calculateDelay: RetryOptions["calculateDelay"] = ({ computedValue, retryAfter }) => {
        seen.push(computedValue, retryAfter)
        return computedValue === 0 ? 0 : 1
      }
      await api("x", { retry: { limit: 2, calculateDelay } })
      return [seen, (await errorOf(api("long", { retry: { limit: 2, maxRetryAfter: 1_000 } }))).name]
    },
    {
      answer: ({ target }, index) =>
        target === "/long" || index < 2 ? { status: 429, headers: { "retry-after": "3" } } : {},
      gives: [[3_000, 3_000, 3_000, 3_000], "HTTPError"],
    },
  ),
  retry(
    "calculatedelay",
    "calculateDelay is told of attempt, error and delay, and may end it",
    async ({ api }, { server: { arrivals } }) => {
      const seen: unknown[] = []
      const calculateDelay: RetryOptions["calculateDelay"] = ({ attemptCount, retryOptions, error, computedValue }) => {
        seen.push([
          attemptCount,
          retryOptions.limit,
          error.name,
          error.code,
          error.response?.statusCode,
          computedValue > 0,
        ])
        return attemptCount < 2 ? 1 : 0
      }
      const { name } = await errorOf(api("x", { retry: { limit: 5, calculateDelay } }))
      return [seen, name, arrivals.length]
    },
    {
      answer: () => ({ status: 500 }),
      gives: [
        [1, 2].map((attempt) => [attempt, 5, "HTTPError", "ERR_NON_2XX_3XX_RESPONSE", 500, true]),
        "HTTPError",
        2,
      ],
    },
  ),
  retry(
    "calculatedelay",
    "calculateDelay may be asked also where the rules say no",
    async ({ api }, { server: { arrivals } }) => {
      const settings = {
        limit: 0,
        enforceRetryRules: false,
        calculateDelay: ({ attemptCount }: { attemptCount: number }) => (attemptCount < 3 ? 1 : 0),
      }
      await errorOf(api.post("x", { retry: settings }))
      return arrivals.length
    },
    { releases: on.newest, answer: () => ({ status: 400 }), gives: 3 },
  ),
  retry(
    "backofflimit",
    "backoffLimit and noise bound the delay",
    async ({ api }) => {
      const delays: number[] = []
      const calculateDelay: RetryOptions["calculateDelay"] = ({ computedValue }) => {
        delays.push(computedValue)
        return computedValue === 0 ? 0 : 1
      }
      await api("x", { retry: { limit: 2, backoffLimit: 1_500, noise: 0, calculateDelay } })
      return delays
    },
    { answer: unavailable, gives: [1_000, 1_500] },
  ),
  retry(
    "retry",
    "a stream that is spent cannot be sent again",
    async ({ api }, { server: { arrivals } }) => {
      const body = Readable.from([Buffer.from("a")], { objectMode: false })
      const { name, message } = await failure(
        api.put("x", { body, headers: { "content-length": "1", ...unsigned }, retry: retrying(2) }),
      )
      return [name, message, arrivals.length]
    },
    { answer: () => ({ status: 503 }), gives: ["HTTPError", expect.any(String), 1] },
  ),
  retry(
    "retry",
    "a timeout is followed by another attempt",
    async ({ api }, { server: { arrivals }, limitMs }) => {
      const { statusCode } = await api("x", { timeout: { response: limitMs }, retry: retrying(2) })
      return [statusCode, arrivals.length]
    },
    { answer: (_, index) => (index === 0 ? new Promise(() => undefined) : {}), gives: [200, 2] },
  ),
]

/** A stream that is not read for a signature is spent after it was sent. */
const unsigned = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
