/** A string, or a hash. */
export type Stored = string | ReadonlyMap<string, string>

interface Entry {
  readonly value: Stored
  /** Epoch ms of the server's clock; Infinity without an end. */
  readonly expiresAt: number
}

interface Change {
  readonly at: number
  readonly key: string
  /** Before the change; nothing where the key was absent. */
  readonly before: Entry | undefined
}

/** How long changes can be taken back. */
const REMEMBERED_MS = 60_000

/** The keys of one server, and its last changes, so that a replica can be behind them. */
export class Keyspace {
  #entries = new Map<string, Entry>()
  #changes: Change[] = []

  /** A key lives up to the millisecond of its end, that one included. */
  get(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt >= now) return entry
    this.#entries.delete(key)
    return undefined
  }

  /** @param at the moment of the change, by a clock that never goes back */
  set(key: string, entry: Entry, at: number): void {
    this.#remember(key, at)
    this.#entries.set(key, entry)
  }

  delete(key: string, at: number): void {
    this.#remember(key, at)
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#changes = []
  }

  /** The keys in order of their creation. */
  keys(): string[] {
    return [...this.#entries.keys()]
  }

  /** Takes back all changes after a moment, as a failover to a replica does that had not received them. */
  takeBack(after: number): void {
    for (let last = this.#changes.at(-1); last !== undefined && last.at > after; last = this.#changes.at(-1)) {
      this.#changes.pop()
      if (last.before === undefined) this.#entries.delete(last.key)
      else this.#entries.set(last.key, last.before)
    }
  }

  #remember(key: string, at: number): void {
    this.#changes.push({ at, key, before: this.#entries.get(key) })
    const first = this.#changes[0]
    if (first !== undefined && first.at < at - 2 * REMEMBERED_MS) {
      this.#changes = this.#changes.filter((change) => change.at >= at - REMEMBERED_MS)
    }
  }
}
