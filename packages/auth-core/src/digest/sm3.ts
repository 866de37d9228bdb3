import { AuthError } from "../errors/auth-error.ts"

/** SM3 of some bytes, as bytes. */
export type Sm3 = (bytes: Uint8Array) => Uint8Array

let registered: Sm3 | undefined

/** Brings an SM3 to a runtime that has none; see the entry `@countersign/auth-core/sm3`. */
export function registerSm3(sm3: Sm3): void {
  registered = sm3
}

/** @throws {AuthError} `AUTH_ALGORITHM_UNSUPPORTED` when none was brought. */
export function registeredSm3(): Sm3 {
  if (registered !== undefined) return registered
  throw new AuthError(
    "AUTH_ALGORITHM_UNSUPPORTED",
    'This runtime has no SM3: import "@countersign/auth-core/sm3" once, and add the package sm-crypto-v2 to your project.',
  )
}
