import { createIncrementalHash, hashHex } from "#digest"
import { AuthError } from "../errors/auth-error.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"

/** The largest body that AK/SK can sign: 12 MB, that is 12 * 1024 * 1024 bytes. */
export const MAX_SIGNED_BODY_BYTES = 12 * 1024 * 1024

/** In place of the payload hash: the body takes no part in the signature. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

/** A quarter of a millisecond of SHA-256 or so. */
const SLICE_BYTES = 256 * 1024

/**
 * Lower-case hex of the body's hash; a string counts as UTF-8, no body as the empty one.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes).
 */
export function payloadHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  const { hash } = traitsOf(algorithm)
  if (body === null || body === undefined) return hashHex(hash, "")
  checkSize(body)
  return hashHex(hash, body)
}

/** The same without holding the event loop: a large body is hashed in slices, other work goes on between them. */
export function payloadHashInSlices(body: Uint8Array, algorithm: SigningAlgorithm): string | Promise<string> {
  return body.length <= SLICE_BYTES ? payloadHash(body, algorithm) : hashInSlices(body, algorithm)
}

async function hashInSlices(body: Uint8Array, algorithm: SigningAlgorithm): Promise<string> {
  checkSize(body)
  const hash = createIncrementalHash(traitsOf(algorithm).hash)
  for (let offset = 0; offset < body.length; offset += SLICE_BYTES) {
    hash.update(body.subarray(offset, offset + SLICE_BYTES))
    await nextTurn()
  }
  return hash.hex()
}

/** A timer of 0 ms is late by a millisecond and more. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}

function checkSize(body: string | Uint8Array): void {
  const { length } = body
  // A UTF-16 unit takes three bytes at the most, so most texts need no count.
  const exceeds =
    length > MAX_SIGNED_BODY_BYTES ||
    (typeof body === "string" &&
      length * 3 > MAX_SIGNED_BODY_BYTES &&
      new TextEncoder().encode(body).length > MAX_SIGNED_BODY_BYTES)
  if (exceeds) {
    throw new AuthError(
      "AUTH_BODY_TOO_LARGE",
      `The body is larger than the ${MAX_SIGNED_BODY_BYTES} bytes (12 MB) that AK/SK can sign: use a token for it.`,
    )
  }
}
