// Processes share values through a store. Their clocks are wrong by up to an hour and jump, that of the store runs from
// another zero, messages are late or lost, and processes stand still. The true time decides whether a value had ended.
import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { expect, it } from "vitest"
import {
  AuthError,
  type CacheStore,
  type Clock,
  type Lease,
  memoryStore,
  type StoreNotice,
  type Taken,
  type Token,
  TokenCache,
} from "../../src/index.ts"

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const PROCESSES = 3
const LIFETIMES_MS = [10 * SECOND, 60 * SECOND, 900 * SECOND]

/** The clock of one machine, which may stand still. */
class Machine implements Clock {
  skewMs = 0
  pausedUntil = 0
  readonly #time: FakeClock
  readonly #zero: number

  constructor(time: FakeClock, zero: number) {
    this.#time = time
    this.#zero = zero
  }

  now(): number {
    return this.#time.now() + this.skewMs
  }

  monotonic(): number {
    return this.#time.monotonic() + this.#zero
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#time.sleep(ms, signal)
    await this.awake()
  }

  get isPaused(): boolean {
    return this.#time.monotonic() < this.pausedUntil
  }

  /** Nothing happens in a process that stands still. */
  async awake(): Promise<void> {
    while (this.isPaused) await this.#time.sleep(this.pausedUntil - this.#time.monotonic())
  }
}

/** The way to a server and back: how long each message takes, milliseconds; nothing when it is lost. */
class Network {
  readonly #delays: readonly (number | undefined)[]
  readonly #time: FakeClock
  #messages = 0

  constructor(time: FakeClock, delays: readonly (number | undefined)[]) {
    this.#time = time
    this.#delays = delays
  }

  async message(): Promise<void> {
    const delayMs = this.#delays[this.#messages++ % this.#delays.length]
    await (delayMs === undefined ? new Promise<never>(() => undefined) : this.#time.sleep(delayMs))
  }

  async call<T>(machine: Machine, work: () => T | Promise<T>): Promise<T> {
    await this.message()
    const answer = await work()
    await this.message()
    await machine.awake()
    return answer
  }
}

/** A store as one process reaches it. */
function distant(store: Required<CacheStore>, machine: Machine, network: Network): CacheStore {
  const leaseOf = (lease: Lease): Lease => ({
    version: lease.version,
    set: (...record) => network.call(machine, () => lease.set(...record)),
    setFailure: (...record) => network.call(machine, () => lease.setFailure(...record)),
    release: () => network.call(machine, () => lease.release()),
  })
  return {
    get: (key) => network.call(machine, () => store.get(key)),
    set: (...record) => network.call(machine, () => store.set(...record)),
    delete: (key) => network.call(machine, () => store.delete(key)),
    async take(key, question): Promise<Taken> {
      const taken = await network.call(machine, () => store.take(key, question))
      return taken.kind === "lease" ? { ...taken, lease: leaseOf(taken.lease) } : taken
    },
    watch(listener) {
      const pass = async (notice: StoreNotice): Promise<void> => {
        await network.message()
        await machine.awake()
        listener(notice)
      }
      return store.watch((notice) => void pass(notice))
    },
  }
}

type Step =
  | { do: "read" | "refuse"; process: number }
  | { do: "wait"; share: number }
  | { do: "pause"; process: number; share: number }
  | { do: "set the clock"; process: number; skewMs: number }
  | { do: "fail" | "recover" }

const process = fc.nat(PROCESSES - 1)
/** Of a lifetime. */
const share = fc.oneof(fc.double({ min: 0, max: 0.1, noNaN: true }), fc.double({ min: 0, max: 1.5, noNaN: true }))
const skewMs = fc.integer({ min: -HOUR, max: HOUR })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("read" as const), process }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("refuse" as const), process }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), share }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pause" as const), process, share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("set the clock" as const), process, skewMs }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("fail" as const, "recover" as const) }) },
)
const message = fc.oneof(
  { weight: 8, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(20 * SECOND) },
  { weight: 1, arbitrary: fc.constant(undefined) },
)
const messages = fc.array(message, { minLength: 1, maxLength: 40 })
const run = fc.record({
  lifetimeMs: fc.constantFrom(...LIFETIMES_MS),
  skews: fc.array(skewMs, { minLength: PROCESSES, maxLength: PROCESSES }),
  zeros: fc.array(fc.nat(HOUR), { minLength: PROCESSES + 1, maxLength: PROCESSES + 1 }),
  toStore: messages,
  toIssuer: messages,
  steps: fc.array(step, { minLength: 5, maxLength: 50, size: "max" }),
  chance: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
})

it("gives out no value after its end, whatever stands still, is late or shows a wrong time", async () => {
  let given = 0
  let fromStore = 0
  await fc.assert(
    fc.asyncProperty(run, async ({ lifetimeMs, skews, zeros, toStore, toIssuer, steps, chance }) => {
      const time = fakeClock()
      const [storeZero = 0, ...machineZeros] = zeros
      const store = memoryStore({ clock: { monotonic: () => time.monotonic() + storeZero } })
      const [storeNetwork, issuerNetwork] = [new Network(time, toStore), new Network(time, toIssuer)]
      const ends = new Map<string, number>()
      let isFailing = false

      const processes = skews.map((skew, index) => {
        const machine = new Machine(time, machineZeros[index] ?? 0)
        machine.skewMs = skew
        const cache = new TokenCache({
          clock: machine,
          random: () => chance,
          store: distant(store, machine, storeNetwork),
          onEvent: (event) => {
            if (event.type === "acquired" && event.source === "store") fromStore += 1
          },
        })
        const issue = (): Token => {
          if (isFailing) throw new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM is down.", { status: 503 })
          const value = `token ${ends.size + 1}`
          const issuedAt = time.now()
          ends.set(value, issuedAt + lifetimeMs)
          return { value, issuedAt, expiresAt: issuedAt + lifetimeMs }
        }
        const provider = Object.assign(() => issuerNetwork.call(machine, issue), { identityKey: "shared" })
        return { machine, cache, provider, last: undefined as Token | undefined }
      })

      const late: string[] = []
      const read = async (of: (typeof processes)[number], rejected?: Token): Promise<void> => {
        try {
          const token = await of.cache.get(of.provider, { rejected })
          given += 1
          of.last = token
          const pastMs = time.now() - (ends.get(token.value) ?? 0)
          if (pastMs >= 0) late.push(`${token.value} was given out ${pastMs} ms after its end.`)
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError)
        }
      }

      for (const one of steps) {
        const of = "process" in one ? processes[one.process] : undefined
        if (one.do === "wait") await time.advance(Math.round(one.share * lifetimeMs))
        else if (one.do === "fail" || one.do === "recover") isFailing = one.do === "fail"
        else if (of === undefined || of.machine.isPaused) continue
        else if (one.do === "pause") of.machine.pausedUntil = time.monotonic() + Math.round(one.share * lifetimeMs)
        else if (one.do === "set the clock") of.machine.skewMs = one.skewMs
        else void read(of, one.do === "refuse" ? of.last : undefined)
      }
      await time.advance(2 * lifetimeMs)
      expect(late).toEqual([])
    }),
    { numRuns: Number(globalThis.process.env.COUNTERSIGN_RUNS ?? 150) },
  )
  // Otherwise the property would say nothing.
  expect(given).toBeGreaterThan(500)
  expect(fromStore).toBeGreaterThan(50)
}, 120_000)
