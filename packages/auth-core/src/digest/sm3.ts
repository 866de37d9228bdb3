import { AuthError } from "../errors/auth-error.ts"
import type { Hmac, IncrementalHash } from "./digest.ts"

/** The functions of a digest, for SM3. */
export interface Sm3Digest {
  hashHex(bytes: Uint8Array): string
  createHmac(key: Uint8Array): Hmac
  createIncrementalHash(): IncrementalHash
}

let registered: Sm3Digest | undefined

/** Brings an SM3 to a runtime that has none; see the entry `@countersign/auth-core/sm3`. */
export function registerSm3(digest: Sm3Digest): void {
  registered = digest
}

/** @throws {AuthError} `AUTH_ALGORITHM_UNSUPPORTED` when none was brought. */
export function registeredSm3(): Sm3Digest {
  if (registered !== undefined) return registered
  throw new AuthError(
    "AUTH_ALGORITHM_UNSUPPORTED",
    'This runtime has no SM3: add the package sm-crypto-v2, and import "@countersign/auth-core/sm3" once.',
  )
}
