import { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section } from "./axios-feature.ts"

const intercepting = section("interceptors")
const order = section("interceptor-execution-order")
const several = section("multiple-interceptors")

function noting(): { ran: unknown[]; note: (name: string) => <T>(value: T) => T } {
  const ran: unknown[] = []
  const note =
    (name: string) =>
    <T>(value: T): T => {
      ran.push(name)
      return value
    }
  return { ran, note }
}

const names = ["first", "second", "third"]

function useAll(api: AxiosInstance, note: ReturnType<typeof noting>["note"], options = {}): void {
  for (const name of names) {
    api.interceptors.request.use(note(`request ${name}`), null, options)
    api.interceptors.response.use(note(`response ${name}`))
  }
}

export const interceptors = [
  order(
    "request interceptors run last to first, response interceptors first to last",
    async (api) => {
      const { ran, note } = noting()
      useAll(api, note)
      await api.get("/x", { transformRequest: note("transform"), transformResponse: note("transformed") })
      return ran
    },
    {
      gives: [
        ...names.toReversed().map((name) => `request ${name}`),
        "transform",
        "transformed",
        ...names.map((name) => `response ${name}`),
      ],
    },
  ),
  order(
    "transitional: legacyInterceptorReqResOrdering: false runs request interceptors first to last",
    async (api) => {
      const { ran, note } = noting()
      useAll(api, note)
      await api.get("/x", { transitional: { legacyInterceptorReqResOrdering: false } })
      return ran
    },
    {
      releases: on.newest,
      gives: [...names.map((name) => `request ${name}`), ...names.map((name) => `response ${name}`)],
    },
  ),
  intercepting(
    "request interceptors change the config, one after the other, whether they wait or not",
    async (api, { server: { arrivals } }) => {
      api.interceptors.request.use((config) => {
        config.headers.set("X-Seen", config.url)
        config.params = { a: 1 }
        return config
      })
      api.interceptors.request.use(async (config) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return { ...config, url: "/changed", data: { b: 2 }, method: "put" }
      })
      await api.post("/x", "given")
      return arrivals.map(({ method, target, headers, body }) => [method, target, headers["x-seen"], `${body}`])
    },
    { gives: [["PUT", "/changed?a=1", "/changed", '{"b":2}']] },
  ),
  intercepting(
    "synchronous interceptors have all run when the call comes back",
    async (api) => {
      const { ran, note } = noting()
      useAll(api, note, { synchronous: true })
      const sent = api.get("/x")
      ran.push("called")
      await sent
      return ran
    },
    { gives: expect.arrayContaining(["request third", "request second", "request first", "called"]) },
  ),
  intercepting(
    "without any interceptor that waits the adapter is called at once",
    async (api) => {
      const ran: string[] = []
      const adapter = async (config: InternalAxiosRequestConfig) => {
        ran.push("sent")
        return { data: "", status: 200, statusText: "", headers: {}, config }
      }
      const sent = api.get("/x", { adapter })
      await Promise.resolve()
      ran.push("a tick later")
      await sent
      return ran.length
    },
    { gives: 2 },
  ),
  intercepting(
    "runWhen leaves an interceptor out",
    async (api, { server: { arrivals } }) => {
      const mark = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
        config.headers.set("X-Marked", "1")
        return config
      }
      api.interceptors.request.use(mark, null, { runWhen: ({ method }) => method === "post" })
      await api.get("/x")
      await api.post("/x")
      return arrivals.map(({ headers }) => headers["x-marked"])
    },
    { gives: [undefined, "1"] },
  ),
  intercepting(
    "eject and clear take interceptors away",
    async (api) => {
      const { ran, note } = noting()
      const { request, response } = api.interceptors
      const id = request.use(note("ejected"))
      request.use(note("kept"))
      request.eject(id)
      await api.get("/x")
      response.use(note("cleared"))
      response.clear()
      await api.get("/x")
      return ran
    },
    { gives: ["kept", "kept"] },
  ),
  intercepting(
    "a request interceptor that throws ends the request, by way of rejection handlers",
    async (api, { server }) => {
      const { ran, note } = noting()
      api.interceptors.request.use(note("left out"), (error: Error) => {
        ran.push(error.message)
        throw new AxiosError("handled", "MINE")
      })
      api.interceptors.request.use(() => {
        throw new Error("mine")
      })
      api.interceptors.response.use(note("left out, too"), (error: AxiosError) => {
        ran.push(error.code)
        throw error
      })
      return [await failure(api.get("/x")), ran, server.arrivals.length]
    },
    { gives: [expect.objectContaining({ code: "MINE" }), ["mine", "MINE"], 0] },
  ),
  intercepting(
    "a synchronous request interceptor that throws has its own rejection handler called",
    async (api, { server }) => {
      const ran: unknown[] = []
      const fails = (): never => {
        throw new Error("mine")
      }
      const note = (error: Error): void => {
        ran.push(error.message)
      }
      api.interceptors.request.use(fails, note, { synchronous: true })
      const sent = await api.get("/x").then(
        ({ status }) => status,
        (error: Error) => error.message,
      )
      return [sent, ran, server.arrivals.length]
    },
    { gives: [200, ["mine"], 1] },
  ),
  several(
    "response interceptors get what the one before gave; a throw leads to the next rejection handler",
    async (api) => {
      api.interceptors.response.use((response) => ({ ...response, data: ["first", response.data] }))
      api.interceptors.response.use(() => {
        throw new Error("second")
      })
      api.interceptors.response.use(() => ({ never: true }) as never)
      api.interceptors.response.use(undefined, (error: Error) => ({ caught: error.message }))
      api.interceptors.response.use((value) => ({ last: value }) as never)
      return api.get("/x")
    },
    { gives: { last: { caught: "second" } } },
  ),
  intercepting(
    "a response interceptor sees each error, and may answer it or send again",
    async (api) => {
      const seen: unknown[] = []
      api.interceptors.response.use(undefined, async (error: AxiosError) => {
        seen.push(error.response?.status, error.config?.url)
        if (error.config === undefined || seen.length > 2) throw error
        return api.request(error.config)
      })
      const { status, data } = await api.post("/x", { a: 1 })
      return [seen, status, data]
    },
    {
      answer: ({ body }, index) => (index === 0 ? { status: 503 } : { body: body.toString() }),
      gives: [[503, "/x"], 200, { a: 1 }],
    },
  ),
  intercepting(
    "an error of one interceptor does not show in the next request",
    async (api) => {
      let calls = 0
      api.interceptors.request.use((config) => {
        calls += 1
        if (calls === 1) throw new Error("mine")
        return config
      })
      return [(await errorOf(api.get("/x"))).message, (await api.get("/x")).status]
    },
    { gives: ["mine", 200] },
  ),
]
