import { hashHex } from "#digest"
import type { HashAlgorithm } from "../digest/digest.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"

/** In place of the payload hash: the body takes no part in the signature. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

const emptyHashes: Partial<Record<HashAlgorithm, string>> = {}

/** Lower-case hex of the body's hash; a string counts as UTF-8, no body as the empty one. */
export function bodyHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  const { hash } = traitsOf(algorithm)
  if (body !== undefined && body !== null && body !== "") return hashHex(hash, body)
  emptyHashes[hash] ??= hashHex(hash, "")
  return emptyHashes[hash]
}
