/** Counts failures in a row, and locks what had too many for a while. */
export interface Lockout {
  isLocked(name: string): boolean
  failed(name: string): void
  succeeded(name: string): void
  reset(): void
}

/** @param most failures in a row that do not lock yet */
export function createLockout(most: number, lockMs: number, now: () => number): Lockout {
  const records = new Map<string, { failures: number; lockedUntil: number }>()
  return {
    isLocked: (name) => (records.get(name)?.lockedUntil ?? 0) > now(),
    failed(name) {
      const failures = (records.get(name)?.failures ?? 0) + 1
      const locks = failures > most
      records.set(name, { failures: locks ? 0 : failures, lockedUntil: locks ? now() + lockMs : 0 })
    },
    succeeded(name) {
      records.delete(name)
    },
    reset() {
      records.clear()
    },
  }
}
