import axios from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section, textOf } from "./axios-feature.ts"

const timeouts = section("handling-timeouts")
const signals = section("abortcontroller")
const tokens = section("canceltoken-deprecated")

const never = (): Promise<never> => new Promise(() => undefined)
const aborting = (limitMs: number, reason?: unknown): AbortSignal => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), limitMs)
  return controller.signal
}
const transitional = { ...axios.defaults.transitional, clarifyTimeoutError: true }
const timedOut = expect.objectContaining({
  name: "AxiosError",
  message: expect.stringMatching(/^timeout of \d+ms exceeded$/),
})
const canceled = expect.objectContaining({ name: "CanceledError", code: "ERR_CANCELED", kinds: [true, true] })

export const limits = [
  timeouts(
    "timeout ends a request that is not answered",
    async (api, { limitMs }) => failure(api.get("/x", { timeout: limitMs })),
    {
      releases: on.allButOldestFetch,
      answer: never,
      gives: timedOut,
    },
  ),
  timeouts(
    "timeout of the instance holds too",
    async (api, { limitMs }) => {
      api.defaults.timeout = limitMs
      return failure(api.post("/x", { a: 1 }))
    },
    { releases: on.allButOldestFetch, answer: never, gives: timedOut },
  ),
  timeouts(
    "timeout ends an answer that does not end",
    async (api, { listen, limitMs }) => {
      api.defaults.baseURL = await listen((_, response) => response.write("begun"))
      return failure(api.get("/x", { timeout: limitMs }))
    },
    {
      releases: on.allButOldestFetch,
      differs: {
        because: "axios' http adapter alone takes its own timeout for an answer that broke off.",
        gives: timedOut,
        releases: on.http,
      },
    },
  ),
  timeouts(
    "timeoutErrorMessage is the message",
    async (api, { limitMs }) => failure(api.get("/x", { timeout: limitMs, timeoutErrorMessage: "too late" })),
    { releases: on.http, answer: never, gives: expect.objectContaining({ message: "too late" }) },
  ),
  timeouts(
    "transitional: clarifyTimeoutError tells a timeout by its code",
    async (api, { limitMs }) => failure(api.get("/x", { timeout: limitMs, transitional })),
    { releases: on.http, answer: never, gives: expect.objectContaining({ code: "ETIMEDOUT" }) },
  ),
  timeouts(
    "timeout that is kept, or zero, does nothing",
    async (api) => [(await api.get("/x", { timeout: 5_000 })).status, (await api.get("/x", { timeout: 0 })).status],
    { gives: [200, 200] },
  ),
  timeouts(
    "timeout may be a numeral, and nothing else",
    async (api, { limitMs }) => [
      await failure(api.get("/x", { timeout: String(limitMs) as unknown as number })),
      await failure(api.get("/x", { timeout: "soon" as unknown as number })),
    ],
    { releases: on.http, answer: never, gives: [timedOut, expect.objectContaining({ code: "ERR_BAD_OPTION_VALUE" })] },
  ),
  signals(
    "signal ends a request under way",
    async (api, { limitMs }) => failure(api.get("/x", { signal: aborting(limitMs) })),
    {
      answer: never,
      gives: canceled,
    },
  ),
  signals(
    "signal ends a request whatever its reason",
    async (api, { limitMs }) => failure(api.get("/x", { signal: aborting(limitMs, new Error("mine")) })),
    { answer: never, gives: expect.objectContaining({ kinds: [true, expect.any(Boolean)] }) },
  ),
  signals(
    "AbortSignal.timeout ends a request",
    async (api, { limitMs }) => failure(api.get("/x", { signal: AbortSignal.timeout(limitMs) })),
    {
      answer: never,
      gives: canceled,
    },
  ),
  signals(
    "signal that was aborted before lets nothing be sent",
    async (api, { server }) => [await failure(api.get("/x", { signal: AbortSignal.abort() })), server.arrivals.length],
    { gives: [canceled, 0] },
  ),
  signals(
    "signal ends an upload",
    async (api, { listen, limitMs }) => {
      api.defaults.baseURL = await listen((request) => request.pause())
      return failure(api.post("/x", Buffer.alloc(1_000_000), { signal: aborting(limitMs) }))
    },
    { gives: canceled },
  ),
  signals("signal ends an answer that is read as a stream", async (api, { listen, limitMs }) => {
    api.defaults.baseURL = await listen((_, response) => response.write("begun"))
    const { data } = await api.get("/x", { responseType: "stream", signal: aborting(limitMs) })
    const { name, code } = await errorOf(textOf(data))
    return [name, code]
  }),
  signals(
    "signal is free of listeners afterwards",
    async (api) => {
      const listening = new Set<unknown>()
      const { signal } = new AbortController()
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
        listening.add(given[1])
        addEventListener.apply(signal, given)
      }
      signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
        listening.delete(given[1])
        removeEventListener.apply(signal, given)
      }
      await api.get("/x", { signal })
      return listening.size
    },
    { releases: on.http, gives: 0 },
  ),
  tokens(
    "cancelToken of CancelToken.source ends a request, with its own message",
    async (api, { limitMs }) => {
      const { token, cancel } = axios.CancelToken.source()
      setTimeout(() => cancel("no longer wanted"), limitMs)
      return failure(api.get("/x", { cancelToken: token }))
    },
    { releases: on.allButOldestFetch, answer: never, gives: expect.objectContaining({ message: "no longer wanted" }) },
  ),
  tokens(
    "cancelToken of an executor that cancels before lets nothing be sent",
    async (api, { server }) => {
      const cancelToken = new axios.CancelToken((cancel) => cancel("before"))
      return [await failure(api.get("/x", { cancelToken })), server.arrivals.length]
    },
    { gives: [expect.objectContaining({ message: "before" }), 0] },
  ),
  tokens(
    "cancelToken ends several requests at once, also beside a signal",
    async (api, { limitMs }) => {
      const { token, cancel } = axios.CancelToken.source()
      setTimeout(() => cancel("all"), limitMs)
      const { signal } = new AbortController()
      const ended = [api.get("/x", { cancelToken: token, signal }), api.post("/x", {}, { cancelToken: token })]
      return Promise.all(ended.map(failure))
    },
    { releases: on.allButOldestFetch, answer: never },
  ),
]
