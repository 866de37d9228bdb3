import type { AuthError } from "../errors/auth-error.ts"
import type { Expiring, Provider, SecretBinding } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import type { Failure } from "./backoff.ts"
import { fingerprintOf } from "./fingerprint.ts"
import type { Lifetime } from "./lifetime.ts"
import { isDead } from "./request-bound.ts"

/** A refresh on its way, shared by all who want its result. */
export interface PendingRefresh<T> {
  readonly promise: Promise<RefreshOutcome<T>>
  /** The value that it must replace, because a server refused it. */
  readonly rejected: T | undefined
  /** Its value, for all providers without a binding. */
  shared?: Promise<T>
  /** Somebody waits for it. */
  isAwaited: boolean
  /** When its request was last seen at work, by the monotonic clock; absent where a refresh outlives its request. */
  aliveAt?: number
}

/** How a refresh ended. An outcome with a `binding` counts only for providers with that binding. */
export type RefreshOutcome<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "failed"; readonly error: AuthError; readonly binding?: SecretBinding | undefined }
  | SecretMoved<T>

/** The secret is no longer that of the entry, so the new value belongs to another entry. */
export interface SecretMoved<T> {
  readonly kind: "moved"
  /** The binding whose secret changed. */
  readonly binding: SecretBinding
  /** The refresh of the other entry, where it needs one. */
  readonly renewed: Promise<T> | undefined
}

/**
 * Tells the entries of one identity apart: the fingerprint of the secret that an entry is bound to; or the binding,
 * until its secret is read and for failures to read it. Absent for providers without a secret of ours.
 */
export type Mark = string | SecretBinding | undefined

/** The mark of the entry that a provider reads now. */
export function markOf<T>({ identityKey, binding }: Provider<T>): Mark {
  if (binding === undefined || identityKey === undefined) return undefined
  return binding.current === undefined ? binding : fingerprintOf(binding.current)
}

/** A place in the order of use. */
export interface Link {
  readonly key?: string | undefined
  readonly mark?: Mark
  newer: Link | undefined
  older: Link | undefined
}

type Ref = Pick<WeakRef<object>, "deref">

/** Workers before the compatibility date 2025-05-05 have no WeakRef. There a provider stays as long as its entry. */
export function refTo(provider: object): Ref {
  return typeof WeakRef === "function" ? new WeakRef(provider) : { deref: () => provider }
}

/** The sign of no binding. */
const UNSEEN = {}

/**
 * The state of one identity under one secret. Fields are plain and few, since there may be a hundred thousand entries.
 */
export class CacheEntry<T = Expiring> implements Link {
  readonly key: string | undefined
  readonly mark: Mark
  /** The sign of the binding that found the entry last. Its next read need not compare marks. */
  sign: object | undefined
  /** The entries of the same identity under other secrets; kept at the first of them. */
  others: Map<Mark, CacheEntry> | undefined = undefined
  /** The keys of this entry in a store, once they are known. */
  storeKeys: readonly [string, ...string[]] | undefined = undefined
  /** The first provider that asked, while somebody holds it. */
  provider: Ref
  value: T | undefined = undefined
  /**
   * When the value came: whole milliseconds of the monotonic clock, whole seconds of the wall clock, to keep entries
   * small.
   */
  receivedMono = 0
  receivedWallSeconds = 0
  softMs = 0
  hardMs = 0
  endMs = 0
  /** A server refused the value. Nobody gets it unless its replacement fails. */
  isRefused = false
  pending: PendingRefresh<T> | undefined = undefined
  failure: Failure | undefined = undefined
  newer: Link | undefined = undefined
  older: Link | undefined = undefined

  constructor(key: string | undefined, mark: Mark, provider: object) {
    this.key = key
    this.mark = mark
    this.sign = mark === undefined ? undefined : UNSEEN
    this.provider = refTo(provider)
  }

  /** Callers have to wait: the value is absent, refused, or past its hard expiry. */
  mustRefresh(clock: Clock): boolean {
    return this.value === undefined || this.isRefused || !isYounger(this, this.hardMs, clock)
  }

  /** A refresh is due: the value is absent, stale, or past its soft expiry. */
  shouldRefresh(clock: Clock): boolean {
    return this.value === undefined || !isYounger(this, this.softMs, clock)
  }

  /** A refresh is on its way, and its request has not ended before it. */
  isRefreshing(clock: Clock): this is this & { readonly pending: PendingRefresh<T> } {
    return this.pending !== undefined && !isDead(this.pending, clock)
  }

  /** The time until the end of the value, milliseconds. */
  leftMs(clock: Clock): number {
    return this.endMs - (clock.monotonic() - this.receivedMono)
  }

  fill(value: T, { softMs, hardMs, endMs }: Lifetime, clock: Clock): void {
    this.value = value
    this.receivedMono = Math.floor(clock.monotonic())
    // Rounded up: the wall clock counts only when it runs far ahead of the other.
    this.receivedWallSeconds = Math.ceil(clock.now() / 1000)
    this.softMs = softMs
    this.hardMs = hardMs
    this.endMs = endMs
    this.isRefused = false
    this.failure = undefined
  }

  /** The next caller starts a refresh. */
  makeStale(): void {
    this.softMs = 0
  }

  /** The value counts as fresh for a moment, but never past its hard expiry. */
  postponeRefresh(ms: number, clock: Clock): void {
    this.softMs = Math.min(clock.monotonic() - this.receivedMono + ms, this.hardMs)
  }

  refuse(): void {
    this.makeStale()
    this.isRefused = true
  }

  /**
   * There is no replacement for the refused value, so it serves again: one service may take what another refuses. But
   * when the issuer refuses the identity too, the value goes.
   */
  endRefusal(isIdentityRefused: boolean): void {
    if (this.isRefused && isIdentityRefused) this.value = undefined
    this.isRefused = false
  }

  empty(): void {
    this.value = undefined
    this.isRefused = false
  }
}

/** Counts both clocks: one may stop while the machine sleeps, the other may be set back. */
function isYounger(entry: CacheEntry<unknown>, spanMs: number, clock: Clock): boolean {
  return clock.monotonic() - entry.receivedMono < spanMs && clock.now() - entry.receivedWallSeconds * 1000 < spanMs
}
