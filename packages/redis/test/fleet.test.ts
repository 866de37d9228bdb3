import { type ChildProcess, fork } from "node:child_process"
import { setTimeout as delay } from "node:timers/promises"
import {
  hasRedis,
  type LocalRedis,
  localRedis,
  type RecordingServer,
  recordingServer,
  reportFigures,
} from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Order, Report } from "./fleet-worker.ts"
import { slowLine } from "./slow-line.ts"

const HOUR = 3_600_000
/** Workers run on the sources, as this test does. */
const SOURCES = new URL("../../testkit/src/from-sources.mjs", import.meta.url).href
const IAM_MS = 100

describe.skipIf(!hasRedis())("a fleet of processes", () => {
  let redis: LocalRedis
  let iam: RecordingServer
  let iamDelays: number[]
  const workers: ChildProcess[] = []

  beforeEach(async () => {
    redis = await localRedis()
    iamDelays = []
    iam = await recordingServer(async (_arrival, index) => {
      await delay(iamDelays[index] ?? IAM_MS)
      const now = Date.now()
      return { body: JSON.stringify({ value: `token-${index + 1}`, issuedAt: now, expiresAt: now + HOUR }) }
    })
  })
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.kill("SIGKILL")
    await iam.close()
    await redis.stop()
  })

  /** Rejects when the process ends before it answers. */
  function tell(worker: ChildProcess, order: Order): Promise<Report> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`A worker ended before it answered: ${order.do}.`))
      worker.once("exit", onExit)
      worker.once("message", (report: Report) => {
        worker.off("exit", onExit)
        resolve(report)
      })
      worker.send(order)
    })
  }

  /** Uses the store even on a slow machine, unless a fault of the store is tested. */
  async function startWorkers(
    count: number,
    { leaseMs = 10_000, storeTimeoutMs = 20_000, redisUrl = redis.url } = {},
  ): Promise<ChildProcess[]> {
    const started = Array.from({ length: count }, () =>
      fork(new URL("./fleet-worker.ts", import.meta.url), {
        execArgv: ["--import", SOURCES],
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      }),
    )
    workers.push(...started)
    const connecting = started.map((worker) =>
      tell(worker, { do: "connect", redisUrl, iamUrl: iam.url, leaseMs, storeTimeoutMs }),
    )
    expect((await Promise.all(connecting)).flatMap(({ failures }) => failures)).toEqual([])
    return started
  }

  /** Cold reads of 8 processes, 1,000 in each. */
  async function coldReads(started: ChildProcess[]): Promise<Report[]> {
    const reports = await Promise.all(started.map((worker) => tell(worker, { do: "read", times: 1_000 })))
    const longestMs = Math.round(Math.max(...reports.map(({ longestMs }) => longestMs)))
    reportFigures({ calls: iam.arrivals.length, longestMs })
    expect(reports.flatMap(({ failures }) => failures)).toEqual([])
    return reports
  }

  it.each([0, 50, 400])(
    "makes one IAM call for 1,000 concurrent cold reads in each of 8 processes, on a store at %d ms",
    async (storeMs) => {
      const line = await slowLine(redis.port, storeMs)
      const reports = await coldReads(await startWorkers(8, { redisUrl: line.url }))
      expect(new Set(reports.flatMap(({ values }) => values))).toEqual(new Set(["token-1"]))
      expect(iam.arrivals).toHaveLength(1)
      line.close()
    },
    120_000,
  )

  it("makes an IAM call for each of 8 processes at most, on a store that does not answer", async () => {
    const started = await startWorkers(8, { storeTimeoutMs: 500 })
    redis.pause()
    await coldReads(started)
    expect(iam.arrivals.length).toBeLessThanOrEqual(8)
    redis.resume()
  }, 120_000)

  it("makes exactly one more call within the lease time when the lease holder is killed during its refresh", async () => {
    const leaseMs = 6_000 // for a refresh of 0.1 s, so that a busy machine loses no second lease
    const [holder, ...others] = await startWorkers(4, { leaseMs })
    iamDelays = [60_000]
    const lost = tell(holder as ChildProcess, { do: "read", times: 1 })
    lost.catch(() => undefined)
    while (iam.arrivals.length === 0) await delay(5)
    const begun = performance.now()
    const waiting = others.map((worker) => tell(worker, { do: "read", times: 100 }))
    await delay(100)
    holder?.kill("SIGKILL")
    const reports = await Promise.all(waiting)
    expect(reports.flatMap(({ failures }) => failures)).toEqual([])
    expect(new Set(reports.flatMap(({ values }) => values))).toEqual(new Set(["token-2"]))
    expect(iam.arrivals).toHaveLength(2)
    // Far less than the time of the holder.
    expect(performance.now() - begun).toBeLessThan(40_000)
  }, 90_000)

  it("goes on when Redis is restarted under load, and makes fewer than 3 IAM calls per process", async () => {
    const seconds = process.env.COUNTERSIGN_SOAK === "1" ? 30 : 6
    const processes = 4
    const started = await startWorkers(processes, { storeTimeoutMs: 500 })
    const loads = started.map((worker) =>
      tell(worker, { do: "load", perSecond: 500 / processes, seconds, renewCacheAtSecond: Math.floor(seconds / 2) }),
    )
    await delay((seconds / 3) * 1_000)
    await redis.kill()
    // While Redis is down, each process also starts with an empty cache.
    await delay((seconds / 3) * 1_000)
    await redis.start()
    const reports = await Promise.all(loads)
    expect(reports.flatMap(({ failures }) => failures)).toEqual([])
    expect(reports.reduce((sum, { reads }) => sum + reads, 0)).toBeGreaterThanOrEqual(500 * seconds)
    // Two operations of the store and the issuer take 1.1 s, on a machine with nothing else to do.
    expect(Math.max(...reports.map(({ longestMs }) => longestMs))).toBeLessThan(10_000)
    expect(iam.arrivals.length).toBeLessThan(3 * processes)
  }, 60_000)
})
