import { invalidOption } from "../errors/auth-error.ts"
import type { Clock } from "../runtime/clock.ts"

/**
 * A change of a key: its value was set or deleted, its failure was recorded or forgiven, or its lease was released
 * without a result, so that those who wait ask again. A store may also tell `released` when it begins to hear of a key.
 */
export type StoreChange = "set" | "deleted" | "failed" | "forgiven" | "released"

/**
 * Shares the values of caches among processes and hosts. Keys and values are texts. Keys are short, visible ASCII
 * without secrets. Every method may fail or be slow: the cache then goes on without its store.
 *
 * `get`, `set` and `delete` are enough. A store with `take` also coordinates: one process asks the issuer for all. Its
 * clock times everything, so the clocks of the processes need not agree. Caches then use only `take`, `delete` and
 * `watch`.
 */
export interface CacheStore {
  /** The value of a key; nothing when it is absent or its time is over. */
  get(key: string): Promise<string | undefined>
  /** Keeps a value for a whole number of milliseconds. Replaces an earlier one. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Deletes the value of a key, so that no process that holds an earlier lease can set it any more. */
  delete(key: string): Promise<void>
  /**
   * In one step: the value of a key, else the failure that still waits, else the right to renew the value. Without this
   * method, all processes that find no value call the issuer.
   */
  take?(key: string, question: StoreQuestion): Promise<Taken>
  /**
   * Names of a secret for use in keys, derived with a key that readers of the store do not have. Values are written
   * under the first name and read under all. Without this method, caches derive the name from the secret by 600,000
   * iterations of PBKDF2, once for each secret.
   */
  namesOf?(secret: string): Promise<readonly string[]>
  /**
   * Reports changes that others make. Notices may get lost. `onUnheard` is told once for each disturbance that lasts:
   * no notices come, and why, in a word such as `ECONNREFUSED`.
   */
  watch?(listener: (notice: StoreNotice) => void, onUnheard?: (reason: string) => void): StoreWatch
}

/** The wishes of one process. */
export interface StoreQuestion {
  /** The version of a value that will not do. */
  readonly unwanted?: string | undefined
  /** A server refused the unwanted value: it is deleted, unless another process has the lease and will replace it. */
  readonly isRefused?: boolean | undefined
  /** `ignored`: no failure is the answer. `forgiven`: the failure is deleted too. */
  readonly failure?: "ignored" | "forgiven" | undefined
  /**
   * Asks for the lease, for at most `ms` milliseconds. A holder that asks again gets a new lease in place of its own,
   * since a client may send a command twice. Absent: the process only looks.
   */
  readonly lease?: { readonly holder: string; readonly ms: number } | undefined
}

/**
 * The answer to a {@link StoreQuestion}. Times are milliseconds of the store's own clock, and `now` is its time at the
 * answer. A version is a whole number, which grows with that clock.
 */
export type Taken = { readonly now: number } & (
  | ({ readonly kind: "value" } & StoredText)
  | ({ readonly kind: "failure" } & StoredWait)
  /** There is nothing usable. The failure no longer waits, but counts. */
  | { readonly kind: "lease"; readonly lease: Lease; readonly failure?: StoredWait | undefined }
  /** Another process has the lease, until then at most. */
  | { readonly kind: "held"; readonly until: number }
  /** There is nothing usable, and no lease was asked for. */
  | { readonly kind: "none" }
)

/** A value in a store. */
export interface StoredText {
  /** Empty when it cannot be read. */
  readonly text: string
  /** A whole number, later values have greater ones. */
  readonly version: string
  /** When the value ends, milliseconds of the store's clock. */
  readonly endsAt: number
}

/** A failure in a store. */
export interface StoredWait {
  /** Empty when it cannot be read. */
  readonly text: string
  /** A whole number, later failures have greater ones. */
  readonly version: string
  /** The issuer is not asked before this time. */
  readonly waitsUntil: number
}

/**
 * Held by one process at a time, until its release or the end of its time. Times are those of the store's clock.
 *
 * `set` and `setFailure` release the lease in the same step. They return false, and set nothing, when a later version
 * was set or deleted meanwhile, or when the lease is more than an hour old: a process that was suspended never
 * overwrites a newer value. Being late alone is allowed.
 */
export interface Lease {
  /** The version of the value that will be set under this lease. */
  readonly version: string
  /** Sets the value, which ends at `endsAt`. False if a later value stands. */
  set(text: string, endsAt: number): Promise<boolean>
  /** Keeps the failure beyond its wait, for the next one to cause a longer wait. False if one of a later holder counts. */
  setFailure(text: string, waitsUntil: number, keptUntil: number): Promise<boolean>
  /** Gives the right back, unless another process holds it by now. */
  release(): Promise<void>
}

/** Says that another process changed something in the store. */
export interface StoreNotice {
  /** The key that changed. */
  readonly key: string
  /** The kind of change. */
  readonly change: StoreChange
  /** The value that was set, where a process waited for it. */
  readonly value?: StoredText | undefined
  /** The failure that was recorded, where a process waited for a value. */
  readonly failure?: StoredWait | undefined
}

/** The reports of a store. */
export interface StoreWatch {
  /** Asks for notices of a key. Those of other keys may come too. */
  follow(key: string): void
  /** Ends the notices of a key. */
  unfollow(key: string): void
  /** Whether every notice of the key is sure to come now. */
  isHearing(key: string): boolean
  /** Ends the watch, and its connections. */
  end(): void | Promise<void>
}

/** Bytes as text for a store: base64 for URLs, without padding. @see RFC 4648, section 5 */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/** A store that coordinates renewals. */
export type CoordinatedStore = CacheStore & Required<Pick<CacheStore, "take">>

/**
 * A store for shared renewals: the given one if it coordinates them. A plain store grants a lease to everybody, and
 * times are those of the machines' wall clocks.
 *
 * The form of a text in a plain store: version, time of writing in epoch ms, and milliseconds from then, each followed
 * by a space, then the record.
 */
export function coordinatedStore(store: CacheStore, clock: Clock): CoordinatedStore {
  return isCoordinated(store)
    ? store
    : { ...methodsOf(store), take: (key, question) => takeFrom(store, clock, key, question) }
}

export function isCoordinated(store: CacheStore): store is CoordinatedStore {
  return store.take !== undefined
}

/** Methods of a class are not copied by a spread. */
function methodsOf(store: CacheStore): CacheStore {
  return {
    get: (key) => store.get(key),
    set: (key, value, ttlMs) => store.set(key, value, ttlMs),
    delete: (key) => store.delete(key),
    ...(store.namesOf && { namesOf: store.namesOf.bind(store) }),
    ...(store.watch && { watch: (...listeners) => watchPlain(store, ...listeners) }),
  }
}

async function takeFrom(store: CacheStore, clock: Clock, key: string, question: StoreQuestion): Promise<Taken> {
  const { unwanted, isRefused, failure: wish, lease } = question
  const failureKey = failureKeyOf(key)
  if (wish === "forgiven") await store.delete(failureKey)
  const [value, failure] = (await Promise.all([store.get(key), store.get(failureKey)])).map(readText)
  const now = clock.now()
  if (value !== undefined && value.version !== unwanted && value.endsAt > now) {
    // A value is never younger than new, even if the writer's clock is ahead.
    return { kind: "value", ...value, now: Math.max(now, value.at) }
  }
  const wait: (StoredWait & { at: number }) | undefined = failure && { ...failure, waitsUntil: failure.endsAt }
  if (wait !== undefined && wish === undefined && wait.waitsUntil > now) {
    return { kind: "failure", ...wait, now: Math.max(now, wait.at) }
  }
  if (isRefused === true && value !== undefined) await store.delete(key)
  if (lease === undefined) return { kind: "none", now }
  const grantedAt = clock.monotonic()
  const version = `${now}.${crypto.randomUUID().slice(0, 8)}`
  const leftMs = (until: number): number => Math.floor(until - now - (clock.monotonic() - grantedAt))
  const textOf = (text: string, until: number): string =>
    `${version} ${Math.floor(until - leftMs(until))} ${leftMs(until)} ${text}`
  return {
    kind: "lease",
    now,
    failure: wait,
    lease: {
      version,
      async set(text, endsAt) {
        await store.set(key, textOf(text, endsAt), leftMs(endsAt))
        if (failure !== undefined) await store.delete(failureKey)
        return true
      },
      async setFailure(text, waitsUntil, keptUntil) {
        await store.set(failureKey, textOf(text, waitsUntil), leftMs(keptUntil))
        return true
      },
      release: async () => undefined,
    },
  }
}

/** A change of a failure is a change of its own key there. */
function watchPlain(
  store: CacheStore,
  ...[listener, onUnheard]: Parameters<NonNullable<CacheStore["watch"]>>
): StoreWatch {
  const watch = store.watch?.(({ key, change, value }) => {
    const valueKey = key.endsWith(FAILURE) ? key.slice(0, -FAILURE.length) : undefined
    if (valueKey === undefined) listener({ key, change, value })
    else listener({ key: valueKey, change: change === "deleted" ? "forgiven" : "failed" })
  }, onUnheard)
  if (watch === undefined) throw new TypeError("`watch` returned nothing.")
  const both = (key: string): string[] => [key, failureKeyOf(key)]
  return {
    follow: (key) => both(key).forEach((one) => void watch.follow(one)),
    unfollow: (key) => both(key).forEach((one) => void watch.unfollow(one)),
    isHearing: (key) => both(key).every((one) => watch.isHearing(one)),
    end: () => watch.end(),
  }
}

const TEXT = /^(\S+) (\d+) (\d+) /

function readText(stored: unknown): (StoredText & { at: number }) | undefined {
  if (stored === undefined || stored === null) return undefined
  const [start = "", version, at, spanMs] = (typeof stored === "string" && TEXT.exec(stored)) || []
  if (version === undefined) return { text: "", version: "unreadable", at: 0, endsAt: Number.POSITIVE_INFINITY }
  return { text: String(stored).slice(start.length), version, at: Number(at), endsAt: Number(at) + Number(spanMs) }
}

const FAILURE = ".failure"

/** The key for the failures of the same identity in a plain store. */
export function failureKeyOf(storeKey: string): string {
  return storeKey + FAILURE
}

/** The part of Keyv that the store uses. */
export interface KeyvLike {
  /** The value of a key; `undefined` for none. */
  get(key: string): Promise<unknown>
  /** Keeps a value for `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs?: number): Promise<unknown>
  /** Deletes the value of a key. */
  delete(key: string): Promise<unknown>
  /** Tells the errors of the database, which `get` does not throw. */
  on?(event: "error", listener: (error: unknown) => void): unknown
}

/**
 * A store on Keyv and any database that it supports. Keyv has no leases: processes that find nothing at the same time
 * all call the issuer, and the last value stays.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function keyvStore(keyv: KeyvLike): CacheStore {
  if (typeof keyv?.get !== "function" || typeof keyv.set !== "function" || typeof keyv.delete !== "function") {
    throw invalidOption("`keyv` must be a Keyv, or an object with its functions get, set and delete.")
  }
  // Some adapters report errors by this event alone. Without a listener it would end the process.
  let lastError: unknown
  keyv.on?.("error", (error) => {
    lastError = error
  })
  return {
    async get(key) {
      lastError = undefined
      const value = await keyv.get(key)
      if (typeof value === "string") return value
      if (lastError !== undefined) throw lastError
      return undefined
    },
    async set(key, value, ttlMs) {
      // Keyv reports most errors by its result only.
      if ((await keyv.set(key, value, ttlMs)) === false) throw new Error("Keyv did not keep the value.")
    },
    async delete(key) {
      await keyv.delete(key)
    },
  }
}
