import { checkBooleans, checkNumber, checkOptions } from "./check-option.ts"
import { putBounded } from "./lookup.ts"
import type { KeyLock } from "./verifier-event.ts"

/** Counts failures by name, such as an AK, and locks a name that has too many. */
export interface LockOut {
  /** Whether a name is locked now. */
  isLocked(name: string): boolean
  /** Counts a failure. Returns the lock that it led to, if it did. */
  failed(name: string): KeyLock | undefined
  /** Notes a success. */
  succeeded(name: string): void
}

/** A lock-out in this process. */
export interface MemoryLockOut extends LockOut {
  /** How long it locks a name, milliseconds. */
  readonly lockMs: number
  /** Locks a name now. */
  lock(name: string): void
  /** Forgets failures and lock of a name. */
  unlock(name: string): void
  /** Forgets all. */
  reset(): void
}

/** How many failures lock a key, and for how long. */
export interface LockOutOptions {
  /** How many failures lock a key. @default 5 */
  failures?: number | undefined
  /** The time in which they are counted, milliseconds. It begins with the first. @default 60_000 */
  windowMs?: number | undefined
  /** How long a key is locked, milliseconds; 0 locks none, so that the hook alone is called. @default 300_000 */
  lockMs?: number | undefined
  /** A success sets the count to zero, as API Gateway does it. @default false */
  consecutive?: boolean | undefined
  /** The most names to remember. The oldest give way. @default 10_000 */
  maxEntries?: number | undefined
  /** Epoch ms. @default Date.now */
  now?: (() => number) | undefined
}

/** Their names. */
export const LOCK_OUT_OPTIONS: Readonly<Record<keyof LockOutOptions, true>> = {
  failures: true,
  windowMs: true,
  lockMs: true,
  consecutive: true,
  maxEntries: true,
  now: true,
}

interface Failures {
  count: number
  readonly since: number
}

/**
 * Counts failures in this process.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function memoryLockOut(options: LockOutOptions = {}): MemoryLockOut {
  checkOptions("The options of a lock-out", options, LOCK_OUT_OPTIONS)
  const { failures = 5, windowMs = 60_000, lockMs = 300_000, consecutive = false } = options
  const { maxEntries = 10_000, now = Date.now } = options
  checkNumber("failures", failures, 1)
  checkNumber("windowMs", windowMs, 1)
  checkNumber("lockMs", lockMs, 0)
  checkNumber("maxEntries", maxEntries, 1)
  checkBooleans({ consecutive })
  const counts = new Map<string, Failures>()
  const lockedUntil = new Map<string, number>()
  function lock(name: string): void {
    counts.delete(name)
    if (lockMs > 0) putBounded(lockedUntil, name, now() + lockMs, maxEntries)
  }
  return {
    lockMs,
    isLocked(name) {
      const until = lockedUntil.get(name)
      if (until === undefined) return false
      if (until > now()) return true
      lockedUntil.delete(name)
      return false
    },
    failed(name) {
      const time = now()
      const earlier = counts.get(name)
      const isCounted = earlier !== undefined && time - earlier.since < windowMs
      const known = isCounted ? earlier : { count: 0, since: time }
      known.count += 1
      if (known.count >= failures) {
        lock(name)
        return { failures: known.count, lockedForMs: lockMs }
      }
      if (!isCounted) putBounded(counts, name, known, maxEntries)
      return undefined
    },
    succeeded(name) {
      if (consecutive) counts.delete(name)
    },
    lock,
    unlock(name) {
      counts.delete(name)
      lockedUntil.delete(name)
    },
    reset() {
      counts.clear()
      lockedUntil.clear()
    },
  }
}
