import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { expect, it } from "vitest"
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

/** A password that somebody has or thinks to have, as a text or as a function that says now this and now that. */
class Holder {
  readonly user: string
  readonly isFixed: boolean
  /** What the function says when it is asked. */
  says: string
  /** What it said when it was asked last; of a text, the text. */
  said: string | undefined
  readonly #root: TokenProvider
  readonly #iam: ModelIam

  constructor(iam: ModelIam, user: string, secret: string, isFixed: boolean) {
    this.user = user
    this.isFixed = isFixed
    this.says = secret
    this.said = isFixed ? secret : undefined
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

  #passwordToken(): TokenProvider {
    const ask = (): string => {
      this.said = this.says
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

type Step = (world: World) => Promise<void>

function pick<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length]
  if (one === undefined) throw new Error("The list is empty.")
  return one
}

const indexes = fc.record({ cache: fc.nat(99), holder: fc.nat(99), kind: fc.nat(99) })
type Indexes = { cache: number; holder: number; kind: number }

/**
 * What comes of a read, whatever way it came, must be what IAM gave for that secret, and the right one must get it. A read
 * that began before the function said something else may end as if it had not.
 */
async function check<T extends Token | Credentials>(holder: Holder, ask: () => T | Promise<T>): Promise<T | undefined> {
  const before = holder.said
  let value: T
  try {
    value = await ask()
  } catch (error) {
    const isRight = [before ?? holder.said, holder.said].every((said) => said === rightOf(holder.user))
    expect(isRight, `the right password of ${holder.user} is locked out: ${String(error)}`).toBe(false)
    return undefined
  }
  expect(secretBehind(value)).toBe(rightOf(holder.user))
  expect([before, holder.said]).toContain(rightOf(holder.user))
  return value
}

const chosen = ({ caches, holders }: World, { cache, holder, kind }: Indexes) => {
  const one = pick(holders, holder)
  // Sound: it replaces nothing but what it gave itself.
  return { cache: pick(caches, cache), holder: one, provider: one.provider(kind) as Provider<Token | Credentials> }
}

const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  {
    weight: 6,
    arbitrary: indexes.map((at): [string, Step] => [`get ${JSON.stringify(at)}`, (world) => get(world, at)]),
  },
  {
    weight: 2,
    arbitrary: indexes.map((at): [string, Step] => [
      `reject ${JSON.stringify(at)}`,
      async (world) => {
        const { cache, holder, provider } = chosen(world, at)
        const rejected = await check(holder, () => world.clock.until(cache.get(provider)))
        if (rejected !== undefined) await check(holder, () => world.clock.until(cache.get(provider, { rejected })))
      },
    ]),
  },
  {
    weight: 1,
    arbitrary: indexes.map((at): [string, Step] => [
      `refresh ${JSON.stringify(at)}`,
      async (world) => {
        const { cache, holder, provider } = chosen(world, at)
        await check(holder, () => world.clock.until(cache.refresh(provider)))
      },
    ]),
  },
  {
    weight: 1,
    arbitrary: indexes.map((at): [string, Step] => [
      `invalidate ${JSON.stringify(at)}`,
      async (world) => {
        const { cache, provider } = chosen(world, at)
        await cache.invalidate(at.kind % 2 === 0 ? provider : (provider.identityKey ?? ""))
      },
    ]),
  },
  {
    weight: 1,
    arbitrary: indexes.map((at): [string, Step] => [
      `clear ${JSON.stringify(at)}`,
      async (world) => chosen(world, at).cache.clear(),
    ]),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(99), fc.constantFrom(...PASSWORDS)).map(([index, says]): [string, Step] => [
      `holder ${index} says ${says}`,
      async ({ holders }) => {
        const holder = pick(
          holders.filter(({ isFixed }) => !isFixed),
          index,
        )
        holder.says = says
      },
    ]),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(MINUTE, 55 * MINUTE, 23 * HOUR, 25 * HOUR)
      .map((ms): [string, Step] => [`advance ${ms / MINUTE} min`, ({ clock }) => clock.advance(ms)]),
  },
)

async function get(world: World, at: Indexes): Promise<void> {
  const { cache, holder, provider } = chosen(world, at)
  await check(holder, () => world.clock.until(cache.get(provider)))
}

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
    // Each secret of each cache takes a slow derivation here.
    "a shared plain store",
    3,
    40,
    (clock) => {
      const { namesOf: _namesOf, ...plain } = memoryStore({ clock })
      return plain
    },
  ],
]

it.each(stores)(
  "no sequence of right and wrong secrets yields what IAM did not give for that secret, or locks the right one out: %s",
  async (_name, numRuns, maxLength, makeStore) => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength, size: "max" }), async (history) => {
        const clock = fakeClock()
        const store = makeStore(clock)
        const iam = modelIam(clock, {
          passwords: Object.fromEntries(USERS.map((user) => [user, rightOf(user)])),
          keys: Object.fromEntries(USERS.map((user) => [`AKID${user.toUpperCase()}`, rightOf(user)])),
        })
        const caches = Array.from({ length: CACHES }, () => new TokenCache({ clock, store }))
        const holders = USERS.flatMap((user) => [
          ...PASSWORDS.map((password) => new Holder(iam, user, password, true)),
          new Holder(iam, user, rightOf(user), false),
          new Holder(iam, user, "wrong", false),
        ])
        for (const [, step] of history) {
          await step({ clock, iam, caches, holders })
          // Renewals behind end; and a function that is refused may be asked again.
          await clock.advance(1_000)
        }
      }),
      { numRuns: process.env.COUNTERSIGN_SOAK === "1" ? 20 * numRuns : numRuns },
    )
  },
  600_000,
)
