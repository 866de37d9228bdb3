import { AuthError } from "../errors/auth-error.ts"
import { bytesOfHex } from "./bytes-of-hex.ts"
import type { Hmac, IncrementalHash } from "./digest.ts"
import { hmacPads } from "./pads.ts"

/** SM3 of some bytes, in lower-case hex. */
export type Sm3 = (bytes: Uint8Array) => string

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

/** HMAC-SM3 on the SM3 that was brought. */
export function createSm3Hmac(key: Uint8Array): Hmac {
  const sm3 = registeredSm3()
  const encoder = new TextEncoder()
  const { inner, outer } = hmacPads(key, (bytes) => bytesOfHex(sm3(bytes)))
  return (message) => sm3(joined([outer, bytesOfHex(sm3(joined([inner, encoder.encode(message)])))]))
}

/** Keeps the pieces and hashes them at the end: what was brought works in one go only. */
export function createIncrementalSm3(): IncrementalHash {
  const sm3 = registeredSm3()
  const pieces: Uint8Array[] = []
  return {
    update(bytes) {
      pieces.push(bytes)
    },
    hex: () => sm3(joined(pieces)),
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
