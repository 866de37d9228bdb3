import { hashHex } from "#digest"
import type { HashAlgorithm } from "../digest/digest.ts"

/** Stands in place of a payload hash: the signature leaves the body out. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

const emptyHashes: Partial<Record<HashAlgorithm, string>> = {}

/** Lower-case hex of the body's hash. A string counts as UTF-8, no body as the empty one. */
export function payloadHashOf(body: string | Uint8Array | null | undefined, hash: HashAlgorithm): string {
  if (body !== undefined && body !== null && body !== "") return hashHex(hash, body)
  emptyHashes[hash] ??= hashHex(hash, "")
  return emptyHashes[hash]
}

/** In characters or bytes. */
const LARGE_BODY = 64 * 1024

/**
 * Hashes a large body in slices, so that other work goes on in between. A registered SM3 takes all bytes at once and does
 * block the event loop.
 *
 * @returns `undefined` for a small body, which {@link payloadHashOf} hashes just as well.
 * @throws {AuthError} (as a rejection) `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes)
 */
export function largePayloadHash(
  body: string | Uint8Array | null | undefined,
  hash: HashAlgorithm,
): Promise<string> | undefined {
  if (body === undefined || body === null || body.length <= LARGE_BODY) return undefined
  return import("./stream-hash.chunk.ts").then(({ hashInSlices }) => hashInSlices(body, hash))
}
