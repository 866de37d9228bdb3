import { createHash, hash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { akskAuth, hashPayload, sign } from "@countersign/auth-core"
import { credentials, post } from "./example-request.ts"
import { awaited, interleaved, median, ratio, sync } from "./rounds.ts"
import { type Part, type Row, time } from "./row.ts"

const MB = 1024 * 1024

/** Bodies whose hash is nearly all there is to do. */
export const largeBodies: Part = async ({ quick }) => {
  const rows: Row[] = []
  for (const size of [1, 12]) {
    const body = randomBytes(size * MB)
    const cases = {
      hash: sync(() => hash("sha256", body, "hex")),
      sign: sync(() => sign({ ...post, body }, credentials)),
    }
    const samples = await interleaved(cases, { rounds: quick ? 15 : 61, roundMs: size * 4 })
    rows.push({
      id: `post-${size}mb`,
      what: `sign a ${size} MB body`,
      against: "hashing the body",
      value: ratio(samples, "sign", "hash"),
      unit: "x",
      target: { atMost: 1.03 },
      detail: time(median(samples.sign)),
    })
  }
  rows.push(await longestHold(quick ? 10 : 40), ...(await streamed(quick ? 128 : 1024, quick ? 3 : 9)))
  return { rows }
}

/** How long nothing else has its turn while a body of 12 MB is signed. */
async function longestHold(times: number): Promise<Row> {
  const auth = akskAuth(credentials)
  const body = randomBytes(12 * MB)
  const holds: number[] = []
  let isOver = false
  for (let time = 0; time < times + 3; time++) {
    let longest = 0
    let last = ownTimeMs()
    const watch = (): void => {
      const now = ownTimeMs()
      longest = Math.max(longest, now - last)
      last = now
      if (!isOver) setImmediate(watch)
    }
    setImmediate(watch)
    await auth.authenticate({ ...post, body })
    isOver = true
    await nextTurn()
    isOver = false
    // The first ones also compile.
    if (time >= 3) holds.push(longest)
  }
  return {
    id: "hold-12mb",
    what: "longest hold of the event loop by a 12 MB body in akskAuth",
    against: `median of ${times} requests`,
    value: median(holds),
    unit: "ms",
    target: { atMost: 1 },
    detail: `the worst ${Math.max(...holds).toFixed(2)} ms`,
  }
}

/** What this thread has worked, where that can be told: not what other programs had meanwhile. */
function ownTimeMs(): number {
  const usage = process.threadCpuUsage?.()
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1_000
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

/** A file that is hashed as a stream, against node:crypto over the same stream. */
async function streamed(size: number, rounds: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"))
  try {
    const path = join(folder, "payload")
    const file = await open(path, "w")
    const piece = randomBytes(MB)
    for (let part = 0; part < size; part++) await file.write(piece)
    await file.close()
    const memory = await memoryOfStream(path, size)
    const samples = await interleaved(
      {
        crypto: awaited(() => hashWithCrypto(path)),
        hashPayload: awaited(() => hashPayload(createReadStream(path))),
      },
      { rounds, roundMs: 1 },
    )
    const perSecond = (name: keyof typeof samples): string =>
      `${((size * 1e9) / median(samples[name])).toFixed(0)} MB/s`
    return [
      {
        id: "stream-speed",
        what: `hashPayload of a ${size} MB file, speed`,
        against: "createHash over the same stream",
        value: ratio(samples, "crypto", "hashPayload"),
        unit: "x",
        target: { atLeast: 0.9 },
        detail: `${perSecond("hashPayload")}, createHash ${perSecond("crypto")}`,
      },
      memory,
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function memoryOfStream(path: string, size: number): Promise<Row> {
  await hashPayload(createReadStream(path, { end: 4 * MB }))
  globalThis.gc?.()
  const base = process.memoryUsage().rss
  let peak = base
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  await hashPayload(createReadStream(path))
  clearInterval(timer)
  return {
    id: "stream-memory",
    what: `hashPayload of a ${size} MB file, memory`,
    against: "resident set above base, peak",
    value: (peak - base) / MB,
    unit: "MB",
    target: { atMost: 16 },
  }
}

async function hashWithCrypto(path: string): Promise<string> {
  const state = createHash("sha256")
  for await (const chunk of createReadStream(path)) state.update(chunk)
  return state.digest("hex")
}
