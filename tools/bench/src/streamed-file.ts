import { execFile } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { hashPayload } from "@countersign/auth-core"
import { comparing } from "./compare.ts"
import { median } from "./distribution.ts"
import { awaited, interleaved, type Samples } from "./rounds.ts"
import type { Part, Row } from "./row.ts"
import { streamMemory } from "./stream-memory.ts"

const MB = 1024 * 1024
const run = promisify(execFile)

/** Compares the hash of a streamed file with node:crypto over the same stream and, if installed, with the program openssl. */
export const streamedFile: Part = async ({ quick }) => {
  const size = quick ? 128 : 1024
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"))
  try {
    const path = join(folder, "payload")
    await writeRandom(path, size)
    const memory = await streamMemory(path, size)
    const cases = {
      hashPayload: awaited(() => hashPayload(createReadStream(path))),
      crypto: awaited(() => hashWithCrypto(path)),
    }
    const options = { rounds: quick ? 5 : 7, roundMs: 1, warmUpMs: 1 }
    if (!(await hasOpenssl())) return { rows: [speed(await interleaved(cases, options), size), ...memory] }
    const samples = await interleaved(
      { ...cases, openssl: awaited(() => run("openssl", ["dgst", "-sha256", path])) },
      options,
    )
    const openssl = comparing(samples)("openssl", "hashPayload", {
      id: "stream-openssl",
      what: `hashPayload of a ${size} MB file, speed`,
      against: "openssl dgst -sha256, a process of its own",
      detail: `openssl ${perSecond(samples.openssl, size)}`,
    })
    return { rows: [speed(samples, size), openssl, ...memory] }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function speed(samples: Samples<"hashPayload" | "crypto">, size: number): Row {
  return comparing(samples)("crypto", "hashPayload", {
    id: "stream-speed",
    what: `hashPayload of a ${size} MB file, speed`,
    against: "createHash over the same stream",
    target: { atLeast: 0.9 },
    detail: `${perSecond(samples.hashPayload, size)}, createHash ${perSecond(samples.crypto, size)}`,
  })
}

function perSecond(nanoseconds: readonly number[], size: number): string {
  return `${((size * 1e9) / median(nanoseconds)).toFixed(0)} MB/s`
}

async function writeRandom(path: string, size: number): Promise<void> {
  const file = await open(path, "w")
  const piece = randomBytes(MB)
  for (let part = 0; part < size; part++) await file.write(piece)
  await file.close()
}

async function hashWithCrypto(path: string): Promise<string> {
  const state = createHash("sha256")
  for await (const chunk of createReadStream(path)) state.update(chunk)
  return state.digest("hex")
}

async function hasOpenssl(): Promise<boolean> {
  return await run("openssl", ["version"]).then(
    () => true,
    () => false,
  )
}
