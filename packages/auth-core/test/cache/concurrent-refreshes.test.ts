import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { toIamFetchResponse } from "../../src/cloud/cloud.ts"
import {
  AuthError,
  type Clock,
  type IamFetch,
  passwordToken,
  type Token,
  TokenCache,
  type TokenProvider,
} from "../../src/index.ts"
import { scriptedProvider, tokenAt } from "./scripted-provider.ts"

/** Providers of many identities that note how many of them are asked at the same time. */
function counted(clock: ReturnType<typeof fakeClock>, answer: (index: number) => Promise<Token>) {
  const seen = { now: 0, most: 0, order: [] as number[] }
  const provider = (index: number): TokenProvider =>
    scriptedProvider(`customer ${index}`, async () => {
      seen.most = Math.max(seen.most, ++seen.now)
      seen.order.push(index)
      try {
        await clock.sleep(10)
        return await answer(index)
      } finally {
        seen.now--
      }
    })
  return { seen, provider }
}

const REJECTED: Token = { value: "rejected", issuedAt: 0, expiresAt: 1 }

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

it("only so many refreshes are on their way at once, and the others follow in order", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 10 })
  const { seen, provider } = counted(clock, async (index) => tokenAt(clock, `token ${index}`))
  const reads = Promise.all(range(95).map(async (index) => cache.get(provider(index))))
  for (let round = 0; round < 10; round++) await clock.advance(10)
  expect((await reads).map(({ value }) => value)).toEqual(range(95).map((index) => `token ${index}`))
  expect(seen.most).toBe(10)
  expect(seen.order).toEqual(range(95))
})

it("a refresh that fails, or takes too long, lets the next one begin", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 1, refreshTimeoutMs: 1_000 })
  const down = new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM does not answer.")
  const answers = [
    () => Promise.reject(down),
    () => new Promise<never>(() => undefined),
    async () => tokenAt(clock, "c"),
  ]
  const { provider } = counted(clock, async (index) => (answers[index] as () => Promise<Token>)())
  const reads = Promise.allSettled(range(3).map(async (index) => cache.get(provider(index))))
  await clock.advance(10)
  await clock.advance(1_000)
  await clock.advance(10)
  expect((await reads).map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"])
})

it("a refresh on which others depend does not wait for its turn behind them", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 2 })
  const partner = scriptedProvider("partner", async () => {
    await clock.sleep(10)
    return tokenAt(clock, "partner")
  })
  const customers = range(20).map((index) =>
    scriptedProvider<Token>(`customer ${index}`, async (_call, context) => {
      await clock.sleep(1)
      const via = await context?.resolve?.(partner)
      return tokenAt(clock, `customer ${index} by ${via?.value}`)
    }),
  )
  // The partner's own reader comes last, so its refresh waits behind those that need it.
  const reads = Promise.all([...customers, partner].map(async (provider) => cache.get(provider)))
  for (let round = 0; round < 40; round++) await clock.advance(5)
  const values = (await reads).map(({ value }) => value)
  expect(values.slice(-2)).toEqual(["customer 19 by partner", "partner"])
  expect(partner.calls).toHaveLength(1)
})

it("a provider whose secret a function gives counts until its value is there", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 2 })
  const asked = { now: 0, most: 0 }
  const fetch: IamFetch = async () => {
    asked.most = Math.max(asked.most, ++asked.now)
    await clock.sleep(10)
    asked.now--
    const body = { token: { issued_at: new Date(clock.now()), expires_at: new Date(clock.now() + 3_600_000) } }
    const headers = { "x-subject-token": "MII" }
    return toIamFetchResponse(201, headers, async () => JSON.stringify(body))
  }
  const providers = range(20).map((index) => {
    const password = async (): Promise<string> => `password ${index}`
    return passwordToken({ user: `user ${index}`, domain: "d", password, scope: { domain: "d" }, fetch, clock })
  })
  const reads = Promise.all(providers.map(async (provider) => cache.get(provider)))
  for (let round = 0; round < 60; round++) await clock.advance(5)
  expect((await reads).map(({ value }) => value)).toEqual(range(20).map(() => "MII"))
  expect(asked.most).toBe(2)
})

it("refreshes that wait begin when none ends for 5 seconds, since the others may wait for them", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 10 })
  const service = scriptedProvider("service", async () => tokenAt(clock, "service"))
  // As by a client of its own with the same cache: it names no context.
  const customers = range(40).map((index) =>
    scriptedProvider(`customer ${index}`, async () => {
      await clock.sleep(1)
      return tokenAt(clock, `customer ${index} by ${(await cache.get(service)).value}`)
    }),
  )
  const reads = Promise.all(customers.map(async (provider) => cache.get(provider)))
  await clock.advance(10)
  await clock.advance(5_000)
  for (let round = 0; round < 10; round++) await clock.advance(1)
  expect((await reads)[39]?.value).toBe("customer 39 by service")
  expect(service.calls).toHaveLength(1)
})

it("a refresh that several wait for begins first when none ends for 5 seconds", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 2, refreshTimeoutMs: 600_000 })
  const parent = scriptedProvider("parent", async () => tokenAt(clock, "parent"))
  const children = range(200).map((index) =>
    scriptedProvider(`child ${index}`, async () => {
      await clock.sleep(1)
      return tokenAt(clock, `child ${index} by ${(await cache.get(parent)).value}`)
    }),
  )
  const [first, second, ...others] = children.map((child) => () => cache.get(child))
  const reads = [first?.(), second?.(), cache.get(parent), ...others.map((read) => read())]
  await clock.advance(10)
  await clock.advance(5_000)
  for (let round = 0; round < 200; round++) await clock.advance(1)
  expect((await Promise.all(reads)).at(-1)?.value).toBe("child 199 by parent")
})

it("if no refresh ends for 5 seconds, the newest begin, as many as run at once, and no more", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 10 })
  const { seen, provider } = counted(clock, () => new Promise<never>(() => undefined))
  const reads = Promise.allSettled(range(95).map(async (index) => cache.get(provider(index))))
  const begun = [...range(10), ...range(10).map((index) => 85 + index), ...range(10).map((index) => 75 + index)]
  await clock.advance(4_999)
  expect(seen.order).toEqual(begun.slice(0, 10))
  await clock.advance(1)
  expect(seen.order).toEqual(begun.slice(0, 20))
  await clock.advance(5_000)
  expect(seen.order).toEqual(begun)
  await clock.advance(300_000)
  expect((await reads).filter(({ status }) => status === "rejected")).toHaveLength(95)
})

it("the limit holds in a program that was busy for longer than 5 seconds", async () => {
  const clock = fakeClock()
  let looks = 0
  const sleep: Clock["sleep"] = async (ms, signal) => {
    // Its first timer is due before the answers that have come meanwhile.
    const isLate = ms > 10 && ms <= 5_000 && looks++ === 0
    await clock.sleep(isLate ? 0 : ms, signal)
  }
  const cache = new TokenCache({ clock: { ...clock, sleep }, maxConcurrentRefreshes: 10 })
  const { seen, provider } = counted(clock, async (index) => tokenAt(clock, `token ${index}`))
  const reads = Promise.all(range(95).map(async (index) => cache.get(provider(index))))
  for (let round = 0; round < 10; round++) await clock.advance(10)
  expect((await reads).at(-1)?.value).toBe("token 94")
  expect(looks).toBeGreaterThan(0)
  expect(seen.most).toBe(10)
})

it("a refresh for which a caller waits goes before those in the background", async () => {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 1 })
  const order: string[] = []
  const named = (name: string) =>
    scriptedProvider(name, async () => {
      order.push(name)
      await clock.sleep(10)
      return tokenAt(clock, name, 60_000)
    })
  const [one, two, three, fresh] = [named("one"), named("two"), named("three"), named("fresh")] as const
  for (const provider of [one, two, three]) {
    const read = cache.get(provider)
    await clock.advance(10)
    await read
  }
  await clock.advance(58_000)
  order.length = 0
  for (const provider of [one, two, three]) expect(cache.get(provider)).toMatchObject({ value: provider.identityKey })
  const read = cache.get(fresh)
  for (let round = 0; round < 4; round++) await clock.advance(10)
  expect((await read).value).toBe("fresh")
  expect(order).toEqual(["one", "fresh", "two", "three"])
})

/** A cache whose only turn is taken by `first`, and the order in which it asks providers that take 10 ms. */
function oneTurn() {
  const clock = fakeClock()
  const cache = new TokenCache({ clock, maxConcurrentRefreshes: 1 })
  const order: string[] = []
  const named = (name: string): TokenProvider =>
    scriptedProvider(name, async () => {
      order.push(name)
      await clock.sleep(10)
      return tokenAt(clock, name, 60_000)
    })
  const first = cache.get(named("first"))
  const run = async (): Promise<void> => {
    for (let round = 0; round < 6; round++) await clock.advance(10)
    await first
  }
  return { clock, cache, order, named, run }
}

describe("a refresh that waits for its turn", () => {
  it("leaves the line as soon as its only caller aborts", async () => {
    const { cache, order, named, run } = oneTurn()
    const caller = new AbortController()
    const provider = named("left")
    const left = cache.get(provider, { signal: caller.signal })
    const next = cache.get(named("next"))
    caller.abort()
    await expect(left).rejects.toMatchObject({ name: "AbortError" })
    expect(cache.size).toBe(2)
    await run()
    expect((await next).value).toBe("next")
    expect(order).toEqual(["first", "next"])
    const again = cache.get(provider)
    await run()
    expect((await again).value).toBe("left")
  })

  it("stays for another caller", async () => {
    const { cache, order, named, run } = oneTurn()
    const [one, two] = [new AbortController(), new AbortController()]
    const provider = named("shared")
    const reads = Promise.allSettled([
      cache.get(provider, { signal: one.signal }),
      cache.refresh(provider, { signal: two.signal }),
      cache.get(provider),
    ])
    one.abort()
    two.abort()
    await run()
    expect((await reads).map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"])
    expect(order).toEqual(["first", "shared"])
  })

  it("leaves the line when each of its callers has aborted, and serves one who comes at that moment", async () => {
    const { cache, order, named, run } = oneTurn()
    const [one, two] = [new AbortController(), new AbortController()]
    const provider = named("shared")
    const left = Promise.allSettled([one, two].map(async ({ signal }) => cache.get(provider, { signal })))
    one.abort()
    two.abort()
    const late = cache.get(provider)
    await run()
    expect((await left).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect((await late).value).toBe("shared")
    expect(order).toEqual(["first", "shared"])
  })

  it("is not given up once it has begun", async () => {
    const { clock, cache, order, named } = oneTurn()
    const caller = new AbortController()
    const provider = named("begun")
    const read = cache.get(provider, { signal: caller.signal })
    await clock.advance(15)
    caller.abort()
    await expect(read).rejects.toMatchObject({ name: "AbortError" })
    await clock.advance(10)
    expect(cache.get(provider)).toMatchObject({ value: "begun" })
    expect(order).toEqual(["first", "begun"])
  })

  it.each([
    ["clear", (cache: TokenCache) => cache.clear()],
    ["clear of its identity", (cache: TokenCache, provider: TokenProvider) => cache.clear(provider)],
    ["invalidate", (cache: TokenCache, provider: TokenProvider) => cache.invalidate(provider)],
  ])("begins anew after %s for those who wait, and is kept", async (_name, forget) => {
    const { cache, order, named, run } = oneTurn()
    const provider = named("wanted")
    const before = cache.get(provider)
    await forget(cache, provider)
    const after = cache.get(provider)
    await run()
    expect([(await before).value, (await after).value]).toEqual(["wanted", "wanted"])
    expect(cache.get(provider)).toMatchObject({ value: "wanted" })
    expect(order).toEqual(["first", "wanted"])
  })

  it("leaves the line with clear if it began in the background", async () => {
    const { clock, cache, order, named, run } = oneTurn()
    const provider = named("old")
    const read = cache.get(provider)
    await run()
    await read
    await clock.advance(58_000)
    const busy = cache.get(named("busy"))
    expect(cache.get(provider)).toMatchObject({ value: "old" })
    cache.clear(provider)
    await run()
    expect((await busy).value).toBe("busy")
    expect(order).toEqual(["first", "old", "busy"])
  })

  it("ends no caller without a signal by the signal of another one", async () => {
    const { cache, named, run } = oneTurn()
    const provider = named("shared")
    const [one, two] = [new AbortController(), new AbortController()]
    const first = Promise.resolve(cache.get(provider, { signal: one.signal }))
    one.abort(new Error("one"))
    const second = Promise.resolve(cache.get(provider, { signal: two.signal }))
    const third = cache.get(provider)
    two.abort(new Error("two"))
    await expect(first).rejects.toThrow("one")
    await expect(second).rejects.toThrow("two")
    await run()
    expect((await third).value).toBe("shared")
  })

  it.each<[string, (cache: TokenCache, provider: TokenProvider, signal: AbortSignal) => unknown]>([
    ["refresh", (cache, provider, signal) => cache.refresh(provider, { signal })],
    ["get", (cache, provider, signal) => cache.get(provider, { signal })],
    ["get with a rejected value", (cache, provider, signal) => cache.get(provider, { signal, rejected: REJECTED })],
  ])("begins nothing for a caller who has given up already: %s", async (_name, ask) => {
    const provider = scriptedProvider("unwanted", async () => tokenAt(fakeClock(), "unwanted"))
    const cache = new TokenCache()
    await expect(ask(cache, provider, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone")
    expect(provider.calls).toHaveLength(0)
    expect(cache.size).toBe(0)
  })

  it("does not count that time for its time limit", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, maxConcurrentRefreshes: 1, refreshTimeoutMs: 1_000 })
    const slow = range(3).map((index) =>
      scriptedProvider(`slow ${index}`, async () => {
        await clock.sleep(900)
        return tokenAt(clock, `slow ${index}`)
      }),
    )
    const reads = Promise.all(slow.map(async (provider) => cache.get(provider)))
    for (let round = 0; round < 3; round++) await clock.advance(900)
    expect((await reads).map(({ value }) => value)).toEqual(["slow 0", "slow 1", "slow 2"])
  })

  it("keeps to the limit after the line was empty for a moment, and begins when none ends for 5 seconds", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, maxConcurrentRefreshes: 1, refreshTimeoutMs: 60_000 })
    const stuck = cache.get(scriptedProvider("stuck", () => clock.sleep(30_000).then(() => tokenAt(clock, "stuck"))))
    const provider = scriptedProvider("waiting", async () => tokenAt(clock, "waiting"))
    const read = cache.get(provider)
    cache.clear()
    await clock.advance(4_000)
    expect(provider.calls).toHaveLength(0)
    await clock.advance(1_000)
    expect((await read).value).toBe("waiting")
    await clock.advance(30_000)
    await stuck
  })
})

it.each([0, -1, "10", Number.NaN, null])("the limit cannot be %j", (maxConcurrentRefreshes) => {
  expect(() => new TokenCache({ maxConcurrentRefreshes: maxConcurrentRefreshes as number })).toThrow(
    "`maxConcurrentRefreshes` must be a number, 1 or more.",
  )
})
