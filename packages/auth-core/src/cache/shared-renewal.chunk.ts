// Loaded only by caches that have a store.
import type { BoundSecret, Expiring, SecretBinding } from "../identity/provider.ts"
import { LONGEST_RETRY_AFTER_MS, within } from "../runtime/clock.ts"
import { warn } from "../runtime/tell-listeners.ts"
import type { Renewal } from "./ask-provider.ts"
import { activeFailure, type Failure, JITTER } from "./backoff.ts"
import { type CacheEntry, isRequestBound, type Mark } from "./cache-entries.ts"
import type { CacheSettings } from "./cache-options.ts"
import { agedLifetime } from "./lifetime.ts"
import type { CacheStore, StoredWait, StoreNotice, StoreQuestion, StoreWatch } from "./store.ts"
import { coordinatedStore } from "./store.ts"
import { type Answer, StoreCircuitBreaker, StoreUnavailable } from "./store-circuit-breaker.ts"
import { readFailure, readValue, storeKeyOf, stretch } from "./stored-value.ts"
import { Claim, WriteBehind, withoutStore } from "./write-behind.ts"

/** One renewal together with other processes. */
export interface RenewalRequest<T> {
  readonly entry: StoreEntry
  /** The value to replace, if this process has it. */
  readonly old: T | undefined
  /** Whether a stored value is of use. The value to replace is not. */
  isWanted(value: T): boolean
  /** Whether a server refused this value, so that it must leave the store. */
  isRefused(value: T): boolean
  /** The value that serves meanwhile; nothing when callers wait for a new one. */
  current(): T | undefined
  /** The last failure that this process knows. */
  readonly earlier: Failure | undefined
  /** Asks the provider, unless the failure forbids it. */
  ask(earlier: Failure | undefined): Promise<Renewal<T>>
}

/** One entry of a cache and its keys in the store. */
export interface StoreEntry {
  readonly identity: string
  readonly mark: Mark
  /** Values are written under the first and read under all. */
  readonly storeKeys: readonly [string, ...string[]]
}

/** The kinds of record of an identity. */
export type Kept = "value" | "failure"

export interface SharedRenewalOptions
  extends Pick<CacheSettings, "storeTimeoutMs" | "leaseMs" | "clock" | "lifetime" | "backoff" | "waitUntil" | "emit"> {
  readonly store: CacheStore
  /** The entry of a cache, while it is there. */
  readonly entryOf: (entry: StoreEntry) => CacheEntry | undefined
  /** Another process deleted the value of an entry. */
  readonly onDeleted: (entry: CacheEntry) => void
}

/** How often a waiting process asks a store whose notices it does not hear: up to twice this time. */
const POLL_MS = 1_000
/** Within this time after a notice, the processes of a fleet look for the new value. */
const LOOK_SPREAD_MS = 10_000
/** Those who wait for a lease ask again up to this long after its end. */
const TAKEOVER_SPREAD_MS = 250
/** How often the store may give a useless value before the provider is asked without it. */
const MOST_RETAKES = 4
/** How many entries are found by their store keys, where a store reports changes. */
const MOST_IDENTITIES = 100_000

/**
 * Gets a new value together with other processes: takes the value that one of them has stored, else asks the provider,
 * unless another process is doing so. The result goes to the callers at once and to the store behind them. Without the
 * store, or when a lease never ends, it asks the provider.
 */
export class SharedRenewal {
  readonly #options: SharedRenewalOptions
  readonly #store: StoreCircuitBreaker
  readonly #writes: WriteBehind
  readonly #watch: StoreWatch | undefined
  /** Names this cache as the holder of leases. */
  readonly #holder = crypto.randomUUID()
  /** Nothing else keeps a write alive. */
  readonly #awaitsWrites: boolean
  /** The versions of values that came from the store or go there. */
  readonly #versions = new WeakMap<object, string>()
  /** By store key. */
  readonly #entries = new Map<string, StoreEntry>()
  /** By store key. */
  readonly #ears = new Map<string, Set<Ear>>()
  /** When the soft expiry of an entry would have been without a notice, by store key. */
  readonly #softAt = new Map<string, number>()
  /** By store key. */
  readonly #forgetting = new Map<string, Promise<void>>()
  readonly #unreadable = new Set<string>()
  readonly #stretched = new WeakMap<BoundSecret, Promise<string>>()

  constructor(options: SharedRenewalOptions) {
    const { storeTimeoutMs: timeoutMs, leaseMs, clock, emit, waitUntil } = options
    const store = coordinatedStore(options.store, clock)
    const onRecovery = (): void => void this.#writes.saveRest()
    this.#options = options
    this.#awaitsWrites = waitUntil === undefined && isRequestBound()
    this.#store = new StoreCircuitBreaker({ store, timeoutMs, clock, emit, onRecovery })
    this.#writes = new WriteBehind({
      store: this.#store,
      clock,
      leaseMs,
      holder: this.#holder,
      onOutrun: (key) => this.#noticed({ key, change: "set" }),
    })
    this.#watch = this.#store.watch((notice) => this.#noticed(notice))
  }

  /** Ends the writes on their way, and stops listening to the store. It ends soon even if the store is dead. */
  async close(): Promise<void> {
    await this.#briefly(this.#writes.settleAll())
    await this.#watch?.end()
  }

  async renew<T extends Expiring>(request: RenewalRequest<T>): Promise<Renewal<T>> {
    const [storeKey] = request.entry.storeKeys
    this.#follow(request.entry)
    await this.#settled(storeKey)
    const claim = new Claim(storeKey, this.#writes)
    const ear: Ear = {}
    const ears = this.#ears.get(storeKey) ?? new Set()
    this.#ears.set(storeKey, ears.add(ear))
    try {
      const { renewal, result } = await this.#search(request, claim, ear)
      const written = claim.settle(result)
      if (this.#awaitsWrites) await this.#briefly(written)
      else this.#keepAlive(written)
      return renewal
    } finally {
      ears.delete(ear)
      if (ears.size === 0) this.#ears.delete(storeKey)
      void claim.settle(undefined)
    }
  }

  async #search<T extends Expiring>(request: RenewalRequest<T>, claim: Claim, ear: Ear): Promise<Found<T>> {
    const { clock, leaseMs, backoff } = this.#options
    const [storeKey] = request.entry.storeKeys
    const softAt = this.#softAt.get(storeKey) ?? Number.NEGATIVE_INFINITY
    this.#softAt.delete(storeKey)
    // Long enough for one holder to die and for the next to finish.
    const giveUpAt = clock.monotonic() + 2 * leaseMs
    let { earlier } = request
    const unwanted = request.old && this.#versions.get(request.old)
    let question: StoreQuestion = {
      unwanted,
      isRefused: request.old !== undefined && request.isRefused(request.old),
    }
    let held: Held | undefined
    /** When to look at the store again if no notice comes. */
    let lookAt = Number.NEGATIVE_INFINITY
    let pushed: Answer | undefined
    /** The lease that was waited for in vain. */
    let unheard: Held | undefined
    let losesNotices = false
    const waitForHolder = async (holding: Held, isHearing: boolean): Promise<void> => {
      const notice = await this.#changeOf(storeKey, ear, lookAt, isHearing)
      pushed = notice && this.#resultIn(notice, holding)
      const hasEnded = notice?.change === "set" || notice?.change === "failed"
      held = hasEnded ? undefined : holding
      unheard = notice === undefined ? holding : undefined
    }
    for (let retakes = 0; retakes < MOST_RETAKES && clock.monotonic() < giveUpAt; ) {
      // After a notice the store may hold a better value. If not, the own one is good until its soft expiry.
      const isLook = clock.monotonic() < softAt && request.current() !== undefined
      const own = earlier && activeFailure(earlier, "issuer", backoff, clock.monotonic())
      const lease = isLook || own !== undefined ? undefined : { holder: this.#holder, ms: leaseMs }
      const isHearing = this.#watch?.isHearing(storeKey) ?? false
      const answer = pushed ?? (await this.#hear(ear, held, this.#take(storeKey, { ...question, lease }, claim)))
      pushed = undefined
      if (answer === undefined) {
        if (held === undefined || clock.monotonic() >= lookAt) break
        // The look came early. The holder may still tell its result.
        await waitForHolder(held, isHearing)
        continue
      }
      const current = request.current()
      switch (answer.kind) {
        case "value": {
          const { value, renewal } = this.#valueOf(request, answer)
          if (renewal !== undefined) return { renewal }
          question = {
            ...question,
            unwanted: answer.version,
            isRefused: value !== undefined && request.isRefused(value),
          }
          retakes += 1
          continue
        }
        case "failure": {
          earlier = this.#laterOf(earlier, this.#failureOf(request.entry, answer, answer))
          const active = earlier && activeFailure(earlier, "issuer", backoff, clock.monotonic())
          if (active !== undefined) return { renewal: { kind: "backed-off", failure: active } }
          question = { ...question, failure: "ignored" }
          retakes += 1
          continue
        }
        case "lease": {
          const counted = answer.failure && this.#failureOf(request.entry, answer.failure, answer)
          return await this.#renewAsHolder(request, this.#laterOf(earlier, counted), answer.lease.version)
        }
        case "none":
          if (own !== undefined) return { renewal: { kind: "backed-off", failure: own } }
          if (current !== undefined) {
            return { renewal: { kind: "busy", value: current, againMs: softAt - clock.monotonic() } }
          }
          continue
        case "held": {
          // There is another lease, and no notice told of the end of the last one.
          losesNotices ||= unheard !== undefined && unheard.until !== answer.until
          const waitMs = this.#waitMs(answer, isHearing && !losesNotices)
          // The notice may overtake the answer.
          const againMs = ear.heard === undefined ? waitMs : 0
          if (current !== undefined) return { renewal: { kind: "busy", value: current, againMs } }
          lookAt = Math.min(clock.monotonic() + waitMs, giveUpAt)
          await waitForHolder(answer, isHearing)
        }
      }
    }
    const renewal = await request.ask(earlier)
    return { renewal, result: renewal }
  }

  /** The answer to a question, or the result of the holder where a notice brings that first. */
  async #hear(
    ear: Ear,
    holding: Held | undefined,
    answering: Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    if (holding === undefined) return await answering
    const answered = answering.then((answer) => ({ answer }))
    for (;;) {
      const result = ear.heard && this.#resultIn(ear.heard, holding)
      if (result !== undefined) {
        ear.heard = undefined
        return result
      }
      const woken = new AbortController()
      ear.woken = woken
      const waking = new Promise<undefined>((resolve) => {
        woken.signal.addEventListener("abort", () => resolve(undefined), { once: true })
      })
      const first = await Promise.race([answered, waking])
      if (first !== undefined) return first.answer
    }
  }

  /** The answer of the store; nothing when it is unavailable. */
  async #take(storeKey: string, question: StoreQuestion, claim: Claim): Promise<Answer | undefined> {
    const asking = this.#store.take(storeKey, question)
    claim.expect(asking.late)
    try {
      return await asking.inTime
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      return error.isPaused ? undefined : await this.#takeLate(storeKey, question, claim, asking.late)
    }
  }

  /**
   * The late answer, or that to the same question after a random moment. Otherwise all processes of a fleet would call
   * the issuer at once when their store stands still.
   */
  async #takeLate(
    storeKey: string,
    question: StoreQuestion,
    claim: Claim,
    late: Promise<Answer | undefined> | undefined,
  ): Promise<Answer | undefined> {
    const { clock, storeTimeoutMs, lifetime } = this.#options
    const waitMs = (storeTimeoutMs / 2) * lifetime.random()
    const answered = new AbortController()
    const first = late?.then((answer) => {
      if (answer === undefined) return new Promise<never>(() => undefined)
      answered.abort()
      return answer
    })
    const second = async (): Promise<Answer | undefined> => {
      await clock.sleep(waitMs, answered.signal)
      const again = this.#store.takeAgain(storeKey, question, storeTimeoutMs - waitMs)
      claim.expect(again.late)
      return await withoutStore(again.inTime)
    }
    const retried = second().catch(() => undefined)
    return await (first === undefined ? retried : Promise.race([first, retried]))
  }

  async #renewAsHolder<T extends Expiring>(
    request: RenewalRequest<T>,
    earlier: Failure | undefined,
    version: string,
  ): Promise<Found<T>> {
    const { clock, backoff } = this.#options
    let known = earlier
    const [, ...others] = request.entry.storeKeys
    for (const storeKey of others) {
      const look = (question: StoreQuestion): Promise<Answer | undefined> =>
        withoutStore(this.#store.take(storeKey, question).inTime)
      let answer = await look({})
      if (answer?.kind === "value") {
        const { value, renewal } = this.#valueOf(request, answer)
        // From here on all find it under the first key.
        if (renewal !== undefined) return { renewal, result: renewal }
        // `delete` would also void the lease of a process that is replacing it.
        if (value !== undefined && request.isRefused(value)) {
          answer = await look({ unwanted: answer.version, isRefused: true })
        }
      }
      if (answer?.kind === "failure") {
        known = this.#laterOf(known, this.#failureOf(request.entry, answer, answer))
      }
    }
    const active = known && activeFailure(known, "issuer", backoff, clock.monotonic())
    const renewal: Renewal<T> =
      active === undefined ? await request.ask(known) : { kind: "backed-off", failure: active }
    if (renewal.kind === "value") this.#versions.set(renewal.value, version)
    if (renewal.kind === "value" && known !== undefined) void this.#forgive(others)
    return { renewal, result: renewal }
  }

  /** Reads a value of the store, and makes a renewal of it if it is of use. */
  #valueOf<T extends Expiring>(
    request: RenewalRequest<T>,
    answer: Extract<Answer, { kind: "value" }>,
  ): { value?: T; renewal?: Renewal<T> & { kind: "value" } } {
    const { clock, lifetime } = this.#options
    const { text, version, endsAt, now, sentAt: at } = answer
    const stored = readValue<T>(text)
    if (stored === undefined) {
      this.#tellUnreadable(request.entry)
      return {}
    }
    const { value } = stored
    this.#versions.set(value, version)
    // The store may have read its clock as early as the question was sent.
    const leftMs = Math.min(endsAt - now, stored.endMs)
    const left = agedLifetime(stored, stored.endMs - leftMs, lifetime)
    const ageMs = clock.monotonic() - at
    const isYoungEnough = (request.current() === undefined ? left.hardMs : left.softMs) > ageMs
    if (!isYoungEnough || !request.isWanted(value)) return { value }
    return { value, renewal: { kind: "value", value, lifetime: left, at, source: "store" } }
  }

  /** The failure with the longer wait: that of this process or that of the others. */
  #laterOf(own: Failure | undefined, shared: Failure | undefined): Failure | undefined {
    // The wait of a known failure has already begun, even if the clock of its writer is ahead.
    if (shared === undefined || shared.version === own?.version) return own
    if (own?.resets !== shared.resets) return shared
    // The store may have missed some of ours.
    const counts = {
      rejected: Math.max(own.counts.rejected, shared.counts.rejected),
      unavailable: Math.max(own.counts.unavailable, shared.counts.unavailable),
    }
    return { ...(shared.retryAt >= own.retryAt ? shared : own), counts }
  }

  /** The failure of another process. Its wait is at most the longest of this process, even if its record asks for more. */
  #failureOf(entry: StoreEntry, { text, version, waitsUntil }: StoredWait, { now }: Answer): Failure | undefined {
    const { clock, backoff } = this.#options
    const failure = readFailure(text)
    if (failure === undefined) this.#tellUnreadable(entry)
    if (failure === undefined || backoff.steps === undefined) return undefined
    const { rejected, unavailable } = backoff.steps
    // The longest wait that this cache can cause.
    const longestMs = Math.max(rejected.longestMs, unavailable.longestMs, LONGEST_RETRY_AFTER_MS) * (1 + JITTER)
    const delayMs = Math.max(0, Math.min(waitsUntil - now, longestMs))
    const checkedAt = clock.monotonic()
    return { ...failure, version, delayMs, retryAt: checkedAt + delayMs, checkedAt, resets: backoff.resets }
  }

  #tellUnreadable({ identity, storeKeys: [storeKey] }: StoreEntry): void {
    if (this.#unreadable.has(storeKey) || this.#unreadable.size >= MOST_IDENTITIES) return
    const { store } = this.#options
    if (!warned.has(store)) warn("COUNTERSIGN_UNREADABLE", UNREADABLE)
    warned.add(store)
    this.#unreadable.add(storeKey)
    this.#options.emit({ type: "store-unreadable", identity })
  }

  /** How long to wait for the holder of a lease. Notices may get lost, so there is another look within the lease. */
  #waitMs({ now, until, sentAt }: Held, isHearing: boolean): number {
    const { clock, lifetime, leaseMs } = this.#options
    const heldMs = until - now - (clock.monotonic() - sentAt) + TAKEOVER_SPREAD_MS * lifetime.random()
    const patienceMs = isHearing ? leaseMs / 2 : POLL_MS * (1 + lifetime.random())
    return Math.max(0, Math.min(heldMs, patienceMs))
  }

  /** The result of the holder, where a notice brings it. It counts as an answer to the question that found the lease. */
  #resultIn({ value, failure }: StoreNotice, { now, sentAt, receivedAt }: Held): Answer | undefined {
    const passedMs = this.#options.clock.monotonic() - receivedAt
    const times = { now: now + passedMs, sentAt: sentAt + passedMs, receivedAt: receivedAt + passedMs }
    if (value !== undefined) return { kind: "value", ...value, ...times }
    return failure && { kind: "failure", ...failure, ...times }
  }

  /**
   * The unread notice of a key, or its next one. Waits at most until `endsAt`, and not while notices are not heard.
   */
  async #changeOf(storeKey: string, ear: Ear, endsAt: number, isHearing: boolean): Promise<StoreNotice | undefined> {
    const { clock } = this.#options
    while (
      ear.heard === undefined &&
      clock.monotonic() < endsAt &&
      (!isHearing || this.#watch?.isHearing(storeKey) === true)
    ) {
      ear.woken = new AbortController()
      const ms = Math.ceil(Math.min(endsAt - clock.monotonic(), POLL_MS))
      await clock.sleep(ms, ear.woken.signal).catch(() => undefined)
    }
    const { heard } = ear
    ear.heard = undefined
    return heard
  }

  #noticed(notice: StoreNotice): void {
    const { key, change } = notice
    for (const ear of this.#ears.get(key) ?? []) {
      if (hasResult(notice) || ear.heard === undefined || !hasResult(ear.heard)) ear.heard = notice
      ear.woken?.abort()
    }
    const known = this.#entries.get(key)
    if (known === undefined || change === "released") return
    const { clock, lifetime, entryOf, onDeleted } = this.#options
    const entry = entryOf(known)
    if (entry === undefined) this.#unfollow(key)
    // A refresh on its way will see the change, and may even be its cause.
    if (entry === undefined || entry.isRefreshing(clock)) return
    if (change === "deleted") onDeleted(entry)
    else if (change === "forgiven") entry.failure = undefined
    else if (change === "set") {
      // The next caller looks into the store.
      if (entry.failure !== undefined) entry.failure = { ...entry.failure, checkedAt: Number.NEGATIVE_INFINITY }
      if (entry.value === undefined || entry.isRefused) return
      const softAt = entry.receivedMono + entry.softMs
      const [storeKey] = known.storeKeys
      this.#softAt.set(storeKey, Math.max(softAt, this.#softAt.get(storeKey) ?? softAt))
      entry.postponeRefresh(Math.min(softAt - clock.monotonic(), LOOK_SPREAD_MS * lifetime.random()), clock)
    }
  }

  /** Remembers the entry of each store key, where the store reports changes. */
  #follow(entry: StoreEntry): void {
    if (this.#watch === undefined) return
    for (const storeKey of entry.storeKeys) {
      if (!this.#entries.delete(storeKey)) this.#watch.follow(storeKey)
      this.#entries.set(storeKey, entry)
      const [oldest] = this.#entries.size > MOST_IDENTITIES ? this.#entries.keys() : []
      if (oldest !== undefined) this.#unfollow(oldest)
    }
  }

  #unfollow(storeKey: string): void {
    this.#entries.delete(storeKey)
    this.#softAt.delete(storeKey)
    this.#watch?.unfollow(storeKey)
  }

  /**
   * The store keys of an identity under a secret; nothing while the store is unavailable.
   *
   * @param binding absent where no secret of ours is involved
   */
  async storeKeysOf(
    identity: string,
    binding: SecretBinding | undefined,
    secret: BoundSecret | undefined,
  ): Promise<StoreEntry["storeKeys"] | undefined> {
    if (binding !== undefined && secret === undefined) return undefined
    // Processes that cannot read each other's values have different names even without a secret.
    const named =
      this.#store.namesOf(secret?.revealAll() ?? "") ?? (binding && secret && this.#stretch(secret, binding.identity))
    if (named === undefined) return [storeKeyOf(identity)]
    const names = await withoutStore<readonly string[]>(named)
    const [first, ...others] = names?.map((name) => storeKeyOf(identity, name)) ?? []
    return first === undefined ? undefined : [first, ...others]
  }

  /** Deletes the records of some keys. Refreshes that begin meanwhile wait for that. */
  async forget(storeKeys: readonly string[], what: Kept): Promise<void> {
    const [storeKey] = storeKeys
    if (storeKey === undefined) return
    const earlier = this.#forgetting.get(storeKey)
    const forgetting = (async () => {
      // A plain store takes writes in any order.
      if (what === "value") await this.#writes.settle(storeKey)
      else this.#writes.forget(storeKey)
      if (what === "failure") await this.#forgive(storeKeys)
      else await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(key))))
      await earlier
    })()
    this.#forgetting.set(storeKey, forgetting)
    await forgetting
    if (this.#forgetting.get(storeKey) === forgetting) this.#forgetting.delete(storeKey)
  }

  async #forgive(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.take(key, { failure: "forgiven" }).inTime)))
  }

  /**
   * Waits until an entry is forgotten and its last value is written, but not for long: the request behind that may have
   * ended early.
   */
  async #settled(storeKey: string): Promise<void> {
    const forgetting = this.#forgetting.get(storeKey)
    if (forgetting === undefined) return
    await this.#briefly(forgetting)
    if (this.#forgetting.get(storeKey) === forgetting) this.#forgetting.delete(storeKey)
  }

  /** Waits for some work, at most for two operations of the store. */
  async #briefly(work: Promise<void>): Promise<void> {
    const { clock, storeTimeoutMs } = this.#options
    const tooLong = new Error("too long")
    await within(
      clock,
      2 * storeTimeoutMs,
      () => tooLong,
      () => work,
    ).catch(() => undefined)
  }

  #keepAlive(written: Promise<void>): void {
    try {
      this.#options.waitUntil?.(written)
    } catch {
      // There is no request, or it has been answered.
    }
  }

  /** Runs once for each secret, however many identities are built on it. */
  async #stretch(secret: BoundSecret, salt: string): Promise<[string]> {
    const stretched = this.#stretched.get(secret) ?? stretch(secret.revealAll(), salt)
    this.#stretched.set(secret, stretched)
    return [await stretched]
  }
}

/** Another process has the lease. */
type Held = Extract<Answer, { kind: "held" }>

/** The notices that one renewal hears of its key. */
interface Ear {
  /** The last notice that it has not used yet, or the last with a result. */
  heard?: StoreNotice | undefined
  /** Ends its sleep. */
  woken?: AbortController
}

function hasResult({ value, failure }: StoreNotice): boolean {
  return value !== undefined || failure !== undefined
}

/** How a renewal ended, and its result for the store. */
interface Found<T> {
  readonly renewal: Renewal<T>
  readonly result?: Renewal<T>
}

/** Stores that were already warned about. */
const warned = new WeakSet<CacheStore>()
const UNREADABLE =
  "The shared store holds values that this process cannot read. Give all processes the same encryption keys and " +
  "versions of Countersign. The event `store-unreadable` names the identities."
