import { hashHex } from "#digest"
import type { Expiring } from "../identity/provider.ts"
import { toBase64Url } from "../runtime/base64-url.ts"
import type { Clock } from "../runtime/clock.ts"
import type { Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-options.ts"
import { readFailure, readValue, type StoredFailure, type StoredValue, writeFailure, writeValue } from "./envelope.ts"
import type { Lifetime } from "./lifetime.ts"
import type { Lease } from "./store.ts"
import { type StoreCircuitBreaker, StoreUnavailable } from "./store-circuit-breaker.ts"

export interface SharedRecordsOptions {
  readonly store: StoreCircuitBreaker
  readonly clock: Clock
  readonly emit: (event: CacheEvent) => void
}

/** What the store holds of one identity. */
export interface Records<T> {
  /** One for each key that has one. */
  readonly values: ReadonlyArray<StoredValue<T> & { readonly storeKey: string }>
  /** The one that forbids more. */
  readonly failure: StoredFailure | undefined
}

/** Counts of failures outlive the wait, so that the next failure makes a longer one. */
const COUNTS_TTL_MS = 60 * 60_000

/** Reads and writes what processes share of an identity. Writing does without the store where that fails. */
export class SharedRecords {
  readonly #store: StoreCircuitBreaker
  readonly #clock: Clock
  readonly #emit: (event: CacheEvent) => void

  constructor({ store, clock, emit }: SharedRecordsOptions) {
    this.#store = store
    this.#clock = clock
    this.#emit = emit
  }

  /** @throws {StoreUnavailable} */
  async read<T extends Expiring>(identity: string, storeKeys: readonly string[]): Promise<Records<T>> {
    const texts = await this.#store.get(...storeKeys, ...storeKeys.map(failureKeyOf))
    const now = this.#clock.now()
    const values: Array<Records<T>["values"][number]> = []
    const failures: StoredFailure[] = []
    let isUnreadable = false
    for (const [index, text] of texts.entries()) {
      if (text === undefined) continue
      const storeKey = storeKeys[index]
      const value = storeKey === undefined ? undefined : readValue<T>(text, now)
      const failure = storeKey === undefined ? readFailure(text, now) : undefined
      if (storeKey !== undefined && value !== undefined) values.push({ ...value, storeKey })
      else if (failure !== undefined) failures.push(failure)
      else isUnreadable = true
    }
    if (isUnreadable) this.#emit({ type: "store-unreadable", identity })
    const [failure] = failures.sort((one, other) => other.delayMs - one.delayMs)
    return { values, failure }
  }

  /** False when the holder of a later lease has written already. */
  async writeValue(lease: Lease, value: Expiring, lifetime: Lifetime): Promise<boolean> {
    // What never ends, such as a permanent key, is cheap to come by and does not leave the process.
    const isSharable = lifetime.endMs >= 1 && lifetime.endMs !== Number.POSITIVE_INFINITY
    if (!isSharable) return true
    return (await withoutStore(lease.set(writeValue(value, lifetime, this.#clock.now()), lifetime.endMs))) ?? true
  }

  async writeFailure(storeKey: string, failure: Failure): Promise<void> {
    const text = writeFailure(failure, this.#clock.now())
    await withoutStore(this.#store.set(failureKeyOf(storeKey), text, failure.delayMs + COUNTS_TTL_MS))
  }

  async deleteValues(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(key))))
  }

  async deleteFailures(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(failureKeyOf(key)))))
  }
}

/** What the operation gives; nothing when the store is unavailable. */
export async function withoutStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}

/**
 * The key of an identity in a store: `v1.` and the SHA-256 in hex of the identity key, with what names its secret in the
 * next line. Nobody reads a user's name off it. The version is that of the envelope, so that versions which do not understand
 * each other do not meet.
 *
 * @param secret names the secret: made with a key, or slowly, so that nobody finds a password by trying
 */
export function storeKeyOf(identityKey: string, secret?: string): string {
  return `v1.${hashHex("sha256", secret === undefined ? identityKey : `${identityKey}\n${secret}`)}`
}

const FAILURE = ".failure"

/** Where the failures of the same identity are kept. */
export function failureKeyOf(storeKey: string): string {
  return storeKey + FAILURE
}

/** The store key whose failures are kept there; nothing for a key of another kind. */
export function valueKeyOf(failureKey: string): string | undefined {
  return failureKey.endsWith(FAILURE) ? failureKey.slice(0, -FAILURE.length) : undefined
}

/** As OWASP advises for PBKDF2-HMAC-SHA256, in rounds: Cloudflare refuses more than 100,000 iterations at once. */
const ROUNDS = 6
const ITERATIONS = 100_000

/**
 * Derives from a secret what may be seen by those who can read a store: a guess at a password costs 600,000 iterations of
 * PBKDF2-HMAC-SHA256. About a tenth of a second of CPU, beside the program's own thread in Node.
 *
 * @param salt differs for each identity
 * @throws {StoreUnavailable} where there is no Web Crypto API, as in browsers without https
 * @see OWASP Password Storage Cheat Sheet; RFC 8018, section 5.2
 */
export async function stretch(secret: string, salt: string): Promise<string> {
  const { subtle } = globalThis.crypto
  if (subtle === undefined) throw new StoreUnavailable("There is no Web Crypto API.")
  const encoder = new TextEncoder()
  let bytes = encoder.encode(secret)
  for (let round = 0; round < ROUNDS; round += 1) {
    const key = await subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"])
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: encoder.encode(salt), iterations: ITERATIONS }
    bytes = new Uint8Array(await subtle.deriveBits(algorithm, key, 256))
  }
  return toBase64Url(bytes)
}
