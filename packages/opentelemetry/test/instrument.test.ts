import { channel as diagnosticsChannel } from "node:diagnostics_channel"
import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, createServer as createTcpServer } from "node:net"
import type { DiagnosticEvent } from "@countersign/auth-core"
import { createFetch, type Token, tokenAuth } from "@countersign/fetch"
import { type MeterProvider as AnyMeterProvider, context, createNoopMeter, diag } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import fc from "fast-check"
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest"
import { instrument } from "../src/index.ts"

/** Refuses the first request of each path, and quotes what it was sent. */
const seen = new Set<string>()
let errorCode = "APIGW.0301"
const server = createServer(({ url = "", headers }, response) => {
  const isFirst = !seen.has(url)
  seen.add(url)
  const said = `${url} ${JSON.stringify(headers)}`
  response
    .writeHead(isFirst ? 401 : 200)
    .end(JSON.stringify({ error_code: errorCode, error_msg: said, request_id: said }))
})
let origin = ""

const spans = new InMemorySpanExporter()
const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }).getTracer("test")
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
const meterProvider = new MeterProvider({ readers: [reader] })

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  context.disable()
  await meterProvider.shutdown()
  server.close()
})

let stop: () => void
beforeEach(async () => {
  errorCode = "APIGW.0301"
  await reader.forceFlush()
  stop = instrument({ meterProvider })
  spans.reset()
  exporter.reset()
})
afterEach(() => stop())

let issued = 0
async function sendInSpan(path: string, secret = "s3cret"): Promise<void> {
  const provider = async (): Promise<Token> => ({
    value: `${secret}-${++issued}`,
    issuedAt: Date.now(),
    expiresAt: Date.now() + 3_600_000,
  })
  const authFetch = createFetch(tokenAuth(provider, { label: "token of operator @ my-company" }), {
    hosts: ["127.0.0.1"],
    unlisted: "silent",
  })
  await tracer.startActiveSpan("call", async (span) => {
    await (await authFetch(`${origin}${path}`)).text()
    await authFetch("http://localhost:1/").catch(() => undefined)
    span.end()
  })
}

async function points(): Promise<Record<string, unknown>> {
  await reader.forceFlush()
  const all = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics)
  return Object.fromEntries(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]))
}

it("counts and times what happens, by the names of the semantic conventions", async () => {
  await sendInSpan("/v1/one?q=1")
  const where = { "server.address": "127.0.0.1", "server.port": Number(new URL(origin).port) }
  expect(await points()).toMatchObject({
    "countersign.credential.refresh.duration": [
      { attributes: { "countersign.source": "provider" }, value: { count: 2 } },
    ],
    "countersign.requests": [{ attributes: { ...where, "countersign.auth": "token" }, value: 2 }],
    "countersign.refusals": [
      { attributes: { ...where, "http.response.status_code": 401, "error.type": "APIGW.0301" }, value: 1 },
    ],
    "countersign.replays": [{ attributes: { ...where, "countersign.replay.reason": "credential-renewed" }, value: 1 }],
    "countersign.bare_requests": [
      { attributes: { "server.address": "localhost", "countersign.bare.reason": "host-not-listed" }, value: 1 },
    ],
  })
})

it("counts those whose credential was in the cache as hits", async () => {
  const expiresAt = Date.now() + 3_600_000
  const auth = tokenAuth(async () => ({ value: "t0ken", issuedAt: Date.now(), expiresAt }))
  const authFetch = createFetch(auth, { hosts: ["127.0.0.1"] })
  const paths = ["/hit/1", "/hit/2", "/hit/3"]
  for (const path of paths) seen.add(path)
  await Promise.all(paths.slice(1).map(async (path) => (await authFetch(origin + path)).text()))
  await (await authFetch(`${origin}/hit/1`)).text()
  expect(await points()).toMatchObject({
    "countersign.credential.refresh.duration": [{ value: { count: 1 } }],
    "countersign.requests": [{ value: 3 }],
    "countersign.cache.hits": [
      { attributes: { "server.address": "127.0.0.1", "countersign.auth": "token" }, value: 2 },
    ],
  })
})

it("adds an event to the active span for each attempt, answer and replay", async () => {
  await sendInSpan("/v1/two?q=1")
  const [span] = spans.getFinishedSpans()
  const common = { "http.request.method": "GET", "url.path": "/v1/two", "countersign.auth": "token" }
  expect(span?.events.map(({ name, attributes }) => [name, attributes])).toMatchObject([
    ["countersign.attempt", { ...common, "countersign.label": "token of operator @ my-company" }],
    ["countersign.response", { ...common, "http.response.status_code": 401, "error.type": "APIGW.0301" }],
    ["countersign.replay", { ...common, "countersign.replay.reason": "credential-renewed" }],
    ["countersign.attempt", common],
    ["countersign.response", { ...common, "http.response.status_code": 200 }],
    ["countersign.attempt", { "server.address": "localhost", "countersign.bare.reason": "host-not-listed" }],
  ])
})

it("counts requests without an answer, by the code of the failure", async () => {
  const authFetch = createFetch(tokenAuth({ value: "t0ken", issuedAt: 0, expiresAt: Date.now() + 60_000 }), {
    hosts: ["127.0.0.1"],
  })
  const closing = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1")
  await once(closing, "listening")
  const { port } = closing.address() as AddressInfo
  try {
    await tracer.startActiveSpan("call", async (span) => {
      await expect(authFetch(`http://127.0.0.1:${port}/v1/gone?q=t0ken`)).rejects.toThrow()
      span.end()
    })
  } finally {
    closing.close()
  }
  const [lost] = (await points())["countersign.failures"] as { attributes: object; value: number }[]
  const attributes = { "server.address": "127.0.0.1", "server.port": port, "error.type": "UND_ERR_SOCKET" }
  expect(lost).toMatchObject({ attributes, value: 1 })
  expect(spans.getFinishedSpans()[0]?.events[1]).toMatchObject({
    name: "countersign.failure",
    attributes: { "url.path": "/v1/gone", "error.type": "UND_ERR_SOCKET" },
  })
})

it("ends when it is told", async () => {
  stop()
  await sendInSpan("/v1/three")
  expect(spans.getFinishedSpans()[0]?.events).toEqual([])
})

async function errorTypes(): Promise<unknown[]> {
  const { "countersign.refusals": refusals } = (await points()) as Record<
    string,
    { attributes: Record<string, unknown> }[]
  >
  return (refusals ?? []).map(({ attributes }) => attributes["error.type"])
}

it.each(["IAM.0061", "ECS.0114", "APIG.0301", "IOTDA.000002", "CCE.01401001", "SVCSTG.SWR.4010000"])(
  "names a refusal by its code: %s",
  async (code) => {
    errorCode = code
    await sendInSpan(`/v1/code/${code}`)
    expect(await errorTypes()).toEqual([code])
  },
)

it.each(["", "0301", "id-6f1c", "some text", "APIGW.1", "APIGW.123456789", `${"A".repeat(21)}.0301`, "APIGW.0301 x"])(
  "names a refusal by its status if the code is not of Huawei Cloud's form: %j",
  async (code) => {
    errorCode = code
    await sendInSpan(`/v1/text/${code}`)
    expect(await errorTypes()).toEqual(["401"])
  },
)

it("names at most 200 codes", async () => {
  const channel = diagnosticsChannel("countersign")
  for (let code = 1_000; code < 2_000; code++) channel.publish(refusal(`APIGW.${code}`))
  channel.publish(refusal("APIGW.1000"))
  const types = await errorTypes()
  expect(types).toHaveLength(201)
  expect(types).toContain("401")
})

function refusal(code: string): DiagnosticEvent {
  const rejection = { errorCode: code }
  return { type: "response", method: "GET", origin, path: "/", status: 401, durationMs: 1, rejection }
}

it("puts no secret into an attribute, whatever the server quotes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9]{20,40}$/), async (secret) => {
      spans.reset()
      exporter.reset()
      await sendInSpan(`/v1/x?token=${secret}`, secret)
      const events = spans.getFinishedSpans().flatMap(({ events }) => events)
      expect(events.length).toBeGreaterThan(2)
      expect(JSON.stringify([events, await points()])).not.toContain(secret)
    }),
    { numRuns: 20 },
  )
})

it("counts once for each meter provider, until the last call has ended", async () => {
  const stopSecond = instrument({ meterProvider })
  const stopOther = instrument({ meterProvider: { getMeter: createNoopMeter } })
  stop()
  stop()
  await sendInSpan("/v1/twice")
  expect(await points()).toMatchObject({
    "countersign.requests": [{ value: 2 }],
    "countersign.replays": [{ value: 1 }],
  })
  expect(spans.getFinishedSpans()[0]?.events).toHaveLength(6)
  stopSecond()
  stopOther()
  spans.reset()
  await sendInSpan("/v1/after")
  expect(spans.getFinishedSpans()[0]?.events).toEqual([])
})

it("throws nothing into a request when an instrument, a span or a logger throws", async () => {
  const broken = (): never => {
    throw new Error("broken")
  }
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  process.on("uncaughtException", note)
  diag.setLogger({ error: broken, warn: broken, info: broken, debug: broken, verbose: broken })
  const meter = Object.assign(createNoopMeter(), {
    createCounter: () => ({ add: broken }),
    createHistogram: () => ({ record: broken }),
  })
  const stopBroken = instrument({ meterProvider: { getMeter: () => meter } as AnyMeterProvider })
  await sendInSpan("/v1/broken")
  await new Promise((resolve) => setTimeout(resolve, 10))
  stopBroken()
  diag.disable()
  process.off("uncaughtException", note)
  expect(uncaught).toEqual([])
  expect(await points()).toMatchObject({ "countersign.requests": [{ value: 2 }] })
  expect(spans.getFinishedSpans()[0]?.events).toHaveLength(6)
})
