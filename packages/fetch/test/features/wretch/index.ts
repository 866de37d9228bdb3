import type { Feature, FeatureList } from "@countersign/testkit"
import { expect } from "vitest"
import wretch, { type Wretch, type WretchError } from "wretch"
import * as addons from "wretch/addons"
import * as middlewares from "wretch/middlewares"
import wretch2 from "wretch-2"
import * as addons2 from "wretch-2/addons"
import * as middlewares2 from "wretch-2/middlewares"
import { fetchFor, version } from "../client-release.ts"

/** The parts of a release. */
interface WretchClient {
  api: Wretch
  addons: typeof addons
  middlewares: typeof middlewares
}

type WretchFeature = Feature<WretchClient>

const readme = (section: string): string => `https://github.com/elbywan/wretch#${section}`

const requests: readonly WretchFeature[] = [
  {
    name: "methods, URLs, headers, options",
    documentation: readme("http-methods-"),
    run: async ({ api }, { server }) => {
      const own = api.url("/api").headers({ "x-own": "1" }).accept("a/b").content("c/d").options({ cache: "no-store" })
      await own.get("/get").res()
      await own.url("?a=1").delete().res()
      await own.head("/head").res()
      await own.opts("/options").res()
      await own.post("text", "/post").res()
      await own.put("more text", "/put").res()
      await own.patch(undefined, "/patch").res()
      await own.fetch("REPORT", "/report").res()
      return server.arrivals.map(({ method, target, headers, body }) =>
        [method, target, headers["x-own"], headers.accept, headers["content-type"], body].join(" ").trim(),
      )
    },
    gives: expect.arrayContaining(["GET /api/get 1 a/b c/d", "POST /api/post 1 a/b c/d text"]),
  },
  {
    name: "bodies: objects as JSON, text, bytes, forms",
    documentation: readme("body-types-"),
    run: async ({ api }, { server }) => {
      const form = new FormData()
      form.append("a", "b")
      await api.json({ a: "ü" }).post().res()
      await api.post({ a: 1 }).res()
      await api.body("text").put().res()
      await api.body(Buffer.from("bytes")).put().res()
      await api
        .body(new URLSearchParams({ a: "b" }))
        .put()
        .res()
      await api.body(form).put().res()
      return server.arrivals.map(({ headers, body }) => [headers["content-type"]?.split(";")[0], body.length])
    },
    gives: [
      ["application/json", 10],
      ["application/json", 7],
      ["text/plain", 4],
      [undefined, 5],
      ["application/x-www-form-urlencoded", 3],
      ["multipart/form-data", expect.any(Number)],
    ],
  },
  {
    name: "answers: res, json, text, blob, arrayBuffer, formData, with callbacks",
    documentation: readme("response-types-"),
    answer: ({ target }) =>
      target === "/form"
        ? { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" }
        : { body: '{"a":1}' },
    run: async ({ api }) => [
      (await api.get("/").res()).status,
      await api.get("/").json(),
      await api.get("/").text(),
      await (await api.get("/").blob<Blob>()).text(),
      Buffer.from(await api.get("/").arrayBuffer<ArrayBuffer>()).toString(),
      [...(await api.get("/form").formData<FormData>())],
      await api.get("/").json((json) => ["called", json]),
    ],
    gives: [200, { a: 1 }, '{"a":1}', '{"a":1}', '{"a":1}', [["a", "b"]], ["called", { a: 1 }]],
  },
  {
    name: "catchers by status, by number, and for the network; the last error is the caller's",
    documentation: readme("catchers-"),
    answer: ({ target }) => ({ status: Number(target.slice(1)), body: '{"message":"no"}' }),
    run: async ({ api }) => {
      const caught = (error: WretchError): unknown => [error.status, error.message, error.response.status, error.url]
      const thrown: unknown = await api
        .get("/500")
        .json()
        .catch((error: unknown) => error)
      const isOwn = thrown instanceof Error && thrown.constructor.name
      return [
        await api.get("/404").notFound(caught).json(),
        await api.get("/400").badRequest(caught).json(),
        await api.get("/418").error(418, caught).json(),
        await api.catcher(409, caught).get("/409").json(),
        await api.url("http://127.0.0.1:2/", true).get().fetchError(String).json(),
        [isOwn, caught(thrown as WretchError), (thrown as WretchError).message],
      ]
    },
    gives: [
      [404, '{"message":"no"}', 404, "http://server-1/404"],
      [400, '{"message":"no"}', 400, "http://server-1/400"],
      [418, '{"message":"no"}', 418, "http://server-1/418"],
      [409, '{"message":"no"}', 409, "http://server-1/409"],
      "TypeError: fetch failed",
      ["WretchError", [500, '{"message":"no"}', 500, "http://server-1/500"], '{"message":"no"}'],
    ],
  },
  {
    name: "errorType: reads the body of an error as JSON",
    documentation: "https://github.com/elbywan/wretch/tree/2.11.1#helper-methods-",
    releases: ["wretch 2.11"],
    answer: () => ({ status: 404, body: '{"message":"no"}' }),
    run: async ({ api }) => {
      const chain = (api as unknown as { errorType(type: string): Wretch }).errorType("json").get("/404").res()
      const error: unknown = await chain.catch((thrown: unknown) => thrown)
      return (error as { json: unknown }).json
    },
    gives: { message: "no" },
  },
  {
    name: "resolve: catchers and answers for every request",
    documentation: readme("helper-methods-"),
    answer: ({ target }) => ({ status: target === "/404" ? 404 : 200, body: '{"a":1}' }),
    run: async ({ api }) => {
      const resolved = api.resolve((chain) => chain.notFound(() => "handled").json())
      return [await resolved.get("/404"), await resolved.get("/200")]
    },
    gives: ["handled", { a: 1 }],
  },
  {
    name: "a catcher sends the request again",
    documentation: readme("catchers-"),
    answer: ({ headers }) => (headers["x-fresh"] === undefined ? { status: 409 } : { body: "well" }),
    run: async ({ api }, { server }) => {
      const text = await api
        .post({ a: 1 }, "/")
        .error(409, (_error, request) => request.headers({ "x-fresh": "1" }).post({ a: 1 }).text())
        .text()
      return [text, server.arrivals.map(({ body }) => `${body}`)]
    },
    gives: ["well", ['{"a":1}', '{"a":1}']],
  },
  {
    name: "defer: changes each request late",
    documentation: readme("helper-methods-"),
    run: async ({ api }, { server }) => {
      const deferred = api.defer((own, url, { context }) =>
        own.headers({ "x-late": `${context} ${new URL(url).pathname}` }),
      )
      await deferred.options({ context: "own" }).get("/a").res()
      return server.arrivals[0]?.headers["x-late"]
    },
    gives: "own /a",
  },
]

const addonFeatures: readonly WretchFeature[] = [
  {
    name: "queryString",
    documentation: readme("querystring-"),
    run: async ({ api, addons }, { server }) => {
      const own = api
        .addon(addons.queryStringAddon)
        .url("/path")
        .query({ a: 1, b: [2, 3] })
      await own.query("four&five=6").get().res()
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/path?a=1&b=2&b=3&four&five=6"],
  },
  {
    name: "formData and formUrl",
    documentation: readme("formdata-"),
    run: async ({ api, addons }, { server }) => {
      const form = { duck: "Muscovy", legs: 2 }
      await api.addon(addons.formDataAddon).formData(form).post().res()
      await api.addon(addons.formUrlAddon).formUrl({ a: 1, b: "c d" }).post().res()
      const [multipart, encoded] = server.arrivals
      return [multipart?.body.includes("Muscovy"), encoded?.headers["content-type"], `${encoded?.body}`]
    },
    gives: [true, "application/x-www-form-urlencoded", "a=1&b=c%20d"],
  },
  {
    name: "abort: by a controller, with a catcher, and by a timeout",
    documentation: readme("abort-"),
    answer: () => new Promise(() => undefined),
    run: async ({ api, addons }, { limitMs }) => {
      const own = api.addon(addons.abortAddon())
      const [controller, chain] = own.get("/a").controller()
      const aborted = chain.onAbort((error) => `aborted: ${error.name}`).text()
      controller.abort()
      const late = own
        .get("/b")
        .setTimeout(limitMs)
        .onAbort((error) => `too late: ${error.name}`)
      return [await aborted, await late.text()]
    },
    gives: ["aborted: AbortError", "too late: AbortError"],
  },
  {
    name: "basicAuth",
    documentation: readme("basicauth-"),
    run: async ({ api, addons }, { server }) => {
      await api.addon(addons.basicAuthAddon).basicAuth("user", "pass").get("/").res()
      return server.arrivals[0]?.headers.authorization
    },
    gives: `Basic ${btoa("user:pass")}`,
  },
  {
    name: "progress of a download",
    documentation: readme("progress-"),
    answer: () => ({ headers: { "content-length": "50000" }, body: "x".repeat(50_000) }),
    run: async ({ api, addons }) => {
      let last: unknown
      const text = await api
        .addon(addons.progressAddon())
        .get("/")
        .progress((loaded, total) => {
          last = [loaded, total]
        })
        .text()
      return [text.length, last]
    },
    gives: [50_000, [50_000, 50_000]],
  },
]

const middlewareFeatures: readonly WretchFeature[] = [
  {
    name: "middlewares of the caller's, in order, around each request",
    documentation: readme("middlewares"),
    run: async ({ api }, { server }) => {
      const seen: string[] = []
      const named =
        (name: string) =>
        (next: (url: string, options: object) => Promise<Response>) =>
        async (url: string, options: object) => {
          seen.push(`${name} before`)
          const response = await next(url, {
            ...options,
            headers: { ...(options as RequestInit).headers, [`x-${name}`]: "1" },
          })
          seen.push(`${name} after ${response.status}`)
          return response
        }
      await api
        .middlewares([named("outer"), named("inner")])
        .get("/")
        .res()
      const [arrival] = server.arrivals
      return [seen, arrival?.headers["x-outer"], arrival?.headers["x-inner"]]
    },
    gives: [["outer before", "inner before", "inner after 200", "outer after 200"], "1", "1"],
  },
  {
    name: "retry: until it is well, or often enough, also after the network",
    documentation: readme("retry"),
    answer: ({ target }, index) => (target === "/never" || index < 2 ? { status: 503 } : { body: "well" }),
    run: async ({ api, middlewares }, { server }) => {
      const retries: number[] = []
      const retrying = (options: object) =>
        api.middlewares([middlewares.retry({ delayTimer: 1, maxAttempts: 3, ...options })])
      const text = await retrying({ onRetry: () => void retries.push(1) })
        .post({ a: 1 }, "/")
        .text()
      const status = await retrying({}).get("/never").text().catch(String)
      const failed = await retrying({ retryOnNetworkError: true, maxAttempts: 1 })
        .url("http://127.0.0.1:2/", true)
        .get()
        .res()
        .catch(String)
      return [
        text,
        retries.length,
        status,
        failed,
        server.arrivals.map(({ target, body }) => `${target} ${body}`.trim()),
      ]
    },
    gives: [
      "well",
      2,
      "Error: Number of attempts exceeded.",
      "TypeError: fetch failed",
      ['/ {"a":1}', '/ {"a":1}', '/ {"a":1}', "/never", "/never", "/never", "/never"],
    ],
  },
  {
    name: "dedupe, throttlingCache and delay",
    documentation: readme("dedupe"),
    answer: (_arrival, index) => ({ body: String(index) }),
    run: async ({ api, middlewares }, { server }) => {
      const deduped = api.middlewares([middlewares.dedupe()])
      const same = await Promise.all([deduped.get("/a").text(), deduped.get("/a").text()])
      const cached = api.middlewares([middlewares.throttlingCache({ throttle: 60_000 })])
      const again = [await cached.get("/b").text(), await cached.get("/b").text()]
      const late = await api
        .middlewares([middlewares.delay(1)])
        .get("/c")
        .text()
      return [same, again, late, server.arrivals.length]
    },
    gives: [["0", "0"], ["1", "1"], "2", 3],
  },
]

export const features: FeatureList<WretchClient> = {
  client: "wretch",
  concurrent: true,
  releases: [
    {
      name: "wretch 3",
      version: version("wretch"),
      connect: (setup) => ({
        api: wretch(setup.server.url).fetchPolyfill(fetchFor(setup)),
        addons,
        middlewares,
      }),
    },
    {
      name: "wretch 2.11",
      version: version("wretch-2"),
      // Its types differ only in parts that no feature here uses.
      connect: (setup) => ({
        api: wretch2(setup.server.url).polyfills({ fetch: fetchFor(setup) }) as unknown as Wretch,
        addons: addons2 as unknown as typeof addons,
        middlewares: middlewares2 as unknown as typeof middlewares,
      }),
    },
  ],
  themes: { Requests: requests, Addons: addonFeatures, Middlewares: middlewareFeatures },
}
