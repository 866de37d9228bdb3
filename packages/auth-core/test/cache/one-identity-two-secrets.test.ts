import { inspect } from "node:util"
import { type FakeClock, fakeClock } from "@countersign/testkit"
import { beforeEach, describe, expect, it } from "vitest"
import {
  AuthError,
  agencyCredentials,
  agencyToken,
  type CacheEvent,
  type CacheStore,
  type CredentialProvider,
  type Credentials,
  encryptedStore,
  memoryStore,
  type PasswordTokenOptions,
  type Provider,
  passwordToken,
  staticCredentials,
  type Token,
  TokenCache,
  type TokenProvider,
  tokenCredentials,
} from "../../src/index.ts"
import { agency, type ModelIam, modelIam, secretBehind } from "../iam/model-iam.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const RIGHT = "correct-horse"
const WRONG = "battery-staple"

let clock: FakeClock
let iam: ModelIam

beforeEach(() => {
  clock = fakeClock()
  iam = modelIam(clock, { passwords: { alice: RIGHT, u1: RIGHT }, keys: { AKIDALICE: "sk-right" } })
})

type Password = PasswordTokenOptions["password"]
type ByPassword = (password: Password) => TokenProvider | CredentialProvider

const alice = (password: Password): TokenProvider =>
  passwordToken({ user: "alice", password, domain: "d", scope: { domain: "d" }, ...iam.options })

/** Every value of a password, direct or through `via`. */
const byPassword: Array<[string, ByPassword]> = [
  ["passwordToken", alice],
  ["agencyToken", (password) => agencyToken({ via: alice(password), ...agency })],
  ["agencyCredentials", (password) => agencyCredentials({ via: alice(password), ...agency })],
  ["tokenCredentials", (password) => tokenCredentials({ via: alice(password) })],
  [
    "agencyCredentials of an agencyToken",
    (password) => agencyCredentials({ via: agencyToken({ via: alice(password), ...agency }), ...agency }),
  ],
]

const randomKey = (id: string): { id: string; key: Uint8Array } => ({
  id,
  key: crypto.getRandomValues(new Uint8Array(32)),
})

/** A store as another process has it, without knowledge of keys. */
const plainStore = (): CacheStore => {
  const { namesOf: _namesOf, ...store } = memoryStore({ clock })
  return store
}

const sharing: Array<[string, () => TokenCache[]]> = [
  [
    "on one cache",
    () => {
      const cache = new TokenCache({ clock })
      return [cache, cache]
    },
  ],
  ...(
    [
      ["a store in memory", () => memoryStore({ clock })],
      ["a plain store", plainStore],
      ["an encrypted store", () => encryptedStore(plainStore(), { keys: [randomKey("k1")] })],
    ] as Array<[string, () => CacheStore]>
  ).map(([name, make]): [string, () => TokenCache[]] => [
    `on two caches with ${name}`,
    () => {
      const store = make()
      return [new TokenCache({ clock, store }), new TokenCache({ clock, store })]
    },
  ]),
]

async function read(cache: TokenCache | undefined, provider: TokenProvider): Promise<Token>
async function read(
  cache: TokenCache | undefined,
  provider: TokenProvider | CredentialProvider,
): Promise<Token | Credentials>
async function read(
  cache: TokenCache | undefined,
  provider: TokenProvider | CredentialProvider,
): Promise<Token | Credentials> {
  if (cache === undefined) throw new Error("There is no such cache.")
  // Sound, because it replaces only its own values.
  return cache.get(provider as Provider<Token | Credentials>)
}

describe.each(sharing)("%s", (_name, caches) => {
  describe.each(byPassword)("%s", (_provider, make) => {
    it("gives nothing to a wrong password after the right one, and asks IAM", async () => {
      const [first, second] = caches()
      expect(secretBehind(await read(first, make(RIGHT)))).toBe(RIGHT)
      await expect(read(second, make(WRONG))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
      expect(iam.asked).toEqual([RIGHT, WRONG])
    })

    it("does not let a wrong password lock the right one out", async () => {
      const [first, second] = caches()
      await expect(read(first, make(WRONG))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
      expect(secretBehind(await read(second, make(RIGHT)))).toBe(RIGHT)
    })

    it("shares the values and refusals of the same password", async () => {
      const [first, second] = caches()
      const values = [
        await read(first, make(RIGHT)),
        await read(second, make(RIGHT)),
        await read(
          second,
          make(() => RIGHT),
        ),
      ]
      expect(new Set(values.map((value) => JSON.stringify(value))).size).toBe(1)
      await expect(read(first, make(WRONG))).rejects.toThrow()
      await expect(read(second, make(WRONG))).rejects.toThrow("next is due")
      expect(iam.asked).toEqual([RIGHT, WRONG])
    })

    it("does the same for password functions", async () => {
      const [first, second] = caches()
      await expect(
        read(
          first,
          make(() => WRONG),
        ),
      ).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
      expect(
        secretBehind(
          await read(
            second,
            make(async () => RIGHT),
          ),
        ),
      ).toBe(RIGHT)
      await expect(
        read(
          second,
          make(() => WRONG),
        ),
      ).rejects.toThrow("next is due")
      expect(iam.asked).toEqual([WRONG, RIGHT])
    })
  })

  it("gives nothing to an invented SK of a known AK, nor to one with another security token", async () => {
    const [first, second] = caches()
    const by = (secretAccessKey: string, securityToken?: string) =>
      agencyCredentials({
        via: staticCredentials({ accessKeyId: "AKIDALICE", secretAccessKey, securityToken }, { clock }),
        ...agency,
        ...iam.options,
      })
    expect(secretBehind(await read(first, by("sk-right")))).toBe("sk-right")
    await expect(read(second, by("sk-invented"))).rejects.toMatchObject({ status: 401 })
    const asked = iam.asked.length
    expect(secretBehind(await read(second, by("sk-right")))).toBe("sk-right")
    expect(iam.asked).toHaveLength(asked)
    await read(second, by("sk-right", "another")).catch(() => undefined)
    expect(iam.asked.length).toBeGreaterThan(asked)
  })

  it("gives nothing to another passcode string", async () => {
    const [first, second] = caches()
    const by = (passcode?: string) =>
      passwordToken({ user: { id: "u1" }, password: RIGHT, passcode, scope: { domain: { id: "d" } }, ...iam.options })
    expect(secretBehind(await read(first, by("right")))).toBe(`${RIGHT}+right`)
    await expect(read(second, by("000000"))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(secretBehind(await read(second, by()))).toBe(RIGHT)
  })
})

it("a code string for STS gets values of its provider alone", async () => {
  const { assumeAgencyCredentials } = await import("../../src/index.ts")
  const via = staticCredentials({ accessKeyId: "AKIDALICE", secretAccessKey: "sk-right" })
  const by = (tokenCode: string | (() => string)) =>
    assumeAgencyCredentials({
      via,
      agencyUrn: "iam::a:agency:x",
      sessionName: "s",
      serialNumber: "n",
      tokenCode,
      region: "cn-north-4",
    })
  expect(by("123456").identityKey).toBeUndefined()
  expect(by(() => "123456").identityKey).toBeTypeOf("string")
})

describe("codes from a function", () => {
  it("get one value for all who know the password", async () => {
    const cache = new TokenCache({ clock })
    let codes = 0
    const provider = (): TokenProvider =>
      passwordToken({
        user: { id: "u1" },
        password: RIGHT,
        passcode: () => {
          codes += 1
          return "right"
        },
        scope: { domain: { id: "d" } },
        ...iam.options,
      })
    expect(await cache.get(provider())).toEqual(await cache.get(provider()))
    expect(codes).toBe(1)
  })
})

describe("a password from a function", () => {
  it("is asked for when the provider first meets the entry and at each renewal, never for a request", async () => {
    const cache = new TokenCache({ clock })
    let calls = 0
    const provider = alice(() => {
      calls += 1
      return RIGHT
    })
    await cache.get(provider)
    expect(calls).toBe(1)
    for (let request = 0; request < 1_000; request += 1) expect(cache.get(provider)).not.toBeInstanceOf(Promise)
    expect(calls).toBe(1)
    await cache.get(agencyToken({ via: provider, ...agency }))
    expect(calls).toBe(1)
    await cache.refresh(provider)
    expect(calls).toBe(2)
    await clock.advance(25 * HOUR)
    await cache.get(provider)
    expect(calls).toBe(3)
    expect(iam.asked).toHaveLength(3)
  })

  it("is asked for once by concurrent callers, direct or through via", async () => {
    const cache = new TokenCache({ clock })
    let calls = 0
    const via = alice(async () => {
      calls += 1
      await clock.sleep(100)
      return RIGHT
    })
    const reads = Array.from({ length: 500 }, async (_, index) =>
      cache.get(agencyToken({ via, agency: "a", domain: `customer ${index % 50}` })),
    )
    const values = await clock.until(Promise.all([...reads, (async () => cache.get(via))()]))
    expect(new Set(values.map(secretBehind))).toEqual(new Set([RIGHT]))
    expect(calls).toBe(1)
    expect(iam.asked).toEqual([RIGHT])
  })

  it("finds the value of another provider with the same password, without a call to IAM", async () => {
    const cache = new TokenCache({ clock })
    const value = await cache.get(alice(RIGHT))
    expect(await cache.get(alice(() => RIGHT))).toBe(value)
    expect(iam.asked).toHaveLength(1)
  })

  it("is tried at once after a correction, while the wrong one stays backed off", async () => {
    const cache = new TokenCache({ clock })
    let password = WRONG
    const provider = alice(() => password)
    await expect(read(cache, provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    await expect(read(cache, provider)).rejects.toThrow("next is due")
    expect(iam.asked).toEqual([WRONG])
    password = RIGHT
    expect(secretBehind(await read(cache, provider))).toBe(RIGHT)
    expect(iam.asked).toEqual([WRONG, RIGHT])
  })

  it("is asked for five times in a row and then once a second while it is refused", async () => {
    const cache = new TokenCache({ clock })
    let calls = 0
    const provider = alice(() => {
      calls += 1
      return WRONG
    })
    for (let request = 0; request < 100; request += 1) await expect(read(cache, provider)).rejects.toThrow()
    expect(calls).toBe(6)
    await clock.advance(SECOND)
    for (let request = 0; request < 100; request += 1) await expect(read(cache, provider)).rejects.toThrow()
    expect(calls).toBe(7)
    expect(iam.asked).toEqual([WRONG])
  })

  it("binds the provider to another entry when it changes, and does not affect the old entry", async () => {
    const cache = new TokenCache({ clock })
    let password = RIGHT
    const changing = alice(() => password)
    const customer = agencyToken({ via: changing, ...agency })
    const steady = alice(RIGHT)
    const old = await read(cache, changing)
    await read(cache, customer)
    iam.passwords.set("alice", "new")
    password = "new"
    expect(secretBehind(await cache.refresh(changing))).toBe("new")
    expect(secretBehind(await read(cache, changing))).toBe("new")
    expect(secretBehind(await read(cache, customer))).toBe("new")
    expect(await read(cache, steady)).toBe(old)
    expect(cache.size).toBe(2)
  })

  it("gets nothing when it becomes wrong, until it is right again", async () => {
    const cache = new TokenCache({ clock })
    let password = RIGHT
    const provider = alice(() => password)
    const value = await read(cache, provider)
    password = WRONG
    await expect(cache.refresh(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    await expect(read(cache, provider)).rejects.toThrow("next is due")
    password = RIGHT
    expect(await read(cache, provider)).toBe(value)
    expect(iam.asked).toEqual([RIGHT, WRONG])
  })

  it("leaves no rejection unhandled when it becomes wrong during a background renewal", async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", onUnhandled)
    try {
      const cache = new TokenCache({ clock })
      let password: string | Promise<string> = RIGHT
      let give = (_password: string): void => undefined
      const provider = alice(() => password)
      await read(cache, provider)
      password = new Promise((resolve) => {
        give = resolve
      })
      await clock.advance(23.5 * HOUR)
      await cache.get(provider)
      await clock.advance(0)
      cache.clear(provider)
      give(WRONG)
      await clock.advance(SECOND)
      expect(iam.asked).toEqual([RIGHT, WRONG])
      expect(unhandled).toEqual([])
    } finally {
      process.off("unhandledRejection", onUnhandled)
    }
  })

  it("keeps the old value in use when it changes while IAM is down", async () => {
    const cache = new TokenCache({ clock })
    let password = RIGHT
    const provider = alice(() => password)
    const value = await read(cache, provider)
    password = "new"
    iam.isUp = false
    await clock.advance(23.5 * HOUR)
    for (let minute = 0; minute < 10; minute += 1) {
      expect(cache.get(provider)).toBe(value)
      await clock.advance(MINUTE)
    }
    iam.isUp = true
    iam.passwords.set("alice", "new")
    await clock.advance(MINUTE)
    await read(cache, provider)
    await clock.advance(0)
    expect(secretBehind(await read(cache, provider))).toBe("new")
  })

  it.each([
    ["a function", () => RIGHT],
    ["a text", RIGHT],
  ])("does not affect other callers of the same renewal when it changes: %s", async (_name, own) => {
    for (const make of [alice, (password: Password) => agencyToken({ via: alice(password), ...agency })]) {
      const [first, cache] = [new TokenCache({ clock }), new TokenCache({ clock })]
      let password = RIGHT
      const changing = make(() => password)
      const steady = make(own)
      await read(first, changing)
      await read(first, steady)
      password = WRONG
      const reads = await Promise.allSettled([changing, steady].map(async (provider) => cache.get(provider)))
      expect(reads[0]).toMatchObject({ status: "rejected", reason: { code: "AUTH_CREDENTIALS_REJECTED" } })
      expect(reads[1]).toMatchObject({ status: "fulfilled", value: { value: expect.stringContaining(RIGHT) } })
      const value = await read(cache, steady)
      const renewals = await Promise.allSettled([
        first.get(changing, { rejected: value }),
        first.get(steady, { rejected: value }),
        first.refresh(steady),
      ])
      expect(renewals.slice(1).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"])
    }
  })

  it("binds a customer's pending token to the new password when it changes", async () => {
    const cache = new TokenCache({ clock })
    let password = RIGHT
    const via = alice(() => password)
    const customer = agencyToken({ via, ...agency })
    const token = await read(cache, via)
    iam.passwords.set("alice", "new")
    password = "new"
    const [own, customers] = await Promise.all([cache.get(via, { rejected: token }), cache.get(customer)])
    expect(secretBehind(own)).toBe("new")
    expect(secretBehind(customers)).toBe(secretBehind(await read(cache, customer)))
    expect(secretBehind(await read(cache, customer))).toBe("new")
  })

  it("throws an AuthError with its own back-off when it fails, also for the customers' providers", async () => {
    const events: CacheEvent[] = []
    const cache = new TokenCache({ clock, onEvent: (event) => events.push(event) })
    let calls = 0
    const via = alice(() => {
      calls += 1
      if (calls === 1) throw new Error("vault sealed")
      return RIGHT
    })
    const customer = agencyToken({ via, ...agency })
    await expect(read(cache, customer)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_MISSING" })
    await expect(read(cache, via)).rejects.toThrow("next is due")
    expect(calls).toBe(1)
    await clock.advance(2 * SECOND)
    expect(secretBehind(await read(cache, customer))).toBe(RIGHT)
    expect(events.map(({ type }) => type)).toContain("refresh-failed")
  })

  it("does not affect others with the same password when it fails later", async () => {
    for (const make of [alice, (password: Password) => agencyToken({ via: alice(password), ...agency })]) {
      const cache = new TokenCache({ clock })
      let isSealed = false
      let calls = 0
      const failing = make(() => {
        calls += 1
        if (isSealed) throw new Error("vault sealed")
        return RIGHT
      })
      const steady = make(RIGHT)
      await read(cache, failing)
      await clock.advance(25 * HOUR)
      isSealed = true
      const reads = await Promise.allSettled([failing, steady].map(async (provider) => cache.get(provider)))
      expect(reads[0]).toMatchObject({ status: "rejected", reason: { code: "AUTH_CREDENTIALS_MISSING" } })
      expect(reads[1]).toMatchObject({ status: "fulfilled" })
      expect(calls).toBe(2)
      // Both use the value of the other one.
      expect(await read(cache, failing)).toBe(await read(cache, steady))
      await clock.advance(25 * HOUR)
      await expect(read(cache, failing)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_MISSING" })
      await expect(read(cache, failing)).rejects.toThrow("next is due")
      expect(calls).toBe(3)
      isSealed = false
      await (make === alice ? cache.resetBackoff(failing) : clock.advance(5 * SECOND))
      expect(secretBehind(await read(cache, failing))).toBe(RIGHT)
      await read(cache, steady)
    }
  })

  it("delays one caller by the time limit when it hangs, and the next caller asks again", async () => {
    const cache = new TokenCache({ clock, refreshTimeoutMs: 5 * SECOND, backoff: false })
    let calls = 0
    const provider = alice(() => {
      calls += 1
      return calls === 1 ? new Promise<string>(() => undefined) : RIGHT
    })
    await expect(clock.until(read(cache, provider))).rejects.toThrow("secret")
    expect(secretBehind(await read(cache, provider))).toBe(RIGHT)
  })
})

describe("an identity key", () => {
  const both = async (
    options: object = {},
  ): Promise<{ cache: TokenCache; right: TokenProvider; wrong: TokenProvider }> => {
    const cache = new TokenCache({ clock, ...options })
    const [right, wrong] = [alice(RIGHT), alice(WRONG)]
    await read(cache, right)
    await expect(read(cache, wrong)).rejects.toThrow()
    return { cache, right, wrong }
  }
  const key = (): string => alice(RIGHT).identityKey ?? ""

  it("counts once in the size, however many secrets it has", async () => {
    const { cache } = await both()
    expect(cache.size).toBe(1)
  })

  it("invalidates the values of all secrets, also in the store", async () => {
    const store = memoryStore({ clock })
    const { cache, right } = await both({ store })
    await read(
      cache,
      alice(() => RIGHT),
    )
    await cache.invalidate(key())
    expect(secretBehind(await read(new TokenCache({ clock, store }), right))).toBe(RIGHT)
    expect(iam.asked).toEqual([RIGHT, WRONG, RIGHT])
  })

  it("resets the back-off of all secrets, also in the store", async () => {
    const store = memoryStore({ clock })
    const { cache, wrong } = await both({ store })
    await cache.resetBackoff(key())
    await expect(read(cache, wrong)).rejects.toThrow()
    await expect(read(new TokenCache({ clock, store }), wrong)).rejects.toThrow("next is due")
    expect(iam.asked).toEqual([RIGHT, WRONG, WRONG])
  })

  it("refreshes the values of all secrets in use, and returns one of them", async () => {
    const { cache, wrong } = await both()
    expect(secretBehind(await cache.refresh<Token>(key()))).toBe(RIGHT)
    cache.clear(key())
    expect(cache.size).toBe(0)
    await expect(read(cache, wrong)).rejects.not.toThrow("next is due")
    await expect(cache.refresh(key())).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
  })

  it("belongs to one entry when it comes with a provider", async () => {
    const { cache, right, wrong } = await both()
    await cache.invalidate(wrong)
    cache.clear(wrong)
    await cache.resetBackoff(wrong)
    expect(cache.get(right)).not.toBeInstanceOf(Promise)
  })
})

it("thousands of wrong passwords do not push out the entry of the right one", async () => {
  const cache = new TokenCache({ clock, maxEntries: 100 })
  for (let index = 0; index < 1_000; index += 1) {
    await expect(read(cache, alice(`wrong ${index}`))).rejects.toThrow()
    if (index % 50 === 0) await read(cache, alice(RIGHT))
  }
  expect(cache.get(alice(RIGHT))).not.toBeInstanceOf(Promise)
  expect(iam.asked.filter((password) => password === RIGHT)).toHaveLength(1)
  expect(cache.size).toBe(1)
})

it("a fleet asks IAM for one refused password at most four times in an hour", async () => {
  const store = memoryStore({ clock })
  const fleet = Array.from({ length: 8 }, () => new TokenCache({ clock, store }))
  for (let minute = 0; minute < 60; minute += 1) {
    for (const cache of fleet) await expect(clock.until(read(cache, alice(WRONG)))).rejects.toBeInstanceOf(AuthError)
    await clock.advance(MINUTE)
  }
  expect(iam.asked.length).toBeLessThanOrEqual(4)
  expect(iam.asked.length).toBeGreaterThan(1)
})

it("providers of your own with one identity key share values", async () => {
  const cache = new TokenCache({ clock })
  const mine = (password: string): Provider<Token> =>
    Object.assign(async () => alice(password)(), { identityKey: "my alice" })
  expect(await read(cache, mine(RIGHT))).toBe(await read(cache, mine(WRONG)))
})

it("values built on a provider of your own that names an AK are not shared", () => {
  const mine = Object.assign(async () => ({ accessKeyId: "AKIDALICE", secretAccessKey: "x" }), {
    accessKeyId: "AKIDALICE",
  })
  expect(agencyCredentials({ via: mine, ...agency }).identityKey).toBeUndefined()
})

describe("while the keys of an encrypted store rotate", () => {
  it("processes with the old and the new key find each other's values and failures", async () => {
    const store = plainStore()
    const [old, young] = [randomKey("old"), randomKey("young")]
    const stages = [[old], [old, young], [young, old], [young]].map(
      (keys) => new TokenCache({ clock, store: encryptedStore(store, { keys }) }),
    )
    for (const [before, after] of [
      [0, 1],
      [1, 2],
      [2, 1],
      [2, 3],
    ] as const) {
      const password = `${RIGHT}-${before}-${after}`
      iam.passwords.set("alice", password)
      await read(stages[before], alice(password))
      await read(stages[after], alice(password))
      const wrong = `${WRONG} ${before} ${after}`
      await expect(read(stages[before], alice(wrong))).rejects.toThrow()
      await expect(read(stages[after], alice(wrong))).rejects.toThrow("next is due")
    }
    expect(iam.asked).toHaveLength(8)
  })
})

it("no secret shows in the keys of a store, in a cache or in a provider, however it is printed", async () => {
  const keys: string[] = []
  const store = plainStore()
  const spied: CacheStore = {
    ...store,
    get: (key) => {
      keys.push(key)
      return store.get(key)
    },
  }
  const cache = new TokenCache({ clock, store: spied })
  const provider = alice(() => RIGHT)
  await read(cache, provider)
  await read(cache, alice(RIGHT))
  expect(keys.every((key) => /^v1\.[0-9a-f]{64}(\.failure)?$/.test(key))).toBe(true)
  for (const thing of [cache, provider, provider.binding, alice(RIGHT)]) {
    const views = [
      inspect(thing, { depth: Infinity, showHidden: true, customInspect: false, getters: true }),
      JSON.stringify(thing) ?? "",
    ]
    for (const view of views) expect(view.replaceAll(/token-\d+-[^']*/g, "")).not.toContain(RIGHT)
  }
})
