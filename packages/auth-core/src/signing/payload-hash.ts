import { createIncrementalHash, hashHex } from "#digest"
import type { HashAlgorithm } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"
import { isLonger } from "../identity/is-longer.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"

/** The largest body that AK/SK can sign: 12 MB, that is 12 * 1024 * 1024 bytes. */
export const MAX_SIGNED_BODY_BYTES = 12 * 1024 * 1024

/** In place of the payload hash: the body takes no part in the signature. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

/** In characters or bytes: from here on a body is large. */
const LARGE = 64 * 1024

const emptyHashes: Partial<Record<HashAlgorithm, string>> = {}

/**
 * Lower-case hex of the body's hash; a string counts as UTF-8, no body as the empty one.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes); `AUTH_BODY_UNSIGNABLE` for anything but
 * text and bytes.
 */
export function payloadHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  const { hash } = traitsOf(algorithm)
  if (body !== undefined && body !== null && body !== "") {
    checkBody(body)
    return hashHex(hash, body)
  }
  emptyHashes[hash] ??= hashHex(hash, "")
  return emptyHashes[hash]
}

/**
 * The same without holding the event loop: a large body is hashed in slices, and other work goes on between them. An SM3
 * that was brought to the runtime works in one go only, and does hold it.
 *
 * @returns `undefined` for a body that is hashed at once just as well.
 */
export function payloadHashInSlices(
  body: string | Uint8Array | null | undefined,
  algorithm: SigningAlgorithm,
): Promise<string> | undefined {
  return body !== undefined && body !== null && body.length > LARGE ? hashInSlices(body, algorithm) : undefined
}

async function hashInSlices(body: string | Uint8Array, algorithm: SigningAlgorithm): Promise<string> {
  checkBody(body)
  const hash = createIncrementalHash(traitsOf(algorithm).hash)
  const { updateInSlices } = await import("./slices.ts")
  await updateInSlices(hash, body)
  return hash.hex()
}

/** @throws {AuthError} when a body is of no use, or too large, for a signature. */
export function checkBody(body: string | Uint8Array): void {
  if (typeof body !== "string" && !ArrayBuffer.isView(body)) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "A body to sign must be a string or a Uint8Array: read it into bytes first, or leave it out with UNSIGNED-PAYLOAD.",
    )
  }
  if (isLonger(body, MAX_SIGNED_BODY_BYTES)) {
    throw new AuthError(
      "AUTH_BODY_TOO_LARGE",
      `The body is larger than the ${MAX_SIGNED_BODY_BYTES} bytes (12 MB) that AK/SK can sign: use a token for it.`,
    )
  }
}
