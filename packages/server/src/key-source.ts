import { createVerifyingKey, isPromise, LONGEST_TIMER_MS, type VerifyingKey } from "@countersign/auth-core/adapter"
import { checkNumber, invalidOption } from "./check-number.ts"

/** An access key of a caller. */
export interface AccessKey<Owner = unknown> {
  /** One secret key, or several while they rotate: a signature by any of them is accepted. */
  secretAccessKey: string | readonly string[]
  /** Of a temporary key: the request must carry it, signed. */
  securityToken?: string | undefined
  /** Ends up on the identity of the request: whose key it is, say. */
  owner?: Owner
}

/** Gives an access key; `undefined` or `null` if there is none of that id. */
export type Keys<Owner = unknown> = (accessKeyId: string) => Awaitable<AccessKey<Owner> | undefined | null>

export type Awaitable<T> = T | Promise<T>

export interface KeyCacheOptions {
  /** How long a key is used before `keys` is asked again, milliseconds. A revoked key works as long. @default 60_000 */
  ttlMs?: number | undefined
  /** How long it is remembered that there is no such key, milliseconds. @default 10_000 */
  absentTtlMs?: number | undefined
  /** The most keys to remember, and the most absent ones. The oldest give way. @default 10_000 */
  maxEntries?: number | undefined
  /** How long `keys` may take, milliseconds; then the request is refused with 503. @default 5_000 */
  timeoutMs?: number | undefined
}

/** A key that is ready to check signatures. */
export interface ReadyKey<Owner> {
  readonly verifying: readonly VerifyingKey[]
  readonly owner: Owner | undefined
}

/** Gives a key at once if it is at hand. Fails if the source fails. */
export type KeySource<Owner> = (accessKeyId: string) => Awaitable<ReadyKey<Owner> | undefined>

interface Entry<Owner> {
  readonly key: ReadyKey<Owner> | undefined
  readonly secrets: ReadonlyMap<string, VerifyingKey>
  readonly expiresAt: number
}

/**
 * Caches what `keys` gives. Each key is asked for once at a time. A failure is not kept, and an expired key is never used.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function createKeySource<Owner>(
  keys: Keys<Owner>,
  options: KeyCacheOptions,
  now: () => number,
): KeySource<Owner> {
  if (typeof keys !== "function") throw invalidOption("`keys` must be a function that gives an access key")
  const { ttlMs = 60_000, absentTtlMs = 10_000, maxEntries = 10_000, timeoutMs = 5_000 } = options
  checkNumber("keyCache.ttlMs", ttlMs, 0)
  checkNumber("keyCache.absentTtlMs", absentTtlMs, 0)
  checkNumber("keyCache.maxEntries", maxEntries, 1)
  checkNumber("keyCache.timeoutMs", timeoutMs, 1)
  const present = new Map<string, Entry<Owner>>()
  // Apart, so that invented keys drive out no real one.
  const absent = new Map<string, Entry<Owner>>()
  const pending = new Map<string, Promise<ReadyKey<Owner> | undefined>>()

  function keep(accessKeyId: string, found: AccessKey<Owner> | undefined | null): ReadyKey<Owner> | undefined {
    const earlier = present.get(accessKeyId)?.secrets
    present.delete(accessKeyId)
    absent.delete(accessKeyId)
    const isAbsent = found === undefined || found === null
    const entries = isAbsent ? absent : present
    const entry = isAbsent
      ? { key: undefined, secrets: NONE, expiresAt: now() + absentTtlMs }
      : { ...readied(accessKeyId, found, earlier), expiresAt: now() + ttlMs }
    if (entries.size >= maxEntries) for (const oldest of entries.keys()) if (entries.delete(oldest)) break
    entries.set(accessKeyId, entry)
    return entry.key
  }

  return (accessKeyId) => {
    const entry = present.get(accessKeyId) ?? absent.get(accessKeyId)
    if (entry !== undefined && entry.expiresAt > now()) return entry.key
    const asked = pending.get(accessKeyId)
    if (asked !== undefined) return asked
    const answer = keys(accessKeyId)
    if (!isPromise(answer)) return keep(accessKeyId, answer)
    const question = inTime(answer, timeoutMs)
      .then((found) => keep(accessKeyId, found))
      .finally(() => pending.delete(accessKeyId))
    pending.set(accessKeyId, question)
    return question
  }
}

const NONE: ReadonlyMap<string, VerifyingKey> = new Map()

/** Keeps what was derived from a secret that is still the same. */
function readied<Owner>(
  accessKeyId: string,
  { secretAccessKey, securityToken, owner }: AccessKey<Owner>,
  earlier: ReadonlyMap<string, VerifyingKey> = NONE,
): Omit<Entry<Owner>, "expiresAt"> {
  const given = typeof secretAccessKey === "string" ? [secretAccessKey] : secretAccessKey
  // A store may give null, or a key without its secret, which HMAC would accept as a key.
  const isUsable = Array.isArray(given) && given.length > 0 && given.every(isSecret)
  const hasToken = securityToken !== undefined && securityToken !== null
  if (!isUsable || (hasToken && !isSecret(securityToken))) {
    throw new Error(`\`keys\` gave a malformed key for ${accessKeyId}: secretAccessKey must be a text, or texts.`)
  }
  const secrets = new Map<string, VerifyingKey>()
  for (const secret of given) {
    const known = earlier.get(secret)
    const isSame = known !== undefined && known.securityToken === (hasToken ? securityToken : undefined)
    secrets.set(secret, isSame ? known : createVerifyingKey(accessKeyId, secret, hasToken ? securityToken : undefined))
  }
  return { key: { verifying: [...secrets.values()], owner }, secrets }
}

function isSecret(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== ""
}

function inTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  if (timeoutMs > LONGEST_TIMER_MS) return promise
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`\`keys\` gave no answer within ${timeoutMs} ms.`))
    const timer = setTimeout(late, timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
