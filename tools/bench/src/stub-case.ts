// One adapter over a client that answers at once, so that nothing but the adapter and its client counts. It takes the packages of the
// folder in which it is started, and answers `time <ms>`, `bytes` and `promises` with a figure of one request.
import { createHook } from "node:async_hooks"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import { median } from "./distribution.ts"
import { credentials, get } from "./example-request.ts"

export type StubClient = "undici" | "fetch" | "ky" | "got" | "axios"
export type StubAuth = "byHand" | "token" | "aksk"

type Send = () => unknown
/** The values of a package that are used here, of this build or of an earlier one. */
// biome-ignore lint/suspicious/noExplicitAny: two builds of each package have two types
type Loaded = any

/** So few that a collection falls into few rounds. */
const CALLS = 20
const ROUNDS = 151

const [, , client, kind] = process.argv as [string, string, StubClient, StubAuth]
const require = createRequire(`${process.cwd()}/package.json`)
const load = async (name: string): Promise<Loaded> => import(pathToFileURL(require.resolve(name)).href)

const token = "MIIabc".repeat(250)
const byHand = { ...get.headers, "x-auth-token": token }
const headers = kind === "byHand" ? byHand : get.headers
const options = { hosts: [new URL(get.url).hostname] }

async function authOf(adapter: Loaded): Promise<Loaded> {
  if (kind === "aksk") return adapter.akskAuth(credentials)
  const now = Date.now()
  return adapter.tokenAuth({ value: token, issuedAt: now, expiresAt: now + 24 * 3_600_000 })
}

const SETUPS: Readonly<Record<StubClient, () => Promise<Send>>> = {
  async undici() {
    const answer = { statusCode: 200, headers: {} }
    const { Dispatcher } = await import("undici")
    class Stub extends Dispatcher {
      override dispatch(_request: object, handler: Loaded): boolean {
        handler.onRequestStart?.({}, {})
        handler.onResponseStart?.({}, answer.statusCode, answer.headers, "OK")
        handler.onResponseEnd?.({}, {})
        return true
      }
    }
    const stub = new Stub()
    const { origin, pathname, search } = new URL(get.url)
    const request = { origin, path: pathname + search, method: "GET" as const }
    const handler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {},
      onResponseError() {},
    }
    let dispatcher: { dispatch(request: Loaded, handler: object): boolean } = stub
    if (kind !== "byHand") {
      const adapter = await load("@countersign/undici")
      dispatcher = adapter.withAuth(stub, await authOf(adapter), options)
    }
    return () => dispatcher.dispatch({ ...request, headers }, handler)
  },
  async fetch() {
    const response = new Response(null)
    // In place of the platform's, which most programs use. Another fetch gets what it would get without auth, such as a Request.
    globalThis.fetch = async () => response
    if (kind === "byHand") return stubbed(globalThis.fetch)
    const adapter = await load("@countersign/fetch")
    return stubbed(adapter.createFetch(await authOf(adapter), options))
    function stubbed(send: (url: string, init: object) => Promise<Response>): Send {
      return () => send(get.url, { headers })
    }
  },
  async ky() {
    globalThis.fetch = async () => new Response(null)
    const { default: ky } = await load("ky")
    const own = ky.create({ retry: 0 })
    if (kind === "byHand") return () => own.get(get.url, { headers })
    const adapter = await load("@countersign/ky")
    const authenticated = adapter.withAuth(own, await authOf(adapter), options)
    return () => authenticated.get(get.url, { headers })
  },
  async got() {
    const { default: got } = await load("got")
    const { default: Answer } = await load("responselike")
    const answer = () => new Answer({ statusCode: 200, headers: {}, body: new Uint8Array(), url: get.url })
    const stubbed = (client: Loaded) => client.extend({ retry: { limit: 0 }, hooks: { beforeRequest: [answer] } })
    if (kind === "byHand") {
      const own = stubbed(got)
      return () => own.get(get.url, { headers })
    }
    const adapter = await load("@countersign/got")
    const authenticated = stubbed(adapter.withAuth(got, await authOf(adapter), options))
    return () => authenticated.get(get.url, { headers })
  },
  async axios() {
    const { default: axios } = await load("axios")
    const stub = async (config: object) => ({ data: "", status: 200, statusText: "OK", headers: {}, config })
    const own = axios.create({ adapter: stub })
    if (kind !== "byHand") {
      const adapter = await load("@countersign/axios")
      adapter.withAuth(own, await authOf(adapter), options)
    }
    return () => own.get(get.url, { headers })
  },
}

const send = await SETUPS[client]()
const QUESTIONS: Readonly<Record<string, (value: number) => Promise<number>>> = { time, bytes, promises }
for await (const line of createInterface({ input: process.stdin })) {
  const [question = "", value] = line.split(" ")
  console.log(await QUESTIONS[question]?.(Number(value)))
}

async function time(forMs: number): Promise<number> {
  const until = performance.now() + forMs
  const begun = performance.now()
  let requests = 0
  while (performance.now() < until) {
    for (let time = 0; time < 20; time++) await send()
    requests += 20
  }
  return ((performance.now() - begun) * 1e6) / requests
}

/**
 * The median of rounds that are mostly too short for a collection. None is forced: after one, the same requests make twice as much
 * garbage as in a program that runs on.
 */
async function bytes(): Promise<number> {
  const samples: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed
    for (let time = 0; time < CALLS; time++) await send()
    samples.push((process.memoryUsage().heapUsed - before) / CALLS)
  }
  return median(samples)
}

/** Those that code of ours makes. A client makes more around a hook, whatever the hook does. */
async function promises(): Promise<number> {
  let made = 0
  const hook = createHook({
    init(_id, type) {
      if (type === "PROMISE" && isOurs(new Error().stack)) made++
    },
  }).enable()
  for (let time = 0; time < 100; time++) await send()
  hook.disable()
  return made / 100
}

/** Whether the innermost frame that is no builtin belongs to a package of ours. */
function isOurs(stack = ""): boolean {
  const [, ...frames] = stack.split("\n").slice(1)
  const frame = frames.find((one) => /[\\/]/.test(one) && !one.includes("node:"))
  return frame !== undefined && /[\\/]packages[\\/][\w-]+[\\/]dist[\\/]/.test(frame)
}
