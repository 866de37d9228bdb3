import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import {
  AuthError,
  type CacheEvent,
  type CacheStore,
  type Credentials,
  encryptedStore,
  type Lease,
  memoryStore,
  type StoreNotice,
  type Token,
  TokenCache,
} from "../../src/index.ts"
import { type ScriptedProvider, scriptedProvider, tokenAt } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

type Fault = "none" | "fails" | "hangs" | "throws"

interface FaultyStore extends CacheStore {
  fault: Fault
  /** The operations that reached it. */
  operations: string[]
}

/** A store that can be broken, as a whole or for some operations. */
function faultyStore(clock: FakeClock, broken: (operation: string) => boolean = () => true): FaultyStore {
  const inner = memoryStore({ clock })
  const through = <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    store.operations.push(operation)
    if (store.fault === "none" || !broken(operation)) return work()
    if (store.fault === "hangs") return new Promise(() => undefined)
    const error = Object.assign(new Error("SET v1.key MIIsecret"), {
      code: "ECONNREFUSED",
      command: { args: ["MIIsecret"] },
    })
    if (store.fault === "throws") throw error
    return Promise.reject(error)
  }
  const store: FaultyStore = {
    fault: "none",
    operations: [],
    get: (key) => through("get", () => inner.get(key)),
    set: (key, value, ttlMs) => through("set", () => inner.set(key, value, ttlMs)),
    delete: (key) => through("delete", () => inner.delete(key)),
    take: (key, question) =>
      through("take", async () => {
        const taken = await inner.take(key, question)
        if (taken.kind !== "lease") return taken
        const { lease } = taken
        return {
          ...taken,
          lease: {
            version: lease.version,
            set: (...args: Parameters<Lease["set"]>) => through("set", () => lease.set(...args)),
            setFailure: (...args: Parameters<Lease["setFailure"]>) => through("set", () => lease.setFailure(...args)),
            release: () => through("release", () => lease.release()),
          },
        }
      }),
  }
  return store
}

interface Process {
  readonly cache: TokenCache
  readonly provider: ScriptedProvider<Token>
  readonly events: CacheEvent[]
}

function process(clock: FakeClock, store: CacheStore, lifetimeMs = HOUR, key = "user"): Process {
  const events: CacheEvent[] = []
  const provider = scriptedProvider<Token>(key, async (call) => tokenAt(clock, `${key} ${call}`, lifetimeMs))
  return { cache: new TokenCache({ clock, store, onEvent: (event) => events.push(event) }), provider, events }
}

const storeFailures = ({ events }: Process) => events.filter((event) => event.type === "store-failed")

describe.each<Fault>(["fails", "hangs", "throws"])("a store that %s", (fault) => {
  it("delays one request by two time limits at most, and later ones not at all", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const one = process(clock, store)
    const other = { ...one, provider: process(clock, store, HOUR, "other").provider }
    await clock.until(one.cache.get(scriptedProvider("warm up", async () => tokenAt(clock, "warm"))))
    store.fault = fault
    store.operations.length = 0
    const startedAt = clock.monotonic()
    expect((await clock.until(one.cache.get(one.provider))).value).toBe("user 1")
    const tookMs = clock.monotonic() - startedAt
    // It is tried a second time.
    expect(tookMs).toBeLessThanOrEqual(fault === "hangs" ? 1_000 : 250)
    expect((await clock.until(one.cache.get(other.provider))).value).toBe("other 1")
    expect(clock.monotonic() - startedAt).toBe(tookMs)
    expect(store.operations).toEqual(["take", "take"])
    expect(storeFailures(one)).toEqual([
      {
        type: "store-failed",
        operation: "take",
        durationMs: fault === "hangs" ? 500 : 0,
        reason: fault === "hangs" ? "timeout" : "Error ECONNREFUSED",
        pausedMs: SECOND,
      },
    ])
  })

  it.each(["take", "set"])("that fails only at %s fails no request, and causes no second call", async (operation) => {
    const clock = fakeClock()
    const store = faultyStore(clock, (name) => name === operation)
    store.fault = fault
    const one = process(clock, store)
    expect((await clock.until(one.cache.get(one.provider))).value).toBe("user 1")
    await clock.until(one.cache.close())
    expect(one.provider.calls).toHaveLength(1)
    expect(storeFailures(one)).toContainEqual(expect.objectContaining({ operation }))
  })

  it("that fails only at release fails no request", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock, (name) => name === "release")
    store.fault = fault
    const one = process(clock, store)
    const permanent = scriptedProvider<Credentials>("static", async () => ({
      accessKeyId: "AK",
      secretAccessKey: "SK",
    }))
    expect(await clock.until(one.cache.get(permanent))).toMatchObject({ accessKeyId: "AK" })
    await clock.until(one.cache.close())
    expect(storeFailures(one)).toMatchObject([{ operation: "release" }])
  })

  it("is left within a second by close(), though the last value was not written", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock, (name) => name !== "take")
    store.fault = fault
    const one = process(clock, store)
    await clock.until(one.cache.get(one.provider))
    const closedAt = clock.monotonic()
    await clock.until(one.cache.close())
    expect(clock.monotonic() - closedAt).toBeLessThanOrEqual(SECOND)
    expect(store.operations).toContain("set")
    const tried = store.operations.length
    await clock.advance(MINUTE)
    expect(store.operations).toHaveLength(tried)
  })

  it("is written to again for as long as others wait for the lease", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock, (name) => name !== "take")
    store.fault = fault
    const one = process(clock, store)
    await clock.until(one.cache.get(one.provider))
    await clock.until(clock.sleep(8 * SECOND))
    store.fault = "none"
    await clock.until(clock.sleep(8 * SECOND))
    const next = process(clock, store)
    await clock.until(next.cache.get(next.provider))
    expect(next.provider.calls).toEqual([])
  })

  it("is tried by one operation, for which the others wait", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const writer = process(clock, store)
    const one = process(clock, store)
    const providers = ["first", "second", "third"].map((key) => process(clock, store, HOUR, key).provider)
    for (const provider of providers) await clock.until(writer.cache.get(provider))
    store.fault = fault
    await clock.until(one.cache.get(one.provider))
    store.fault = "none"
    await clock.advance(2 * SECOND)
    await clock.until(Promise.all(providers.map(async (provider) => one.cache.get(provider))))
    expect(providers.map(({ calls }) => calls.length)).toEqual([1, 1, 1])
  })

  it("is tried at growing intervals, and used again after it recovers", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const one = process(clock, store, 4 * SECOND)
    await clock.until(one.cache.get(one.provider))
    store.fault = fault
    store.operations.length = 0
    for (let at = 0; at < 5 * MINUTE; at += SECOND) {
      await clock.until(one.cache.get(one.provider))
      await clock.advance(SECOND)
    }
    const pauses = storeFailures(one).map(({ pausedMs }) => pausedMs / SECOND)
    expect(pauses.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 30])
    expect(pauses.length).toBeLessThan(16)

    store.fault = "none"
    await clock.advance(31 * SECOND)
    await clock.until(one.cache.get(one.provider))
    const reader = process(clock, store, 4 * SECOND)
    const shared = await clock.until(one.cache.get(one.provider))
    expect(await clock.until(reader.cache.get(reader.provider))).toEqual(shared)
    expect(reader.provider.calls).toHaveLength(0)
  })

  it("causes at most three calls per process under load, and no failure", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const processes = Array.from({ length: 4 }, () => process(clock, store, MINUTE))
    await clock.until(Promise.all(processes.map(({ cache, provider }) => cache.get(provider))))
    await clock.advance(40 * SECOND)
    store.fault = fault
    for (let at = 0; at < 30 * SECOND; at += 100) {
      const reads = processes.flatMap(({ cache, provider }) =>
        Array.from({ length: 50 }, async () => cache.get(provider)),
      )
      for (const token of await Promise.all(reads)) expect(token.expiresAt).toBeGreaterThan(clock.now())
      await clock.advance(100)
    }
    for (const { provider } of processes) expect(provider.calls.length).toBeLessThan(3)
  })

  it("does not let a refused identity be tried before its time", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const cache = new TokenCache({ clock, store, random: () => 0 })
    const tries: number[] = []
    const provider = scriptedProvider<Token>("user", async () => {
      tries.push(clock.monotonic())
      throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
    })
    const readFor = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 5 * SECOND) {
        await expect(clock.until(cache.get(provider))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
        await clock.advance(5 * SECOND)
      }
    }
    await readFor(3 * MINUTE)
    store.fault = fault
    await readFor(20 * MINUTE)
    store.fault = "none"
    await readFor(80 * MINUTE)
    const gaps = tries.slice(1).map((at, index) => Math.floor((at - (tries[index] ?? 0)) / MINUTE))
    expect(gaps).toEqual([1, 4, 16, 64])
  })

  it("does not let it forget how often an identity was refused", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    const cache = new TokenCache({ clock, store, random: () => 0 })
    const provider = scriptedProvider<Token>("user", async () => {
      throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
    })
    const waits: unknown[] = []
    for (const state of ["none", fault, "none"] as const) {
      store.fault = state
      const error: unknown = await clock.until(Promise.resolve(cache.get(provider)).catch((reason: unknown) => reason))
      if (error instanceof AuthError) waits.push((error.retryAfterMs ?? 0) / MINUTE)
      await clock.advance(5 * MINUTE)
    }
    expect(waits).toEqual([1, 4, 16])
  })
})

describe("a store that stands still for a moment", () => {
  const refused = async (): Promise<Token> => {
    throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Incorrect password.", { status: 401, errorCode: "IAM.0062" })
  }

  it.each<[string, (clock: FakeClock) => Promise<Token>, unknown]>([
    ["gets one token", async (clock) => tokenAt(clock, "token"), "token"],
    ["tries a wrong password once", refused, "AUTH_CREDENTIALS_REJECTED"],
  ])("does not make each process of a fleet call IAM: it %s", async (_name, issue, outcome) => {
    const clock = fakeClock()
    const inner = memoryStore({ clock })
    const later = async <R>(work: () => Promise<R>): Promise<R> => {
      if (clock.monotonic() < 600) await clock.sleep(600 - clock.monotonic())
      return work()
    }
    const store: CacheStore = {
      get: (key) => later(async () => inner.get(key)),
      set: (key, value, ttlMs) => later(async () => inner.set(key, value, ttlMs)),
      delete: (key) => later(async () => inner.delete(key)),
      take: (key, question) => later(async () => inner.take(key, question)),
    }
    const provider = scriptedProvider<Token>("user", () => issue(clock))
    const fleet = Array.from({ length: 10 }, () => new TokenCache({ clock, store }))
    const read = async (cache: TokenCache): Promise<unknown> => {
      try {
        return (await cache.get(provider)).value
      } catch (error) {
        return (error as AuthError).code
      }
    }
    const outcomes = await clock.until(Promise.all(fleet.map(read)))
    expect(new Set(outcomes)).toEqual(new Set([outcome]))
    expect(provider.calls).toHaveLength(1)
  })
})

describe("a store", () => {
  it("whose lease never ends delays a request by two lease times at most", async () => {
    const clock = fakeClock()
    const askedAt: number[] = []
    const store: CacheStore = {
      ...memoryStore({ clock }),
      take: async () => {
        askedAt.push(clock.monotonic())
        return { kind: "held", now: clock.monotonic(), until: clock.monotonic() + HOUR }
      },
    }
    const provider = scriptedProvider<Token>("user", () => tokenAt(clock, `at ${clock.monotonic()}`))
    const { value } = await clock.until(new TokenCache({ clock, store }).get(provider))
    expect(askedAt.length).toBeGreaterThan(10)
    expect(value).toBe(`at ${Number(askedAt[0]) + 30 * SECOND}`)
  })

  it.each([
    ["in itself", (store: CacheStore) => store],
    [
      "behind encryption",
      (store: CacheStore) => encryptedStore(store, { keys: [{ id: "a", key: new Uint8Array(32) }] }),
    ],
    ["without leases", ({ take: _take, ...plain }: CacheStore) => plain],
  ])("that hears no changes is reported, %s", async (_name, wrapped) => {
    const clock = fakeClock()
    const inner = memoryStore({ clock })
    const events: CacheEvent[] = []
    const watch: CacheStore["watch"] = (listener, onUnheard) => {
      onUnheard?.("ECONNREFUSED")
      return inner.watch(listener)
    }
    const cache = new TokenCache({ store: wrapped({ ...inner, watch }), clock, onEvent: (event) => events.push(event) })
    await cache.close()
    expect(events).toEqual([{ type: "store-unheard", reason: "ECONNREFUSED" }])
  })

  it("without watch is still used", async () => {
    const clock = fakeClock()
    const store: CacheStore = {
      ...memoryStore({ clock }),
      watch: () => {
        throw new TypeError("not now")
      },
    }
    const one = process(clock, store)
    expect((await clock.until(one.cache.get(one.provider))).value).toBe("user 1")
    expect(storeFailures(one)).toMatchObject([{ operation: "watch", reason: "TypeError" }])
    const reader = process(clock, store)
    expect((await clock.until(reader.cache.get(reader.provider))).value).toBe("user 1")
  })

  it("whose answers get lost gets the value under the lease that it had granted", async () => {
    const clock = fakeClock()
    const inner = memoryStore({ clock })
    let isLosing = true
    const store: CacheStore = {
      ...inner,
      async take(key, question) {
        const taken = await inner.take(key, question)
        if (isLosing) throw new Error("Socket closed unexpectedly")
        return taken
      },
    }
    const [one, two] = [process(clock, store), process(clock, store)]
    expect(await clock.until(one.cache.get(one.provider))).toMatchObject({ value: "user 1" })
    isLosing = false
    await clock.advance(2 * SECOND)
    // The store is seen to work again.
    await clock.until(one.cache.get(scriptedProvider("other", async () => tokenAt(clock, "other"))))
    const askedAt = clock.monotonic()
    expect(await clock.until(two.cache.get(two.provider))).toMatchObject({ value: "user 1" })
    expect(clock.monotonic() - askedAt).toBeLessThan(SECOND)
    expect(two.provider.calls).toEqual([])
  })

  it("whose notice overtakes its answer is asked once more, and not without end", async () => {
    const clock = fakeClock()
    let takes = 0
    let tell: (notice: StoreNotice) => void = () => undefined
    const store: CacheStore = {
      ...memoryStore({ clock }),
      take: async (key) => {
        takes += 1
        if (takes === 1) tell({ key, change: "released" })
        return { kind: "held", now: clock.now(), until: clock.now() + 5 * SECOND }
      },
      watch(listener) {
        tell = listener
        return {
          follow: () => undefined,
          unfollow: () => undefined,
          isHearing: () => true,
          end: () => undefined,
        }
      },
    }
    const { cache, provider } = process(clock, store)
    const value = cache.get(provider)
    await clock.advance(SECOND)
    expect(takes).toBe(2)
    expect(await clock.until(value)).toMatchObject({ value: "user 1" })
  })

  it("is no longer watched after the cache is closed", async () => {
    const clock = fakeClock()
    let listeners = 0
    const store: CacheStore = {
      ...memoryStore({ clock }),
      watch: () => {
        listeners += 1
        return {
          follow: () => undefined,
          unfollow: () => undefined,
          isHearing: () => false,
          end() {
            listeners -= 1
          },
        }
      },
    }
    const { cache, provider } = process(clock, store)
    await clock.until(cache.get(provider))
    expect(listeners).toBe(1)
    await cache.close()
    expect(listeners).toBe(0)
  })

  it.each([
    ["null", null],
    ["an empty object", {}],
    ["something that cannot delete", { get: () => undefined, set: () => undefined }],
  ])("is not %s", (_name, store) => {
    expect(() => new TokenCache({ store: store as never })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })
})

describe("garbage in the store", () => {
  /** A plain store that holds garbage. */
  const plain = (clock: FakeClock, garbage: unknown, whereFailuresAre: boolean): CacheStore => {
    const { get, set, delete: remove } = memoryStore({ clock })
    return {
      set,
      delete: remove,
      get: async (key) => {
        const own = await get(key)
        return own ?? (key.endsWith(".failure") === whereFailuresAre ? (garbage as string) : undefined)
      },
    }
  }

  /** A coordinated store that holds garbage. */
  const coordinated = (clock: FakeClock, garbage: unknown, whereFailuresAre: boolean): CacheStore => {
    const inner = memoryStore({ clock })
    return {
      ...inner,
      take: async (key, question) => {
        const { now } = await inner.take(key, {})
        const stored = { now, text: garbage as string, version: "7" }
        if (whereFailuresAre && question.failure === undefined) {
          return { kind: "failure", ...stored, waitsUntil: now + HOUR }
        }
        if (!whereFailuresAre && question.unwanted !== "7") return { kind: "value", ...stored, endsAt: now + HOUR }
        return await inner.take(key, question)
      },
    }
  }

  const readOver = async (garbage: unknown, whereFailuresAre = false, make = plain): Promise<Process> => {
    const clock = fakeClock()
    const one = process(clock, make(clock, garbage, whereFailuresAre))
    expect((await clock.until(one.cache.get(one.provider))).value).toBe("user 1")
    return one
  }

  it.each([
    "",
    "null",
    "[]",
    "{}",
    "not json",
    '{"v":3,"softMs":1,"endMs":1e15,"value":{"value":"from the future"}}',
    '{"v":1,"at":0,"softMs":1,"endMs":1e15,"value":{"value":"from the past"}}',
    '{"v":2,"softMs":"now","endMs":1e15,"value":{"value":"x"}}',
    '{"v":2,"softMs":1,"endMs":1e15}',
    '{"v":2,"softMs":1,"endMs":1e15,"value":null}',
    '{"v":2,"softMs":1,"endMs":1e15,"value":"text"}',
    '{"v":2,"softMs":1,"endMs":1e15,"value":{"value":""}}',
    '{"v":2,"softMs":1,"endMs":1e15,"value":{"accessKeyId":"AK"}}',
    '{"v":2,"softMs":null,"endMs":1e999,"value":{}}',
    '{"v":2,"counts":{},"error":{"code":"AUTH_THROTTLED","message":"x"}}',
    '{"v":2,"counts":{"rejected":1,"unavailable":0},"error":{}}',
  ])("counts as absent, and is reported once: %j", async (garbage) => {
    const inTime = `1.a ${Date.UTC(2026, 0, 1)} ${HOUR} ${garbage}`
    for (const whereFailuresAre of [false, true]) {
      for (const { cache, provider, events } of [
        await readOver(garbage, whereFailuresAre),
        await readOver(inTime, whereFailuresAre),
        await readOver(garbage, whereFailuresAre, coordinated),
      ]) {
        const unreadable = { type: "store-unreadable", identity: "user" }
        cache.clear()
        await Promise.resolve(cache.get(provider)).catch(() => undefined)
        expect(events.filter(({ type }) => type === "store-unreadable")).toEqual([unreadable])
      }
    }
  })

  it("is told by one warning for each store, however many caches and identities use it", async () => {
    const warnings = vi.spyOn(globalThis.process, "emitWarning").mockImplementation(() => undefined)
    onTestFinished(() => warnings.mockRestore())
    const clock = fakeClock()
    for (const store of [plain(clock, "garbage", false), plain(clock, "garbage", false)]) {
      warnings.mockClear()
      for (const key of ["one", "two"]) {
        const { cache, provider } = process(clock, store, HOUR, key)
        expect((await clock.until(cache.get(provider))).value).toBe(`${key} 1`)
        await clock.until(cache.close())
      }
      expect(warnings.mock.calls).toEqual([
        [expect.stringContaining("Give all processes the same encryption keys"), { code: "COUNTERSIGN_UNREADABLE" }],
      ])
    }
  })

  it.each([[null], [{ value: 1 }], [Buffer.from("{}")], [42]])(
    "may also be another type than text: %j",
    async (garbage) => {
      await readOver(garbage)
      await readOver(garbage, true)
    },
  )

  it("never fails a request", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.json(), fc.string({ unit: "binary" })),
        fc.boolean(),
        fc.constantFrom(plain, coordinated),
        async (garbage, isFailure, make) => {
          await readOver(garbage, isFailure, make)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe("the event about a broken store", () => {
  it("holds nothing from the errors of the store's client", async () => {
    const clock = fakeClock()
    const store = faultyStore(clock)
    store.fault = "fails"
    const one = process(clock, store)
    await clock.until(one.cache.get(one.provider))
    expect(storeFailures(one)).toHaveLength(1)
    expect(JSON.stringify(one.events)).not.toContain("MII")
  })
})
