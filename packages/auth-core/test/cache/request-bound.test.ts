import { AsyncLocalStorage } from "node:async_hooks"
import { type FakeClock, fakeClock } from "@countersign/testkit"
import { afterEach, describe, expect, it, vi } from "vitest"
import {
  type Clock,
  memoryStore,
  type Token,
  TokenCache,
  type TokenCacheOptions,
  type TokenProvider,
} from "../../src/index.ts"
import { tokenAt } from "./scripted-provider.ts"

const SECOND = 1_000
const IAM_MS = 800
const LIFETIME_MS = 20 * SECOND

afterEach(() => {
  vi.unstubAllGlobals()
})

interface Request {
  hasEnded: boolean
  readonly work: Promise<unknown>[]
}

interface Worker {
  readonly clock: FakeClock
  readonly cache: TokenCache
  readonly provider: TokenProvider
  calls(): number
  /** Runs a request to its answer, and stops its other work after that. */
  request<T>(handle: () => Promise<T>): Promise<T>
}

/** A runtime that stops the timers of an answered request, as workerd does. */
function worker({ keepsAlive, store }: { keepsAlive: boolean; store?: boolean }): Worker {
  if (!keepsAlive) vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" })
  const clock = fakeClock()
  const requests = new AsyncLocalStorage<Request>()
  const bound: Clock = {
    ...clock,
    async sleep(ms, signal) {
      const request = requests.getStore()
      await clock.sleep(ms, signal)
      if (request?.hasEnded) await new Promise<never>(() => undefined)
    },
  }
  let calls = 0
  const provider: TokenProvider = Object.assign(
    async (): Promise<Token> => {
      calls += 1
      const value = `token-${calls}`
      await bound.sleep(IAM_MS)
      return tokenAt(clock, value, LIFETIME_MS)
    },
    { identityKey: "user" },
  )
  const options: TokenCacheOptions = { clock: bound, random: () => 0, refreshAheadMs: 10 * SECOND }
  if (keepsAlive) options.waitUntil = (promise) => requests.getStore()?.work.push(promise)
  if (store === true) options.store = memoryStore({ clock: bound })
  return {
    clock,
    provider,
    cache: new TokenCache(options),
    calls: () => calls,
    request: (handle) => {
      const request: Request = { hasEnded: false, work: [] }
      return requests.run(request, async () => {
        const answer = await handle()
        void Promise.allSettled(request.work).then(() => {
          request.hasEnded = true
        })
        if (request.work.length === 0) request.hasEnded = true
        return answer
      })
    },
  }
}

const readValue = async ({ cache, provider }: Worker): Promise<string> => (await cache.get(provider)).value

/** An answer and its duration. */
async function timed<T>({ clock }: Worker, answer: Promise<T>): Promise<{ answer: T; ms: number }> {
  const start = clock.monotonic()
  return { answer: await clock.until(answer), ms: clock.monotonic() - start }
}

describe.each([
  ["that ends all with its request", false],
  ["that lets refreshes end", true],
])("a runtime %s", (_, keepsAlive) => {
  it.each([false, true])("renews a token across requests, with a store: %j", async (store) => {
    const one = worker({ keepsAlive, store })
    expect(
      await timed(
        one,
        one.request(() => readValue(one)),
      ),
    ).toMatchObject({ answer: "token-1" })
    await one.clock.advance(11 * SECOND)
    const first = await timed(
      one,
      one.request(() => readValue(one)),
    )
    // Only the first request past the soft expiry waits for the renewal.
    expect(first.answer).toBe(keepsAlive ? "token-1" : "token-2")
    expect(first.ms < IAM_MS).toBe(keepsAlive)
    await one.clock.advance(SECOND)
    expect(
      await timed(
        one,
        one.request(() => readValue(one)),
      ),
    ).toEqual({ answer: "token-2", ms: 0 })
    expect(one.calls()).toBe(2)
  })

  it("does not make other requests wait while one renews", async () => {
    const one = worker({ keepsAlive })
    await one.clock.until(one.request(() => readValue(one)))
    await one.clock.advance(11 * SECOND)
    const first = one.request(() => readValue(one))
    expect(
      await timed(
        one,
        one.request(() => readValue(one)),
      ),
    ).toEqual({ answer: "token-1", ms: 0 })
    await one.clock.until(first)
    expect(one.calls()).toBe(2)
  })
})

describe("a request that ends before the token arrives", () => {
  it("does not fail the waiting requests, which start one new refresh", async () => {
    const one = worker({ keepsAlive: false })
    const left = one.request(async () => {
      void readValue(one)
      return "left"
    })
    const others = [1, 2, 3].map(() => one.request(() => readValue(one)))
    expect(await left).toBe("left")
    const { answer, ms } = await timed(one, Promise.all(others))
    expect(answer).toEqual(["token-2", "token-2", "token-2"])
    expect(ms).toBeLessThan(4 * SECOND)
    expect(one.calls()).toBe(2)
    expect(
      await timed(
        one,
        one.request(() => readValue(one)),
      ),
    ).toEqual({ answer: "token-2", ms: 0 })
  })

  it("does not make later requests wait", async () => {
    const one = worker({ keepsAlive: false })
    await one.request(async () => void readValue(one))
    await one.clock.advance(10 * SECOND)
    const { answer, ms } = await timed(
      one,
      one.request(() => readValue(one)),
    )
    expect(answer).toBe("token-2")
    expect(ms).toBeLessThanOrEqual(IAM_MS + 20)
  })

  it("leaves the renewal after a 401 to the next request", async () => {
    const one = worker({ keepsAlive: false })
    const refused = await one.clock.until(one.request(async () => one.cache.get(one.provider)))
    const replace = async (): Promise<string> => (await one.cache.get(one.provider, { rejected: refused })).value
    await one.request(async () => void replace())
    const { answer, ms } = await timed(one, one.request(replace))
    expect(answer).toBe("token-3")
    expect(ms).toBeLessThan(4 * SECOND)
  })

  it("keeps its renewal if waitUntil lets it end later", async () => {
    const one = worker({ keepsAlive: true })
    await one.request(async () => void readValue(one))
    expect(
      await timed(
        one,
        one.request(() => readValue(one)),
      ),
    ).toMatchObject({ answer: "token-1" })
    expect(one.calls()).toBe(1)
  })

  it("does not block others by a pending deletion in a store", async () => {
    const one = worker({ keepsAlive: false, store: true })
    await one.clock.until(one.request(() => readValue(one)))
    await one.request(async () => void one.cache.invalidate(one.provider))
    const { answer, ms } = await timed(
      one,
      one.request(() => readValue(one)),
    )
    expect(answer).toMatch(/^token-/)
    expect(ms).toBeLessThan(4 * SECOND)
  })
})

describe("a slow refresh", () => {
  it("is awaited by all callers while its request lives", async () => {
    const one = worker({ keepsAlive: false })
    const slow: TokenProvider = Object.assign(
      async () => {
        await one.clock.sleep(15 * SECOND)
        return one.provider()
      },
      { identityKey: "slow" },
    )
    const read = (): Promise<Token> => one.request(async () => one.cache.get(slow))
    const { answer } = await timed(one, Promise.all([read(), read()]))
    expect(answer.map(({ value }) => value)).toEqual(["token-1", "token-1"])
  })

  it("goes on when waitUntil throws, as outside of a request", async () => {
    const clock = fakeClock()
    const waitUntil = (): void => {
      throw new Error("no request")
    }
    const cache = new TokenCache({ clock, waitUntil })
    expect(await clock.until(cache.get(async () => tokenAt(clock, "token")))).toMatchObject({ value: "token" })
  })
})

it("a waitUntil that is no function is refused at construction", () => {
  expect(() => new TokenCache({ waitUntil: Promise.resolve() as never })).toThrow(
    expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
  )
})

it("a runtime without WeakRef is supported", async () => {
  vi.stubGlobal("WeakRef", undefined)
  const clock = fakeClock()
  const cache = new TokenCache({ clock })
  const provider: TokenProvider = Object.assign(async () => tokenAt(clock, "token"), { identityKey: "user" })
  expect(await cache.get(provider)).toMatchObject({ value: "token" })
  expect(await cache.refresh("user")).toMatchObject({ value: "token" })
  expect(await cache.get(async () => tokenAt(clock, "other"))).toMatchObject({ value: "other" })
})
