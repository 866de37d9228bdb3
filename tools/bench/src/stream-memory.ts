import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { hashPayload } from "@countersign/auth-core"
import type { Row } from "./row.ts"

const MB = 1024 * 1024

/**
 * Measures the memory of hashing a file. A stream of Node gives each chunk in a new buffer, which stays until the garbage
 * collection, even for reading alone. So the figure is the memory above reading, and above a source with one buffer.
 */
export async function streamMemory(path: string, size: number): Promise<Row[]> {
  // Compiles the code before the measurement.
  await hashPayload(oneBuffer(path))
  globalThis.gc?.()
  const base = process.memoryUsage.rss()
  const own = (await peakOf(() => hashPayload(oneBuffer(path)))) - base
  const reading = await peakOf(() => readThrough(path))
  const hashing = await peakOf(() => hashPayload(createReadStream(path)))
  const what = `hashPayload of a ${size} MB file, memory`
  const target = { atMost: 16 }
  return [
    {
      id: "stream-memory",
      what,
      against: "memory of the process above its base, which reads into one buffer",
      value: own / MB,
      unit: "MB",
      target,
    },
    {
      id: "stream-memory-fs",
      what,
      against: "the same, above that of reading a stream of node:fs",
      value: Math.max(0, hashing - reading) / MB,
      unit: "MB",
      target,
      detail: `in all ${((hashing - base) / MB).toFixed(1)} MB, reading alone ${((reading - base) / MB).toFixed(1)} MB`,
    },
  ]
}

/** The largest resident set of three runs. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 5)
  for (let time = 0; time < 3; time++) {
    await work()
    look()
  }
  clearInterval(timer)
  return peak
}

async function readThrough(path: string): Promise<number> {
  let bytes = 0
  for await (const chunk of createReadStream(path)) bytes += (chunk as Buffer).length
  return bytes
}

async function* oneBuffer(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path)
  const buffer = Buffer.allocUnsafe(64 * 1024)
  for (;;) {
    const { bytesRead } = await file.read(buffer)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}
