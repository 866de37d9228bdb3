import type { SigningAlgorithm } from "./algorithm.ts"
import { bodyHash } from "./body-hash.ts"
import { checkBody } from "./check-body.ts"

/**
 * Lower-case hex of the hash of a body that anybody may have given; a string counts as UTF-8, no body as the empty one.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes); `AUTH_BODY_UNSIGNABLE` for anything but
 * text and bytes.
 */
export function payloadHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  if (body !== undefined && body !== null) checkBody(body)
  return bodyHash(body, algorithm)
}
