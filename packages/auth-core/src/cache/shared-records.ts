import { hashHex } from "#digest"
import { AuthError, type AuthErrorCode, type AuthErrorDetails } from "../errors/auth-error.ts"
import type { Expiring } from "../identity/provider.ts"
import { hasNoSecret } from "../identity/secret.ts"
import type { Clock } from "../runtime/clock.ts"
import { redactCredential } from "../runtime/redact.ts"
import type { Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-options.ts"
import type { Lifetime } from "./lifetime.ts"
import { type Lease, toBase64Url } from "./store.ts"
import { type StoreCircuitBreaker, StoreUnavailable } from "./store-circuit-breaker.ts"

export interface SharedRecordsOptions {
  readonly store: StoreCircuitBreaker
  readonly clock: Clock
  readonly emit: (event: CacheEvent) => void
}

/** The records of one identity. */
export interface Records<T> {
  /** At most one for each key. */
  readonly values: ReadonlyArray<StoredValue<T> & { readonly storeKey: string }>
  /** The one with the longest wait. */
  readonly failure: StoredFailure | undefined
}

/** A record of a failure outlives its wait, so that the next failure causes a longer one. */
const COUNTS_TTL_MS = 60 * 60_000

/** Reads and writes the records that processes share. Nothing is thrown when the store fails to write. */
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

  /** False when the holder of a later lease has already written. */
  async writeValue(lease: Lease, value: Expiring, lifetime: Lifetime): Promise<boolean> {
    // A value without an end, such as a permanent key, is cheap to get and does not leave the process.
    const isSharable = lifetime.endMs >= 1 && lifetime.endMs !== Number.POSITIVE_INFINITY
    if (!isSharable) return true
    return (await withoutStore(lease.set(valueRecord(value, lifetime, this.#clock.now()), lifetime.endMs))) ?? true
  }

  async writeFailure(storeKey: string, failure: Failure): Promise<void> {
    const text = failureRecord(failure, this.#clock.now())
    await withoutStore(this.#store.set(failureKeyOf(storeKey), text, failure.delayMs + COUNTS_TTL_MS))
  }

  async deleteValues(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(key))))
  }

  async deleteFailures(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(failureKeyOf(key)))))
  }
}

/** The result of an operation; nothing when the store is unavailable. */
export async function withoutStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}

/**
 * The form of a record: JSON in UTF-8. Times are spans from `at`, the moment of writing by the writer's wall clock,
 * epoch ms. Readers of version 1 ignore members that they do not know, and do without members that are absent.
 *
 *     { "v": 1, "at": 1767225600000, "softMs": 79920000, "endMs": 86400000, "value": { ...token or credentials } }
 *     { "v": 1, "at": 1767225600000, "delayMs": 60000, "counts": { "rejected": 1, "unavailable": 0 },
 *       "error": { "code": "AUTH_CREDENTIALS_REJECTED", "message": "...", "status": 401, ... } }
 */
const VERSION = 1

/** A value with the lifetime that its writer planned. */
export interface StoredValue<T> extends Pick<Lifetime, "softMs" | "endMs"> {
  readonly value: T
  readonly ageMs: number
}

/** A failure of another process. */
export interface StoredFailure extends Pick<Failure, "error" | "counts" | "delayMs"> {
  readonly writtenAt: number
  readonly ageMs: number
}

function valueRecord(value: Expiring, { softMs, endMs }: Lifetime, now: number): string {
  return JSON.stringify({ v: VERSION, at: now, softMs, endMs, value })
}

/** Reads a record of a value; nothing when the text is anything else. */
export function readValue<T extends Expiring>(text: string, now: number): StoredValue<T> | undefined {
  const record = parseRecord(text)
  if (record === undefined) return undefined
  const { at, softMs, endMs, value } = record
  if (!isNumber(at) || !isNumber(softMs) || !isNumber(endMs) || !isObject(value) || hasNoSecret(value)) return undefined
  // The key is that of the identity, so the provider of the writer vouched for the type.
  return { value: redactCredential(value as T), softMs, endMs, ageMs: Math.max(0, now - at) }
}

function failureRecord({ error, delayMs, counts }: Failure, now: number): string {
  const { code, message, status, errorCode, errorMessage, requestId, endpoint } = error
  const shown = { code, message, status, errorCode, errorMessage, requestId, endpoint }
  return JSON.stringify({ v: VERSION, at: now, delayMs, counts, error: shown })
}

/** Reads a record of a failure; nothing when the text is anything else. */
function readFailure(text: string, now: number): StoredFailure | undefined {
  const record = parseRecord(text)
  if (record === undefined) return undefined
  const { at, delayMs, counts, error } = record
  if (!isNumber(at) || !isNumber(delayMs) || !isObject(counts) || !isObject(error)) return undefined
  const { rejected, unavailable } = counts
  const { code, message } = error
  if (!isCount(rejected) || !isCount(unavailable) || typeof code !== "string" || typeof message !== "string") {
    return undefined
  }
  return {
    // A later version may know more codes.
    error: new AuthError(code as AuthErrorCode, message, detailsOf(error)),
    counts: { rejected, unavailable },
    delayMs,
    writtenAt: at,
    ageMs: Math.max(0, now - at),
  }
}

function detailsOf(error: Record<string, unknown>): AuthErrorDetails {
  const text = (name: string): string | undefined => {
    const value = error[name]
    return typeof value === "string" ? value : undefined
  }
  return {
    status: isNumber(error.status) ? error.status : undefined,
    errorCode: text("errorCode"),
    errorMessage: text("errorMessage"),
    requestId: text("requestId"),
    endpoint: text("endpoint"),
  }
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(text)
    return isObject(record) && record.v === VERSION ? record : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value)
}

/**
 * The key of an identity in a store: `v1.` and the SHA-256 in hex of the identity key and, on a second line, the name
 * of its secret. It does not show the name of a user. Records of different versions have different keys.
 *
 * @param secret a name of the secret that was derived with a key, or slowly, so that nobody can try passwords
 */
export function storeKeyOf(identityKey: string, secret?: string): string {
  return `v1.${hashHex("sha256", secret === undefined ? identityKey : `${identityKey}\n${secret}`)}`
}

const FAILURE = ".failure"

/** The key for the failures of the same identity. */
export function failureKeyOf(storeKey: string): string {
  return storeKey + FAILURE
}

/** The key of the value whose failures have this key; nothing for a key of another kind. */
export function valueKeyOf(failureKey: string): string | undefined {
  return failureKey.endsWith(FAILURE) ? failureKey.slice(0, -FAILURE.length) : undefined
}

/** 600,000 in all, as OWASP advises for PBKDF2-HMAC-SHA256. Cloudflare refuses more than 100,000 at once. */
const ROUNDS = 6
const ITERATIONS = 100_000

/**
 * Derives a name of a secret that readers of the store may see: each guess at a password costs them 600,000 iterations
 * of PBKDF2-HMAC-SHA256. Takes about a tenth of a second of CPU; in Node on another thread.
 *
 * @param salt different for each identity
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
