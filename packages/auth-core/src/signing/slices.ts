import { createIncrementalHash } from "#digest"
import type { HashAlgorithm, IncrementalHash } from "../digest/digest.ts"
import { checkBody } from "./check-body.ts"

/** Well under a millisecond of work for any of the hashes, and still much more than a turn of the event loop costs. */
export const SLICE = 64 * 1024

/**
 * Lower-case hex of a body's hash.
 *
 * @throws {AuthError} (as a rejection) `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 */
export async function hashInSlices(body: string | Uint8Array, algorithm: HashAlgorithm): Promise<string> {
  checkBody(body)
  const hash = createIncrementalHash(algorithm)
  await updateInSlices(hash, body)
  return hash.hex()
}

/** Adds text, as UTF-8, or bytes to a hash; other work goes on between the slices of a large one. */
export async function updateInSlices(hash: IncrementalHash, body: string | Uint8Array): Promise<void> {
  const encoder = new TextEncoder()
  for (let start = 0, end = 0; ; start = end) {
    end = start + SLICE
    if (typeof body === "string" && isWithinCharacter(body, end)) end += 1
    hash.update(typeof body === "string" ? encoder.encode(body.slice(start, end)) : body.subarray(start, end))
    if (end >= body.length) return
    await nextTurn()
  }
}

/** Whether a character has one half before this place, and one behind. */
function isWithinCharacter(text: string, place: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(place - 1, place + 1))
}

/** As soon as what waits has had its turn; a timer of 0 ms is late by a millisecond and more. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
