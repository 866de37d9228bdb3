/** Counts consecutive failures, and locks a name for a while after too many. */
export interface Lockout {
  isLocked(name: string): boolean
  failed(name: string): void
  succeeded(name: string): void
  lock(name: string): void
  unlock(name: string): void
  reset(): void
}

/** @param most consecutive failures that do not lock yet */
export function createLockout(most: number, lockMs: number, now: () => number): Lockout {
  const failures = new Map<string, number>()
  const lockedUntil = new Map<string, number>()
  const lock = (name: string): void => {
    failures.delete(name)
    lockedUntil.set(name, now() + lockMs)
  }
  return {
    isLocked: (name) => (lockedUntil.get(name) ?? Number.NEGATIVE_INFINITY) > now(),
    failed(name) {
      const count = (failures.get(name) ?? 0) + 1
      if (count > most) lock(name)
      else failures.set(name, count)
    },
    succeeded(name) {
      failures.delete(name)
    },
    lock,
    unlock(name) {
      failures.delete(name)
      lockedUntil.delete(name)
    },
    reset() {
      failures.clear()
      lockedUntil.clear()
    },
  }
}
