import { createHash } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { sign } from "@countersign/auth-core"
import { Pool } from "undici"
import { comparing } from "./compare.ts"
import { median } from "./distribution.ts"
import { credentials, json } from "./example-request.ts"
import type { FrameworkName, FrameworkVariant } from "./framework-service.ts"
import { shuffled } from "./rounds.ts"
import type { Effort, Part, Row } from "./row.ts"
import { type RunningService, startService } from "./start-service.ts"

const CONNECTIONS = 64
const MB = 1024 * 1024
const TARGETS: Partial<Record<FrameworkName, number>> = { express: 1.15, fastify: 1.25, hono: 1.25 }
const PATH = "/v1/servers?limit=10"

/**
 * Measures a service behind a framework, with and without verification: CPU time of the service for a request, and of a large
 * upload that is checked while it passes. Each case is a process of its own, and all have their turn in each round.
 */
export const frameworks: Part = async (effort) => {
  const rows: Row[] = []
  for (const framework of ["node:http", "express", "fastify", "hono"] as const) {
    rows.push(...(await requestRows(framework, effort)))
  }
  for (const framework of ["node:http", "express", "fastify", "hono"] as const) {
    rows.push(...(await uploadRows(framework, effort)))
  }
  return { rows }
}

async function requestRows(framework: FrameworkName, { quick, node }: Effort): Promise<Row[]> {
  const samples: Record<string, number[]> = {
    "GET bare": [],
    "GET verifying": [],
    "POST bare": [],
    "POST verifying": [],
  }
  for (let set = 0; set < (quick ? 1 : 3); set++) {
    const services = await Promise.all(
      (["bare", "verifying"] as const).map(async (variant) => ({
        variant,
        service: await startService(node, framework, variant),
      })),
    )
    const loads = services.flatMap(({ variant, service }) =>
      (["GET", "POST"] as const).map((method) => ({ name: `${method} ${variant}`, load: loadOf(service, method) })),
    )
    for (const { load } of loads) await load.cpu(quick ? 700 : 3_000)
    for (let round = 0; round < (quick ? 5 : 9); round++) {
      for (const { name, load } of shuffled(loads)) samples[name]?.push(await load.cpu(quick ? 250 : 500))
    }
    for (const { load } of loads) await load.close()
    for (const { service } of services) service.stop()
  }
  const row = comparing(samples)
  const target = TARGETS[framework]
  return (["GET", "POST"] as const).map((method) =>
    row(`${method} verifying`, `${method} bare`, {
      id: `${framework.replace(":", "-")}-${method.toLowerCase()}-verified`,
      what: `${framework} with verification, ${method}${method === "POST" ? ` of ${json.length} bytes of JSON` : ""}`,
      against: `bare ${framework}`,
      target: method === "GET" && target !== undefined ? { atMost: target } : undefined,
    }),
  )
}

/** Four thousand requests a second. */
const BURST_MS = 16

/** Sends a request over each connection at a steady pace, so that a service waits for its callers alike, however quick it is. */
function loadOf(service: RunningService, method: "GET" | "POST") {
  const pool = new Pool(service.origin, { connections: CONNECTIONS, pipelining: 1 })
  const body = method === "POST" ? json : null
  const type: Record<string, string> = body === null ? {} : { "content-type": "application/json" }
  const headers = { ...type, ...sign({ method, url: service.origin + PATH, headers: type, body }, credentials) }
  const send = async (): Promise<void> => {
    const answer = await pool.request({ path: PATH, method, headers, body })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`The service answers ${answer.statusCode}.`)
  }
  return {
    close: () => pool.close(),
    /** Returns the CPU time of the service for a request, nanoseconds. */
    async cpu(forMs: number): Promise<number> {
      const { cpu } = await service.usage()
      const bursts = Math.ceil(forMs / BURST_MS)
      let due = performance.now()
      for (let burst = 0; burst < bursts; burst++) {
        await Promise.all(Array.from({ length: CONNECTIONS }, send))
        due += BURST_MS
        await sleep(Math.max(0, due - performance.now()))
      }
      return ((await service.usage()).cpu - cpu) / (bursts * CONNECTIONS)
    },
  }
}

const VARIANTS: readonly FrameworkVariant[] = ["bare", "hashing", "verifying"]

async function uploadRows(framework: FrameworkName, { quick, node }: Effort): Promise<Row[]> {
  const megabytes = quick ? 128 : 1024
  const samples: Record<FrameworkVariant, number[]> = { bare: [], hashing: [], verifying: [] }
  const memories: Record<FrameworkVariant, number[]> = { bare: [], hashing: [], verifying: [] }
  const times: Record<FrameworkVariant, number[]> = { bare: [], hashing: [], verifying: [] }
  const services = await Promise.all(
    VARIANTS.map(async (variant) => ({ variant, service: await startService(node, framework, variant) })),
  )
  for (const { service } of services) await upload(service.origin, 16)
  for (let round = 0; round < (quick ? 3 : 5); round++) {
    for (const { variant, service } of shuffled(services)) {
      const { cpu } = await service.usage()
      const begun = performance.now()
      await upload(service.origin, megabytes)
      times[variant].push(performance.now() - begun)
      const after = await service.usage()
      samples[variant].push(after.cpu - cpu)
      memories[variant].push(after.memory)
    }
  }
  for (const { service } of services) service.stop()
  const id = framework.replace(":", "-")
  const speed = (variant: FrameworkVariant): string =>
    `${((megabytes * 1_000) / median(times[variant])).toFixed(0)} MB/s`
  return [
    comparing(samples)("hashing", "verifying", {
      id: `${id}-upload-verified`,
      what: `${framework} with verification, an upload of ${megabytes} MB with a signed hash, bytes for each second of CPU time`,
      against: "a bare handler that hashes it",
      target: { atLeast: 0.9 },
      detail: `by the clock ${speed("verifying")}, hashing ${speed("hashing")}, reading alone ${speed("bare")}`,
    }),
    {
      id: `${id}-upload-memory`,
      what: `the same, memory`,
      against: "the peak of a bare handler that reads it",
      value: Math.max(0, (median(memories.verifying) - median(memories.bare)) / MB),
      unit: "MB",
      target: { atMost: 16 },
      detail: `${(median(memories.verifying) / MB).toFixed(0)} MB in all`,
      isUnsteady: true,
    },
  ]
}

const PIECE = Buffer.alloc(MB, "a piece of an upload")
const hashes = new Map<number, string>()

function hashOf(megabytes: number): string {
  const known = hashes.get(megabytes)
  if (known !== undefined) return known
  const hash = createHash("sha256")
  for (let piece = 0; piece < megabytes; piece++) hash.update(PIECE)
  const text = hash.digest("hex")
  hashes.set(megabytes, text)
  return text
}

async function upload(origin: string, megabytes: number): Promise<void> {
  const pool = new Pool(origin, { connections: 1, bodyTimeout: 0, headersTimeout: 0 })
  const plain = { "content-type": "application/octet-stream", "x-sdk-content-sha256": hashOf(megabytes) }
  const headers = { ...plain, ...sign({ method: "PUT", url: origin + PATH, headers: plain }, credentials) }
  const pieces = function* (): Generator<Uint8Array> {
    for (let piece = 0; piece < megabytes; piece++) yield PIECE
  }
  const length = { "content-length": String(megabytes * MB) }
  const answer = await pool.request({
    method: "PUT",
    path: PATH,
    headers: { ...headers, ...length },
    body: pieces() as never,
  })
  const text = await answer.body.text()
  if (text !== String(megabytes * MB)) throw new Error(`The service answers ${answer.statusCode}: ${text}`)
  await pool.close()
}
