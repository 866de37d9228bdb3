import { hashHex } from "#digest"
import type { HashAlgorithm } from "../digest/digest.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"

/** In characters or bytes: from here on a body is large. */
const LARGE = 64 * 1024

const emptyHashes: Partial<Record<HashAlgorithm, string>> = {}

/** Lower-case hex of the body's hash; a string counts as UTF-8, no body as the empty one. */
export function bodyHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  const { hash } = traitsOf(algorithm)
  if (body !== undefined && body !== null && body !== "") return hashHex(hash, body)
  emptyHashes[hash] ??= hashHex(hash, "")
  return emptyHashes[hash]
}

/**
 * The same without holding the event loop: a large body is hashed in slices, and other work goes on between them. An SM3
 * that was brought to the runtime works in one go only, and does hold it.
 *
 * @returns `undefined` for a body that is hashed at once just as well.
 * @throws {AuthError} (as a rejection) `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes)
 */
export function largeBodyHash(
  body: string | Uint8Array | null | undefined,
  algorithm: SigningAlgorithm,
): Promise<string> | undefined {
  return body !== undefined && body !== null && body.length > LARGE ? inSlices(body, algorithm) : undefined
}

/** Code that programs with small bodies do without. */
async function inSlices(body: string | Uint8Array, algorithm: SigningAlgorithm): Promise<string> {
  const { hashInSlices } = await import("./slices.ts")
  return hashInSlices(body, traitsOf(algorithm).hash)
}
