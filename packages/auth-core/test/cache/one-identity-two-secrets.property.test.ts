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

type AnyProvider = TokenProvider | CredentialProvider

/** How many operations of the Web Crypto API are at work: they take real time, and none by the fake clock. */
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
    // All take their arguments as they come.
    const one = name as "encrypt"
    const operation = subtle[one].bind(subtle)
    vi.spyOn(subtle, one).mockImplementation((...args) => count(operation(...args)))
  }
  // What a derivation costs is of no matter here: one iteration, instead of half a million for each secret of each cache.
  const derive = subtle.deriveBits.bind(subtle)
  vi.spyOn(subtle, "deriveBits").mockImplementation((algorithm, ...args) =>
    count(derive({ ...Object(algorithm), iterations: 1 }, ...args)),
  )
})

afterAll(() => vi.restoreAllMocks())

/** A password that somebody has or thinks to have, as a text or as a function that says now this and now that. */
class Holder {
  readonly user: string
  readonly isFixed: boolean
  /** What the function says when it is asked. */
  says: string
  /** What it said when it was asked last before all was at rest, and since then; of a text, the text. */
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

  /** Made anew or kept, at first, second and third hand. */
  provider(kind: number): AnyProvider {
    const made: Array<() => AnyProvider> = [
      () => this.#root,
      () => (this.isFixed ? this.#passwordToken() : this.#root),
      () => agencyToken({ via: this.#root, ...agency }),
      () => agencyCredentials({ via: this.#root, ...agency }),
      () => tokenCredentials({ via: agencyToken({ via: this.#root, ...agency }) }),
      () => this.#byKey(),
    ]
    const make = made[kind % made.length]
    if (make === undefined) throw new Error("There is no such provider.")
    return make()
  }

  /** No renewal goes on: what was said last is what reads are bound to. */
  rest(): void {
    this.said = this.said.slice(-1)
  }

  #passwordToken(): TokenProvider {
    const ask = (): string => {
      this.said.push(this.says)
      return this.says
    }
    const password = this.isFixed ? this.says : ask
    return passwordToken({ user: this.user, password, domain: "d", scope: { domain: "d" }, ...this.#iam.options })
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
}

type Step = (world: World) => Promise<unknown>

/** A step that a failure's report shows by its name. */
const named = (name: string, step: Step): Step => Object.assign(step, { [fc.toStringMethod]: () => name })

function pick<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length]
  if (one === undefined) throw new Error("The list is empty.")
  return one
}

const indexes = fc.record({ cache: fc.nat(99), holder: fc.nat(99), kind: fc.nat(99) })
type Indexes = { cache: number; holder: number; kind: number }

/**
 * What comes of a read, whatever way it came, must be what IAM gave for that secret, and the right one must get it. When the
 * function says something else, the old value serves until IAM has judged the new secret.
 */
async function check<T extends Token | Credentials>(
  { clock }: World,
  holder: Holder,
  ask: () => T | Promise<T>,
): Promise<T | undefined> {
  let value: T
  try {
    value = await clock.until(ask())
  } catch (error) {
    const isRight = holder.said.every((said) => said === rightOf(holder.user))
    expect(isRight, `the right password of ${holder.user} is locked out: ${String(error)}`).toBe(false)
    return undefined
  }
  expect(secretBehind(value)).toBe(rightOf(holder.user))
  expect(holder.said).toContain(rightOf(holder.user))
  return value
}

const chosen = ({ caches, holders }: World, { cache, holder, kind }: Indexes) => {
  const one = pick(holders, holder)
  // Sound: it replaces nothing but what it gave itself.
  return { cache: pick(caches, cache), holder: one, provider: one.provider(kind) as Provider<Token | Credentials> }
}

const stepOf = (name: string, step: (world: World, at: Indexes) => Promise<unknown>): fc.Arbitrary<Step> =>
  indexes.map((at) => named(`${name} ${JSON.stringify(at)}`, (world) => step(world, at)))

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: stepOf("get", async (world, at) => {
      const { cache, holder, provider } = chosen(world, at)
      await check(world, holder, () => cache.get(provider))
    }),
  },
  {
    weight: 2,
    arbitrary: stepOf("reject", async (world, at) => {
      const { cache, holder, provider } = chosen(world, at)
      const rejected = await check(world, holder, () => cache.get(provider))
      if (rejected !== undefined) await check(world, holder, () => cache.get(provider, { rejected }))
    }),
  },
  {
    weight: 1,
    arbitrary: stepOf("refresh", async (world, at) => {
      const { cache, holder, provider } = chosen(world, at)
      await check(world, holder, () => cache.refresh(provider))
    }),
  },
  {
    weight: 1,
    arbitrary: stepOf("invalidate", async (world, at) => {
      const { cache, provider } = chosen(world, at)
      await world.clock.until(cache.invalidate(at.kind % 2 === 0 ? provider : (provider.identityKey ?? "")))
    }),
  },
  { weight: 1, arbitrary: stepOf("clear", async (world, at) => chosen(world, at).cache.clear()) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(99), fc.constantFrom(...PASSWORDS)).map(([index, says]) =>
      named(`function ${index} says ${says}`, async ({ holders }) => {
        const functions = holders.filter(({ isFixed }) => !isFixed)
        pick(functions, index).says = says
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
      fc.asyncProperty(fc.array(steps, { maxLength, size: "max" }), async (history) => {
        const clock = fakeClock(undefined, () => operations > 0)
        const store = makeStore(clock)
        const iam = modelIam(clock, {
          passwords: Object.fromEntries(USERS.map((user) => [user, rightOf(user)])),
          keys: Object.fromEntries(USERS.map((user) => [`AKID${user.toUpperCase()}`, rightOf(user)])),
        })
        // Jitter differs between caches, and not between runs, so that a seed tells all.
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
          await step({ clock, iam, caches, holders })
          // Renewals behind end; and a function that is refused may be asked again.
          await clock.advance(1_000)
          for (const holder of holders) holder.rest()
        }
      }),
      // Where a run fails, shrinking ends in time to tell the seed.
      { numRuns: isSoak ? 20 * numRuns : numRuns, interruptAfterTimeLimit: isSoak ? 500_000 : 60_000 },
    )
  },
  600_000,
)
