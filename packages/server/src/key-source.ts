import { andThen, createVerifyingKey, invalidOption, type VerifyingKey } from "@countersign/auth-core/adapter"
import { checkNumber, checkOptions } from "./check-option.ts"
import { type Awaitable, createLookup, type Lookup } from "./lookup.ts"

/** An access key of a caller. */
export interface AccessKey<Owner = unknown> {
  /** One secret key, or several while they rotate: a signature by any of them is accepted. */
  secretAccessKey: string | readonly string[]
  /** Security token of a temporary key. The request must carry it, signed. */
  securityToken?: string | undefined
  /** End of a temporary key, epoch milliseconds. @default it has none */
  expiresAt?: number | undefined
  /** Ends up on the identity of the request: whose key it is, say. */
  owner?: Owner
}

/** Gives an access key; `undefined` or `null` if there is none of that id. */
export type Keys<Owner = unknown> = (accessKeyId: string) => Awaitable<AccessKey<Owner> | undefined | null>

/** How long keys are remembered, and how many. */
export interface KeyCacheOptions {
  /** How long a key is used before `keys` is asked again, milliseconds. A revoked key works as long. @default 60_000 */
  ttlMs?: number | undefined
  /**
   * How long it is remembered that there is no such key, milliseconds. A signature that fits no remembered secret leads to one
   * more question about its key, at most once within this time. @default 10_000
   */
  absentTtlMs?: number | undefined
  /** The most keys to remember, and the most absent ones. The oldest give way. @default 10_000 */
  maxEntries?: number | undefined
  /** How long `keys` may take, milliseconds; then the request is refused with 503. @default 5_000 */
  timeoutMs?: number | undefined
}

const KEY_CACHE_OPTIONS: Readonly<Record<keyof KeyCacheOptions, true>> = {
  ttlMs: true,
  absentTtlMs: true,
  maxEntries: true,
  timeoutMs: true,
}

/** A key that is ready to check signatures. */
export interface ReadyKey<Owner> {
  readonly verifying: readonly VerifyingKey[]
  readonly expiresAt: number
  readonly owner: Owner | undefined
  /** By secret. */
  readonly secrets: ReadonlyMap<string, VerifyingKey>
}

/**
 * Caches what `keys` gives. Each key is asked for once at a time. A failure is not kept, and an expired key is never used.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function createKeySource<Owner>(
  keys: Keys<Owner>,
  options: KeyCacheOptions = {},
): Lookup<string, ReadyKey<Owner>> {
  if (typeof keys !== "function") throw invalidOption("`keys` must be a function that gives an access key.")
  checkOptions("The members of `keyCache`", options, KEY_CACHE_OPTIONS)
  const { ttlMs = 60_000, absentTtlMs = 10_000, maxEntries = 10_000, timeoutMs = 5_000 } = options
  checkNumber("keyCache.ttlMs", ttlMs, 0)
  checkNumber("keyCache.absentTtlMs", absentTtlMs, 0)
  checkNumber("keyCache.maxEntries", maxEntries, 1)
  checkNumber("keyCache.timeoutMs", timeoutMs, 1)
  return createLookup<string, ReadyKey<Owner>>({
    nameOf: (accessKeyId) => accessKeyId,
    ask: (accessKeyId, earlier) =>
      andThen(keys(accessKeyId), (found) =>
        found === undefined || found === null ? undefined : readied(accessKeyId, found, earlier?.secrets),
      ),
    freshUntil: (key, time) => time + (key === undefined ? absentTtlMs : ttlMs),
    againAfterMs: absentTtlMs,
    maxEntries,
    timeoutMs,
    source: "`keys`",
  })
}

const NONE: ReadonlyMap<string, VerifyingKey> = new Map()

/** Keeps what was derived from a secret that is still the same. */
function readied<Owner>(
  accessKeyId: string,
  { secretAccessKey, securityToken, expiresAt, owner }: AccessKey<Owner>,
  earlier: ReadonlyMap<string, VerifyingKey> = NONE,
): ReadyKey<Owner> {
  const given = typeof secretAccessKey === "string" ? [secretAccessKey] : secretAccessKey
  // A store may give null, or a key without its secret, which HMAC would accept as a key.
  const isUsable = Array.isArray(given) && given.length > 0 && given.every(isSecret)
  const hasToken = securityToken !== undefined && securityToken !== null
  if (!isUsable || (hasToken && !isSecret(securityToken))) {
    throw new Error(`\`keys\` gave a malformed key for ${accessKeyId}: secretAccessKey must be a text, or texts.`)
  }
  const end = expiresAt ?? Number.POSITIVE_INFINITY
  if (typeof end !== "number" || Number.isNaN(end)) {
    throw new Error(`\`keys\` gave a malformed key for ${accessKeyId}: expiresAt must be a time in epoch milliseconds.`)
  }
  const secrets = new Map<string, VerifyingKey>()
  for (const secret of given) {
    const known = earlier.get(secret)
    const isSame = known !== undefined && known.securityToken === (hasToken ? securityToken : undefined)
    secrets.set(secret, isSame ? known : createVerifyingKey(accessKeyId, secret, hasToken ? securityToken : undefined))
  }
  return { verifying: [...secrets.values()], expiresAt: end, owner, secrets }
}

function isSecret(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== ""
}
