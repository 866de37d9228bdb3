import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { expect, it } from "vitest"
import { AuthError, type CacheEvent, type Provider, type Token, TokenCache } from "../../src/index.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const LIFETIME_MS = 15 * MINUTE
const SHORTEST_WAIT_MS = { down: SECOND, refused: MINUTE }

type Mood = "well" | "down" | "refused"

/** The rules for one identity. It records every call and checks every answer. */
class Identity {
  readonly name: string
  readonly provider: Provider<Token>
  mood: Mood = "well"
  delayMs = 0
  /** The value that the cache must have in memory unless it expired. */
  current: Token | undefined
  /** Refused by a server, and not served again until a renewal fails. */
  refused: Token | undefined
  servedNumber = 0
  /** The last value that a caller got. */
  served: Token | undefined
  failedBy: Mood = "well"
  /** The end of the back-off that the cache announced. */
  announcedQuietUntil = Number.NEGATIVE_INFINITY
  /** The earliest time of the next call, whatever the cache says. */
  quietUntil = Number.NEGATIVE_INFINITY
  /** Grows at each clear, so that results pending at that time do not count. */
  era = 0
  readonly #clock: FakeClock
  readonly #issued = new Map<string, number>()
  readonly #sureUntil = new Map<string, number>()
  readonly #asked = new Map<number, number>()
  #calls = 0

  constructor(name: string, clock: FakeClock) {
    this.name = name
    this.#clock = clock
    this.provider = Object.assign(() => this.#answer(), { identityKey: name })
  }

  isAlive(token: Token): boolean {
    return this.#clock.monotonic() < (this.#issued.get(token.value) ?? 0) + LIFETIME_MS
  }

  /** Whether the cache must take it for alive: it counts from its question, and may have seen the wall clock go back since. */
  isSurelyAlive(token: Token): boolean {
    return this.#clock.monotonic() < (this.#sureUntil.get(token.value) ?? 0)
  }

  numberOf(token: Token): number {
    const [owner, number] = token.value.split("#")
    expect(owner).toBe(this.name)
    return Number(number)
  }

  /** Values issued so far must not come from memory again. */
  forget(): void {
    this.era += 1
    this.servedNumber = this.#calls + 1
    this.current = undefined
    this.refused = undefined
  }

  /** The issuer refuses the identity after a server refused its value, so the value is dropped. */
  lose(): void {
    if (this.current !== undefined) this.servedNumber = this.numberOf(this.current) + 1
    this.current = undefined
  }

  /** Ends the back-off. */
  lift(): void {
    this.quietUntil = Number.NEGATIVE_INFINITY
    this.announcedQuietUntil = Number.NEGATIVE_INFINITY
  }

  async #answer(): Promise<Token> {
    const { era, mood } = this
    const number = ++this.#calls
    expect(this.#clock.monotonic()).toBeGreaterThanOrEqual(this.quietUntil)
    // One refresh at a time.
    expect(this.#asked.get(era) ?? 0).toBe(0)
    this.#asked.set(era, 1)
    const asked = { mono: this.#clock.monotonic(), wall: this.#clock.now() }
    try {
      if (this.delayMs > 0) await this.#clock.sleep(this.delayMs)
      if (mood !== "well") return this.#refuse(era, mood)
      const now = this.#clock.now()
      const token = { value: `${this.name}#${number}`, issuedAt: now, expiresAt: now + LIFETIME_MS }
      this.#issued.set(token.value, this.#clock.monotonic())
      this.#sureUntil.set(token.value, asked.mono + Math.min(LIFETIME_MS, token.expiresAt - asked.wall))
      if (era === this.era) {
        this.current = token
        this.refused = undefined
        this.lift()
      }
      return token
    } finally {
      this.#asked.set(era, 0)
    }
  }

  #refuse(era: number, mood: "down" | "refused"): never {
    if (era === this.era) {
      this.quietUntil = this.#clock.monotonic() + SHORTEST_WAIT_MS[mood]
      this.failedBy = mood
      if (mood === "refused" && this.refused !== undefined) this.lose()
      this.refused = undefined
    }
    throw new AuthError(mood === "down" ? "AUTH_TOKEN_REQUEST_FAILED" : "AUTH_CREDENTIALS_REJECTED", mood)
  }
}

interface World {
  readonly clock: FakeClock
  readonly cache: TokenCache
  readonly identities: readonly Identity[]
  /** Checks that run when an answer comes. */
  later(check: Promise<unknown>): void
}

type Step = (world: World, identity: Identity) => void | Promise<void>

/** A step of the history, with the name that a counterexample shows. */
class Command implements fc.AsyncCommand<object, World> {
  readonly #name: string
  readonly #step: Step
  readonly #index: number

  constructor(name: string, index: number, step: Step) {
    this.#name = name
    this.#index = index
    this.#step = step
  }

  check = (): boolean => true

  async run(_model: object, world: World): Promise<void> {
    const identity = world.identities[this.#index]
    if (identity === undefined) throw new Error("There is no such identity.")
    // Answers must have arrived, unless they wait for the clock.
    if (this.#step !== get) await world.clock.advance(0)
    await this.#step(world, identity)
  }

  toString(): string {
    return `${this.#name} (${this.#index})`
  }
}

function checkServed(identity: Identity, token: Token, isFromMemory: boolean): void {
  const number = identity.numberOf(token)
  identity.served = token
  expect(identity.isAlive(token)).toBe(true)
  if (!isFromMemory) return
  // An older value never replaces a newer one, and a refused one is not served.
  expect(number).toBeGreaterThanOrEqual(identity.servedNumber)
  identity.servedNumber = number
  expect(token).not.toBe(identity.refused)
}

const get: Step = ({ cache, later }, identity) => {
  const served = cache.get(identity.provider)
  if (!(served instanceof Promise)) {
    checkServed(identity, served, true)
    return
  }
  const { current, era } = identity
  later(
    served.then(
      (token) => checkServed(identity, token, false),
      (error: unknown) => {
        expect(error).toBeInstanceOf(AuthError)
        // A failed refresh does not drop a valid value.
        const isLost = current === undefined || era !== identity.era || current !== identity.current
        expect(isLost || !identity.isSurelyAlive(current)).toBe(true)
      },
    ),
  )
}

const reject: Step = ({ cache, clock, later }, identity) => {
  const { current, served } = identity
  if (served === undefined) return
  const isQuiet = clock.monotonic() < identity.announcedQuietUntil
  const other = cache.get(identity.provider, { rejected: served })
  if (served === current) {
    // During a back-off the value stays, unless the identity is refused too.
    if (!isQuiet) identity.refused = served
    else if (identity.failedBy === "refused") identity.lose()
  }
  later(
    Promise.resolve(other).then(
      (token) => {
        checkServed(identity, token, false)
        expect(token.value).not.toBe(served.value)
      },
      (error: unknown) => expect(error).toBeInstanceOf(AuthError),
    ),
  )
}

const rejectTwice: Step = async (world, identity) => {
  const { served } = identity
  await reject(world, identity)
  world.later(Promise.resolve(world.cache.get(identity.provider, { rejected: served })).catch(() => undefined))
}

const step = (name: string, work: Step): fc.Arbitrary<Command> =>
  fc.nat({ max: 1 }).map((index) => new Command(name, index, work))

const stepWith = <T>(name: string, values: fc.Arbitrary<T>, work: (value: T) => Step): fc.Arbitrary<Command> =>
  fc
    .tuple(values, fc.nat({ max: 1 }))
    .map(([value, index]) => new Command(`${name} ${String(value)}`, index, work(value)))

const spans = fc.oneof(fc.integer({ min: 0, max: 2 * SECOND }), fc.integer({ min: 0, max: 2 * LIFETIME_MS }))

const commands = [
  step("get", get),
  step("get", get),
  step("reject", reject),
  step("reject twice", rejectTwice),
  stepWith(
    "advance",
    spans,
    (ms) =>
      async ({ clock }) =>
        clock.advance(ms),
  ),
  stepWith(
    "advance",
    spans,
    (ms) =>
      async ({ clock }) =>
        clock.advance(ms),
  ),
  stepWith(
    "jump",
    fc.integer({ min: -LIFETIME_MS, max: LIFETIME_MS }),
    (ms) =>
      ({ clock }) =>
        clock.jump(ms),
  ),
  stepWith("mood", fc.constantFrom<Mood>("well", "well", "down", "refused"), (mood) => (_world, identity) => {
    identity.mood = mood
  }),
  stepWith("delay", fc.constantFrom(0, 0, 100, 5 * SECOND), (delayMs) => (_world, identity) => {
    identity.delayMs = delayMs
  }),
  step("refresh", ({ cache, later }, identity) => {
    later(
      cache.refresh(identity.provider).then(
        (token) => checkServed(identity, token, false),
        (error: unknown) => expect(error).toBeInstanceOf(AuthError),
      ),
    )
  }),
  step("invalidate", async ({ cache }, identity) => {
    identity.forget()
    await cache.invalidate(identity.provider)
  }),
  step("reset", async ({ cache }, identity) => {
    identity.lift()
    await cache.resetBackoff(identity.provider)
  }),
  step("clear", ({ cache, identities }) => {
    for (const identity of identities) {
      identity.forget()
      identity.lift()
    }
    cache.clear()
  }),
]

const histories = fc.commands(commands, { maxCommands: 60, size: "max" })

it("serves no expired, older, refused or foreign value, asks once at a time, and does not call a failing issuer too often", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.double({ min: 0, max: 0.999_999, noNaN: true }), async (history, chance) => {
      const clock = fakeClock()
      const identities = [new Identity("alice", clock), new Identity("bob", clock)]
      const onEvent = (event: CacheEvent): void => {
        const identity = identities.find(({ name }) => "identity" in event && event.identity === name)
        if (event.type !== "refresh-failed" || identity === undefined) return
        identity.announcedQuietUntil = clock.monotonic() + (event.retryAfterMs ?? 0)
      }
      const cache = new TokenCache({ clock, random: () => chance, onEvent })
      const checks: Promise<unknown>[] = []
      const failed: unknown[] = []
      const later = (check: Promise<unknown>): void => {
        checks.push(check.catch((error: unknown) => failed.push(error)))
      }
      await fc.asyncModelRun(() => ({ model: {}, real: { clock, cache, identities, later } }), history)
      await clock.advance(MINUTE)
      await Promise.all(checks)
      if (failed.length > 0) throw failed[0]
    }),
    { numRuns: 300 },
  )
}, 60_000)
