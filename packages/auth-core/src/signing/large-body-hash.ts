import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"

/** In characters or bytes: from here on a body is large. */
const LARGE_BYTES = 64 * 1024

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
  return body !== undefined && body !== null && body.length > LARGE_BYTES ? inSlices(body, algorithm) : undefined
}

/** Code that programs with small bodies do without. */
async function inSlices(body: string | Uint8Array, algorithm: SigningAlgorithm): Promise<string> {
  const { hashInSlices } = await import("./stream-hash.chunk.ts")
  return hashInSlices(body, traitsOf(algorithm).hash)
}
