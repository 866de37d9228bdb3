/** A change of a key in a store. */
export type StoreChange = "set" | "deleted"

/**
 * Shares the values of caches among processes and hosts. Keys and values are texts. Keys are short, visible ASCII
 * without secrets. Every method may fail or be slow: the cache then goes on without its store.
 */
export interface CacheStore {
  /** The value of a key; nothing when it is absent or its time is over. */
  get(key: string): Promise<string | undefined>
  /** Keeps a value for a whole number of milliseconds. Replaces an earlier one. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  /**
   * The right to renew the value of a key, for at most this many milliseconds; nothing while another process has it.
   * Without this method, all processes that find no value call the issuer.
   */
  acquireLease?(key: string, ttlMs: number): Promise<Lease | undefined>
  /**
   * Names of a secret for use in keys, derived with a key that readers of the store do not have. Values are written
   * under the first name and read under all. Without this method, caches derive the name from the secret by 600,000
   * iterations of PBKDF2, once for each secret.
   */
  namesOf?(secret: string): Promise<readonly string[]>
  /**
   * Reports keys that others set or delete. Messages may get lost. Returns a function that ends the reports.
   */
  watch?(listener: (key: string, change: StoreChange) => void): () => void
}

/** Held by one process at a time, until its release or the end of its time. */
export interface Lease {
  /**
   * Sets the value of the leased key. Returns false and sets nothing when the holder of a later lease has already set
   * one, even if that is gone: a process that was suspended never overwrites a newer value. Being late alone is
   * allowed.
   */
  set(value: string, ttlMs: number): Promise<boolean>
  /** Gives the right back, unless another process holds it by now. */
  release(): Promise<void>
}

/** Bytes as text for a store: base64 for URLs, without padding. @see RFC 4648, section 5 */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}
