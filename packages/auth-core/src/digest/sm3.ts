import { AuthError } from "../errors/auth-error.ts"
import type { Hmac, IncrementalHash } from "./digest.ts"

/** An SM3 for runtimes that have none. */
export interface Sm3Digest {
  hashHex(bytes: Uint8Array): string
  createHmac(key: string | Uint8Array): Hmac
  createIncrementalHash(): IncrementalHash
}

let registered: Sm3Digest | undefined

/** Adds SM3 to a runtime that has none; see the entry `@countersign/auth-core/sm3`. */
export function registerSm3(digest: Sm3Digest): void {
  registered = digest
}

/** @throws {AuthError} `AUTH_ALGORITHM_UNSUPPORTED` when there is none. */
export function registeredSm3(): Sm3Digest {
  if (registered !== undefined) return registered
  throw new AuthError(
    "AUTH_ALGORITHM_UNSUPPORTED",
    'This runtime has no SM3: add the package sm-crypto-v2, and import "@countersign/auth-core/sm3" once.',
  )
}
