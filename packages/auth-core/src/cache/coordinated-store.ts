import type { Clock } from "../runtime/clock.ts"
import type { CacheStore, StoredText, StoredWait, StoreQuestion, StoreWatch, Taken } from "./store.ts"

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
    // A clock that is behind that of the writer makes no value younger than new.
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
