import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import {
  agencyCredentials,
  agencyToken,
  type CacheStore,
  type CredentialProvider,
  type Credentials,
  encryptedStore,
  isAuthError,
  memoryStore,
  type Provider,
  passwordToken,
  staticCredentials,
  type Token,
  TokenCache,
  type TokenProvider,
  tokenCredentials,
} from "../../src/index.ts"
import { agency, type ModelIam, modelIam, secretBehind } from "../iam/model-iam.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const USERS = ["alice", "bob"]
/** The right password of either user is a wrong one of the other. */
const rightOf = (user: string): string => `right-${user}`
const PASSWORDS = ["right-alice", "right-bob", "wrong"]
const CACHES = 3
const KINDS = 8

type AnyProvider = TokenProvider | CredentialProvider

/** The number of pending Web Crypto operations, which take real time but none by the fake clock. */
let operations = 0

beforeAll(() => {
  const { subtle } = crypto
  const count = async <T>(operation: Promise<T>): Promise<T> => {
    operations += 1
    try {
      return await operation
    } finally {
      operations -= 1
    }
  }
  for (const name of ["importKey", "encrypt", "decrypt", "sign"] as const) {
    // All pass their arguments on.
    const one = name as "encrypt"
    const operation = subtle[one].bind(subtle)
    vi.spyOn(subtle, one).mockImplementation((...args) => count(operation(...args)))
  }
  // One iteration instead of 600,000, since the cost of a derivation does not matter here.
  const derive = subtle.deriveBits.bind(subtle)
  vi.spyOn(subtle, "deriveBits").mockImplementation((algorithm, ...args) =>
    count(derive({ ...Object(algorithm), iterations: 1 }, ...args)),
  )
})

afterAll(() => vi.restoreAllMocks())

function pick<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length]
  if (one === undefined) throw new Error("The list is empty.")
  return one
}

/** A right or wrong password, as a string or as a function whose result changes. */
class Holder {
  readonly user: string
  readonly isFixed: boolean
  /** The result of the function; `undefined` makes it fail. */
  says: string
  /** The results of its calls since the last pause, with the one before; for a string, the string. */
  said: string[]
  readonly #root: TokenProvider
  readonly #iam: ModelIam

  constructor(iam: ModelIam, user: string, secret: string, isFixed: boolean) {
    this.user = user
    this.isFixed = isFixed
    this.says = secret
    this.said = isFixed ? [secret] : []
    this.#iam = iam
    this.#root = this.#passwordToken()
  }

  /** New or kept providers: direct, or through one or two `via`. */
  provider(kind: number): AnyProvider {
    const made: Array<() => AnyProvider> = [
      () => this.#root,
      () => (this.isFixed ? this.#passwordToken() : this.#root),
      () => agencyToken({ via: this.#root, ...agency }),
      () => agencyCredentials({ via: this.#root, ...agency }),
      () => tokenCredentials({ via: agencyToken({ via: this.#root, ...agency }) }),
      () => this.#byKey(),
      () => this.#byCode("right"),
      () => this.#byCode("wrong"),
    ]
    return pick(made, kind % KINDS)()
  }

  /** The mark that IAM writes into values for the right password; absent if no password is right. */
  rightOf(kind: number): string | undefined {
    const right = rightOf(this.user)
    const code = this.isFixed ? ["right", "wrong"][(kind % KINDS) - 6] : undefined
    if (code === undefined) return right
    return code === "right" ? `${right}+${code}` : undefined
  }

  /** No renewal is pending, so reads are bound to the last result. */
  rest(): void {
    this.said = this.said.slice(-1)
  }

  #passwordToken(): TokenProvider {
    const ask = (): string => {
      if (this.says !== "") this.said.push(this.says)
      return this.says
    }
    const password = this.isFixed ? this.says : ask
    return passwordToken({ user: this.user, password, domain: "d", scope: { domain: "d" }, ...this.#iam.options })
  }

  #byCode(passcode: string): AnyProvider {
    if (!this.isFixed) return this.#root
    const user = { id: this.user }
    return passwordToken({ user, password: this.says, passcode, scope: { domain: "d" }, ...this.#iam.options })
  }

  #byKey(): AnyProvider {
    if (!this.isFixed) return this.#root
    const key = { accessKeyId: `AKID${this.user.toUpperCase()}`, secretAccessKey: this.says }
    return agencyCredentials({ via: staticCredentials(key), ...agency, ...this.#iam.options })
  }
}

interface World {
  readonly clock: FakeClock
  readonly iam: ModelIam
  readonly caches: readonly TokenCache[]
  readonly holders: readonly Holder[]
  /** Whether IAM may be down at times. */
  readonly hasOutages: boolean
}

type Step = (world: World) => Promise<unknown>

/** A step with a name for the report of a failure. */
const named = (name: string, step: Step): Step => Object.assign(step, { [fc.toStringMethod]: () => name })

const ABORTED = new Error("The caller has gone.")

const indexes = fc.record({ cache: fc.nat(99), holder: fc.nat(99), kind: fc.nat(99) })
type Indexes = { cache: number; holder: number; kind: number }

const chosen = ({ caches, holders }: World, { cache, holder, kind }: Indexes) => {
  const one = pick(holders, holder)
  // Sound, because it replaces only its own values.
  return { cache: pick(caches, cache), holder: one, provider: one.provider(kind) as Provider<Token | Credentials> }
}

/** One of the ways to read a value. */
type Read = (cache: TokenCache, provider: Provider<Token | Credentials>) => Promise<Token | Credentials>

/**
 * Every read, whatever way its value came, must give the value that IAM gave for that secret, and the right one must get it. When the
 * function says something else, the old value serves until IAM has judged the new secret.
 */
async function check(world: World, at: Indexes, read: Read): Promise<Token | Credentials | undefined> {
  const { cache, holder, provider } = chosen(world, at)
  const wanted = holder.rightOf(at.kind)
  let value: Token | Credentials
  try {
    value = await read(cache, provider)
  } catch (error) {
    if (error === ABORTED) return undefined
    const isRight = wanted !== undefined && holder.said.every((said) => said === rightOf(holder.user))
    const code = isAuthError(error) ? error.code : undefined
    const isExcused =
      (world.hasOutages && code !== undefined && code !== "AUTH_CREDENTIALS_REJECTED") ||
      (!holder.isFixed && code === "AUTH_CREDENTIALS_MISSING")
    expect(isRight && !isExcused, `the right password of ${holder.user} is locked out: ${String(error)}`).toBe(false)
    return undefined
  }
  expect(secretBehind(value)).toBe(wanted)
  expect(holder.said).toContain(rightOf(holder.user))
  return value
}

const get: Read = async (cache, provider) => cache.get(provider)
const refresh: Read = (cache, provider) => cache.refresh(provider)
const aborted: Read = (cache, provider) => {
  const caller = new AbortController()
  setImmediate(() => caller.abort(ABORTED))
  return Promise.resolve(cache.get(provider, { signal: caller.signal }))
}
const reject: Read = async (cache, provider) => cache.get(provider, { rejected: await cache.get(provider) })

const stepOf = (name: string, step: (world: World, at: Indexes) => Promise<unknown>): fc.Arbitrary<Step> =>
  indexes.map((at) => named(`${name} ${JSON.stringify(at)}`, (world) => step(world, at)))

const reads = fc.constantFrom(...Object.entries({ get, refresh, aborted, reject }))

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: stepOf("get", (world, at) => world.clock.until(check(world, at, get))) },
  { weight: 2, arbitrary: stepOf("reject", (world, at) => world.clock.until(check(world, at, reject))) },
  { weight: 1, arbitrary: stepOf("refresh", (world, at) => world.clock.until(check(world, at, refresh))) },
  {
    weight: 4,
    // Concurrent reads, while the functions change their results.
    arbitrary: fc
      .array(fc.tuple(reads, indexes, fc.constantFrom(...PASSWORDS, "")), { minLength: 2, maxLength: 5 })
      .map((many) =>
        named(`at once ${JSON.stringify(many.map(([[name], at, says]) => [name, at, says]))}`, (world) => {
          const all = many.map(([[, read], at, says]) => {
            const { holder } = chosen(world, at)
            if (!holder.isFixed)
              setImmediate(() => {
                holder.says = says
              })
            return check(world, at, read)
          })
          return world.clock.until(Promise.all(all))
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: stepOf("invalidate", async (world, at) => {
      const { cache, provider } = chosen(world, at)
      const invalidated = cache.invalidate(at.kind % 2 === 0 ? provider : (provider.identityKey ?? ""))
      // A failing function cannot say which entry to forget.
      await world.clock.until(invalidated.catch((error) => expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")))
    }),
  },
  { weight: 1, arbitrary: stepOf("clear", async (world, at) => chosen(world, at).cache.clear()) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(99), fc.constantFrom(...PASSWORDS, "")).map(([index, says]) =>
      named(`function ${index} says ${says}`, async ({ holders }) => {
        const functions = holders.filter(({ isFixed }) => !isFixed)
        pick(functions, index).says = says
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map((isUp) =>
      named(isUp ? "IAM up" : "IAM down", async ({ iam, hasOutages }) => {
        if (hasOutages) iam.isUp = isUp
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(MINUTE, 55 * MINUTE, 23 * HOUR, 25 * HOUR)
      .map((ms) => named(`advance ${ms / MINUTE} min`, ({ clock }) => clock.advance(ms))),
  },
)

const stores: Array<[string, number, number, (clock: FakeClock) => CacheStore | undefined]> = [
  ["memory only", 150, 80, () => undefined],
  ["a shared store in memory", 100, 60, (clock) => memoryStore({ clock })],
  [
    "a shared encrypted store",
    50,
    60,
    (clock) => {
      const { namesOf: _namesOf, ...plain } = memoryStore({ clock })
      return encryptedStore(plain, { keys: [{ id: "k1", key: crypto.getRandomValues(new Uint8Array(32)) }] })
    },
  ],
  [
    "a shared plain store",
    50,
    60,
    (clock) => {
      const { namesOf: _namesOf, ...plain } = memoryStore({ clock })
      return plain
    },
  ],
]

const isSoak = process.env.COUNTERSIGN_SOAK === "1"

it.each(stores)(
  "no sequence of right and wrong secrets yields what IAM did not give for that secret, or locks the right one out: %s",
  async (_name, numRuns, maxLength, makeStore) => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength, size: "max" }), fc.boolean(), async (history, hasOutages) => {
        const clock = fakeClock(undefined, () => operations > 0)
        const store = makeStore(clock)
        const iam = modelIam(clock, {
          passwords: Object.fromEntries(USERS.map((user) => [user, rightOf(user)])),
          keys: Object.fromEntries(USERS.map((user) => [`AKID${user.toUpperCase()}`, rightOf(user)])),
        })
        // Jitter differs between caches but not between runs, so that a seed repeats a run.
        const caches = Array.from(
          { length: CACHES },
          (_, index) => new TokenCache({ clock, store, random: () => index / CACHES }),
        )
        const holders = USERS.flatMap((user) => [
          ...PASSWORDS.map((password) => new Holder(iam, user, password, true)),
          new Holder(iam, user, rightOf(user), false),
          new Holder(iam, user, "wrong", false),
        ])
        for (const step of history) {
          await step({ clock, iam, caches, holders, hasOutages })
          // Background renewals end, and a refused function may be called again.
          await clock.advance(1_000)
          // While IAM is down, a new secret cannot be judged.
          if (!hasOutages) for (const holder of holders) holder.rest()
        }
      }),
      // After a failure, shrinking ends in time to print the seed.
      { numRuns: isSoak ? 20 * numRuns : numRuns, interruptAfterTimeLimit: isSoak ? 500_000 : 60_000 },
    )
  },
  600_000,
)
