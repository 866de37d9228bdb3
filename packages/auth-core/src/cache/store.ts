/** What happened to a key of a store. */
export type StoreChange = "set" | "deleted"

/**
 * Where processes and hosts share what their caches keep. Keys and values are texts; keys are short, visible ASCII and hold
 * nothing secret. Every method may fail or be slow: a cache goes on without its store then.
 */
export interface CacheStore {
  /** The value of a key, or nothing, also once its time is over. */
  get(key: string): Promise<string | undefined>
  /** Keeps a value for so many whole milliseconds, in place of an earlier one. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  /**
   * The right to renew the value of a key, for so many milliseconds at most; nothing while another has it. Absent in a
   * store that cannot do that: processes that find nothing then all call the issuer.
   */
  acquireLease?(key: string, ttlMs: number): Promise<Lease | undefined>
  /**
   * Texts that name a secret in keys, made with a key which those who can only read the store do not have. The first names
   * what is written; what was written under the others is read, too. Absent: caches derive the text from the secret by 600,000
   * iterations of PBKDF2, once for each secret.
   */
  namesOf?(secret: string): Promise<readonly string[]>
  /**
   * Tells of keys that others set or delete, as well as it can; messages may get lost. Returns what ends it.
   */
  watch?(listener: (key: string, change: StoreChange) => void): () => void
}

/** Held by one process at a time; over when released, or when its time is over. */
export interface Lease {
  /**
   * Sets the value of the leased key. False, and nothing set, when the holder of a later lease has set one already, even if
   * that is gone by now: a process that was stopped for a while never overwrites what is newer. Being late alone is no harm.
   */
  set(value: string, ttlMs: number): Promise<boolean>
  /** Gives the right back, unless it is another's by now. */
  release(): Promise<void>
}
