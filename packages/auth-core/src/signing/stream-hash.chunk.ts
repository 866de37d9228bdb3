// Loaded on demand, since only large bodies are hashed in pieces.
import { createIncrementalHash } from "#digest"
import { hexOf } from "../digest/bytes.ts"
import { bytesOf, type HashAlgorithm, type IncrementalHash } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"
import { isSpent } from "../runtime/has-brand.ts"
import type { SigningAlgorithm } from "./algorithm.ts"
import { checkBody } from "./check-body.ts"
import { algorithmOf } from "./keyed-algorithm.ts"

/** A web stream, or an async iterable such as a stream of Node. */
export type PayloadStream = ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>

/**
 * Hashes a body that is too large for memory, chunk by chunk, without blocking the event loop. This is the first of two
 * passes: the second sends the same bytes from a new stream, with the hash in the header `x-sdk-content-sha256`
 * (`x-sdk-content-sm3` under SM3) of a request that `akskAuth` signs, or as `payloadHash` of `sign`.
 *
 * ```ts
 * const hash = await hashPayload(createReadStream(path))
 * await fetch(url, { method: "PUT", headers: { "x-sdk-content-sha256": hash }, body: createReadStream(path), duplex: "half" })
 * ```
 *
 * A registered SM3 takes all bytes at once, so it keeps every chunk until the end. API gateways accept at most 12 MB under
 * AK/SK, however it was hashed.
 *
 * @param body read to its end; strings count as UTF-8. Its errors pass through.
 * @returns lower-case hex
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for a stream that was already read or closed, or gives anything but text and
 * bytes; `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 * @see API Signing Guide, "Canonical request", on the payload hash
 */
export async function hashPayload(
  body: PayloadStream,
  algorithm: SigningAlgorithm = "SDK-HMAC-SHA256",
): Promise<string> {
  const hash = createIncrementalHash(algorithmOf({ algorithm }).hash)
  for await (const chunk of chunksOf(body)) {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
      throw unsignable(`The stream gave ${Object.prototype.toString.call(chunk)}: it must give strings or bytes.`)
    }
    await updateInSlices(hash, chunk)
  }
  return hash.hex()
}

function chunksOf(body: PayloadStream): AsyncIterable<unknown> {
  if (typeof body !== "object" || body === null || !("getReader" in body || Symbol.asyncIterator in body)) {
    throw unsignable("A payload to hash chunk by chunk must be a stream or an async iterable.")
  }
  // A stream of Node that was read before ends at once, so we would hash an empty body.
  if (isSpent(body)) throw unsignable("The stream was already read or closed: give a new one for each pass.")
  return Symbol.asyncIterator in body ? body : read(body)
}

/** Not every browser can iterate a stream. */
async function* read(stream: ReadableStream): AsyncGenerator<unknown> {
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

function unsignable(message: string): AuthError {
  return new AuthError("AUTH_BODY_UNSIGNABLE", message)
}

/** Every hash takes well under a millisecond for a slice, and far longer than a turn of the event loop. */
const SLICE_BYTES = 64 * 1024

/**
 * Lower-case hex of a body's hash, by WebCrypto or in slices.
 *
 * @throws {AuthError} (as a rejection) `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 */
export async function hashInSlices(body: string | Uint8Array, algorithm: HashAlgorithm): Promise<string> {
  checkBody(body)
  const hash = createIncrementalHash(algorithm)
  const elsewhere = hash.isNative || algorithm !== "sha256" ? undefined : await hashedElsewhere(body)
  if (elsewhere !== undefined) return elsewhere
  await updateInSlices(hash, body)
  return hash.hex()
}

/**
 * The SHA-256 of WebCrypto, which computes in another thread and is about ten times as fast as JavaScript. It copies the body.
 * `undefined` if it is missing, as in a page without https, or if it refuses the bytes, as those of shared memory.
 */
async function hashedElsewhere(body: string | Uint8Array): Promise<string | undefined> {
  const { subtle } = globalThis.crypto ?? {}
  if (subtle === undefined) return undefined
  try {
    return hexOf(new Uint8Array(await subtle.digest("SHA-256", bytesOf(body) as Uint8Array<ArrayBuffer>)))
  } catch {
    return undefined
  }
}

/** Adds text (as UTF-8) or bytes to a hash, in slices, so that other work goes on in between. */
async function updateInSlices(hash: IncrementalHash, body: string | Uint8Array): Promise<void> {
  const encoder = new TextEncoder()
  for (let start = 0, end = 0; ; start = end) {
    end = start + SLICE_BYTES
    if (typeof body === "string" && isWithinCharacter(body, end)) end += 1
    hash.update(typeof body === "string" ? encoder.encode(body.slice(start, end)) : body.subarray(start, end))
    if (end >= body.length) return
    await nextTurn()
  }
}

/** Whether a place is between the halves of a surrogate pair. */
function isWithinCharacter(text: string, place: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(place - 1, place + 1))
}

/** Lets waiting work run first. A timer of 0 ms would be late by a millisecond or more. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
