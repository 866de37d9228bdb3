/** The hashes that Huawei Cloud signs with. */
export type HashAlgorithm = "sha256" | "sm3"

/**
 * HMAC under a key that was prepared once: a message, as UTF-8, to lower-case hex.
 *
 * @param start stands before the message. Apart from it, since many in a row begin alike.
 */
export type Hmac = (message: string, start?: string) => string

/** A hash over bytes that come in pieces. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown
  /** Lower-case hex; ends the hash. */
  hex(): string
}
