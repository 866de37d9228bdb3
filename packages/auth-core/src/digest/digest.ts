import { AuthError } from "../errors/auth-error.ts"

/** The hashes that Huawei Cloud signs with. */
export type HashAlgorithm = "sha256" | "sm3"

/** HMAC under a prepared key: from a message, as UTF-8, to lower-case hex. */
export type Hmac = (message: string) => string

/** A hash over bytes that come in pieces. */
export interface IncrementalHash {
  /** True if the runtime computes it, at the speed of the machine. */
  readonly isNative?: true
  update(bytes: Uint8Array): unknown
  /** Lower-case hex; ends the hash. */
  hex(): string
}

/** Block size of both hashes. */
export const BLOCK_BYTES = 64

/** The key of an HMAC, padded to a block and XORed with the inner and outer constants (RFC 2104, section 2). */
export function hmacPads(
  key: string | Uint8Array,
  hash: (bytes: Uint8Array) => Uint8Array,
): { inner: Uint8Array; outer: Uint8Array } {
  const block = new Uint8Array(BLOCK_BYTES)
  const bytes = bytesOf(key)
  block.set(bytes.length > BLOCK_BYTES ? hash(bytes) : bytes)
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) }
}

/** Text as UTF-8. */
export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data
}

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
