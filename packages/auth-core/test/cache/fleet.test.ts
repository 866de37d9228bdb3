import { type FakeClock, fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import {
  AuthError,
  type CacheEvent,
  type CacheStore,
  type Credentials,
  encryptedStore,
  type Lease,
  memoryStore,
  type Provider,
  type ProviderContext,
  type Token,
  TokenCache,
  type TokenCacheOptions,
} from "../../src/index.ts"
import { scriptedProvider, tokenAt } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

interface Process {
  readonly cache: TokenCache
  readonly provider: Provider<Token>
  readonly events: CacheEvent[]
}

/** Processes that share a store, each with a provider of the same identity; the test sees all calls. */
function fleet(
  clock: FakeClock,
  size: number,
  issue: (call: number, process: number, context: ProviderContext<Token> | undefined) => Promise<Token>,
  { store = memoryStore({ clock }), ...options }: TokenCacheOptions = {},
): { processes: Process[]; store: CacheStore; calls: number[] } {
  const calls: number[] = []
  const processes = Array.from({ length: size }, (_, index) => {
    const events: CacheEvent[] = []
    const provider = scriptedProvider<Token>("password-token/=alice", (_call, context) => {
      calls.push(index)
      return issue(calls.length, index, context)
    })
    return {
      cache: new TokenCache({ clock, store, onEvent: (event) => events.push(event), ...options }),
      provider,
      events,
    }
  })
  return { processes, store, calls }
}

const first = ({ processes }: { processes: Process[] }, index = 0): Process => {
  const process = processes[index]
  if (process === undefined) throw new Error("There is no such process.")
  return process
}
const read = async ({ cache, provider }: Process, rejected?: Token): Promise<Token> => cache.get(provider, { rejected })
const readAll = async (clock: FakeClock, processes: Process[]): Promise<string[]> =>
  (await clock.until(Promise.all(processes.map((process) => read(process))))).map((token) => token.value)

describe("a fleet that starts at the same moment", () => {
  it.each([
    ["in a plain store", (store: CacheStore) => store],
    [
      "in an encrypted store",
      (store: CacheStore) =>
        encryptedStore(store, { keys: [{ id: "k1", key: crypto.getRandomValues(new Uint8Array(32)) }] }),
    ],
    ["in a store that does not tell of changes", ({ watch: _watch, ...store }: CacheStore) => store],
  ])("makes one call, %s", async (_name, wrap) => {
    const clock = fakeClock()
    const { processes, calls } = fleet(
      clock,
      8,
      async (call) => {
        await clock.sleep(300)
        return tokenAt(clock, `token ${call}`)
      },
      { store: wrap(memoryStore({ clock })) },
    )
    const reads = processes.flatMap((process) => Array.from({ length: 1_000 }, () => read(process)))
    const values = await clock.until(Promise.all(reads))
    expect(new Set(values.map((token) => token.value))).toEqual(new Set(["token 1"]))
    expect(calls).toHaveLength(1)
  })

  it("takes over from a dead lease holder within the lease time, with one more call", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(
      clock,
      8,
      async (call) => {
        // The next holder takes its time too, and the others wait for it.
        await clock.sleep(call === 1 ? HOUR : 2 * SECOND)
        return tokenAt(clock, `token ${call}`)
      },
      { leaseMs: 5 * SECOND, refreshTimeoutMs: HOUR },
    )
    const dead = first({ processes })
    void read(dead)
    await clock.advance(100)
    expect(calls).toEqual([0])
    const startedAt = clock.monotonic()
    expect(new Set(await readAll(clock, processes.slice(1)))).toEqual(new Set(["token 2"]))
    expect(clock.monotonic() - startedAt).toBeLessThanOrEqual(7 * SECOND + 600)
    expect(calls).toHaveLength(2)
  })

  it("does not let a slow holder replace a newer value", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(
      clock,
      3,
      async (call) => {
        const token = tokenAt(clock, `token ${call}`)
        if (call === 1) await clock.sleep(10 * SECOND)
        return token
      },
      { leaseMs: 5 * SECOND },
    )
    const slow = read(first({ processes }))
    await clock.advance(100)
    expect(await readAll(clock, [first({ processes }, 1)])).toEqual(["token 2"])
    // It gets its value at once, and learns of the newer one when it writes.
    expect((await clock.until(slow)).value).toBe("token 1")
    await clock.advance(11 * SECOND)
    await readAll(clock, processes)
    await clock.advance(SECOND)
    expect(await readAll(clock, processes)).toEqual(["token 2", "token 2", "token 2"])
    expect(calls).toHaveLength(2)
  })

  it("uses a value past its soft expiry at once, and renews it in the background", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 2, async (call) => tokenAt(clock, `token ${call}`, HOUR))
    await clock.until(read(first({ processes })))
    await clock.advance(58 * MINUTE)
    const late = first({ processes }, 1)
    expect((await clock.until(read(late))).value).toBe("token 1")
    expect((await read(late)).value).toBe("token 1")
    await clock.advance(SECOND)
    expect((await read(late)).value).toBe("token 2")
    expect(calls).toEqual([0, 1])
  })
})

describe("24 hours of 50 processes with tokens of an hour", () => {
  it("make one call per refresh, within 10 % of one per lifetime, and callers wait only at the start", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 50, async (call) => tokenAt(clock, `token ${call}`, HOUR))
    await readAll(clock, processes)
    for (let at = 0; at < 24 * HOUR; at += 20 * SECOND) {
      for (const { cache, provider } of processes) {
        const token = cache.get(provider)
        if (token instanceof Promise) expect.fail(`somebody waits at ${at}`)
        else if (token.expiresAt <= clock.now()) expect.fail(`a dead token at ${at}`)
      }
      await clock.advance(20 * SECOND)
    }
    // The first call refreshes nothing.
    const refreshes = calls.length - 1
    expect(refreshes / 24).toBeGreaterThan(0.95)
    expect(refreshes / 24).toBeLessThan(1.1)
  }, 30_000)
})

describe("a value that a server refuses", () => {
  it("is replaced once for all processes", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 8, async (call) => tokenAt(clock, `token ${call}`))
    await readAll(clock, processes)
    const old = await read(first({ processes }))
    const renewals = processes.flatMap((process) => Array.from({ length: 25 }, () => read(process, old)))
    const values = await clock.until(Promise.all(renewals))
    expect(new Set(values.map((token) => token.value))).toEqual(new Set(["token 2"]))
    expect(calls).toHaveLength(2)
  })

  it("is replaced from the store for later refusals", async () => {
    const clock = fakeClock()
    const { watch: _watch, ...store } = memoryStore({ clock })
    const { processes, calls } = fleet(clock, 3, async (call) => tokenAt(clock, `token ${call}`), { store })
    await readAll(clock, processes)
    const old = await read(first({ processes }))
    await clock.until(read(first({ processes }), old))
    await clock.advance(HOUR)
    const late = first({ processes }, 2)
    expect(await read(late)).toEqual(old)
    expect((await clock.until(read(late, old))).value).toBe("token 2")
    expect(calls).toHaveLength(2)
  })

  it("is replaced everywhere at the next read, if the store reports changes", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 4, async (call) => tokenAt(clock, `token ${call}`))
    await readAll(clock, processes)
    await clock.until(read(first({ processes }), await read(first({ processes }))))
    await readAll(clock, processes)
    await clock.advance(SECOND)
    expect(await readAll(clock, processes)).toEqual(["token 2", "token 2", "token 2", "token 2"])
    expect(calls).toHaveLength(2)
  })

  it("does not stay in the store when IAM refuses the identity too", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 2, async (call) => {
      if (call > 1) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
      return tokenAt(clock, "first")
    })
    const [one, other] = [first({ processes }), first({ processes }, 1)]
    const old = await clock.until(read(one))
    await expect(clock.until(read(one, old))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    await expect(clock.until(read(other))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(calls).toEqual([0, 0])
  })

  it("does not come back from a store that could not delete it", async () => {
    const clock = fakeClock()
    const inner = memoryStore({ clock })
    let grantsLeases = true
    const take: CacheStore["take"] = async (key, question) => {
      if (question.lease !== undefined && !grantsLeases) throw new Error("NOPERM")
      return (await inner.take?.(key, question)) ?? { kind: "none", now: 0 }
    }
    const store = { ...inner, take }
    const answer = async (call: number): Promise<Token> => {
      if (call > 1) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
      return tokenAt(clock, "first")
    }
    const { processes, calls } = fleet(clock, 1, answer, { store })
    const one = first({ processes })
    const old = await clock.until(read(one))
    grantsLeases = false
    await expect(clock.until(read(one, old))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    await clock.advance(20 * SECOND)
    await expect(clock.until(read(one))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(calls).toHaveLength(2)
  })
})

describe("a refused identity", () => {
  it("is tried by the whole fleet as rarely as by one process", async () => {
    const clock = fakeClock()
    const tries: number[] = []
    const { processes } = fleet(
      clock,
      20,
      async () => {
        tries.push(clock.monotonic())
        throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.", { status: 401, errorCode: "IAM.0062" })
      },
      { random: () => 0 },
    )
    for (let at = 0; at < 3 * HOUR; at += 10 * SECOND) {
      const results = await clock.until(Promise.allSettled(processes.map((process) => read(process))))
      for (const result of results) {
        expect(result).toMatchObject({
          status: "rejected",
          reason: { code: "AUTH_CREDENTIALS_REJECTED", status: 401, errorCode: "IAM.0062" },
        })
      }
      await clock.advance(10 * SECOND)
    }
    const gaps = tries.slice(1).map((at, index) => Math.floor((at - (tries[index] ?? 0)) / MINUTE))
    expect(gaps).toEqual([1, 4, 16, 64, 64])
  })

  it("recovers everywhere as soon as one process has a value", async () => {
    const clock = fakeClock()
    let isWrong = true
    const { processes, calls } = fleet(clock, 5, async () => {
      if (isWrong) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
      return tokenAt(clock, "good")
    })
    await clock.until(Promise.allSettled(processes.map((process) => read(process))))
    expect(calls).toHaveLength(1)
    isWrong = false
    const lucky = first({ processes })
    await clock.until(lucky.cache.resetBackoff(lucky.provider))
    expect(await readAll(clock, [lucky])).toEqual(["good"])
    expect(await readAll(clock, processes)).toEqual(Array.from({ length: 5 }, () => "good"))
    expect(calls).toHaveLength(2)
  })

  it("recovers everywhere within seconds, if the store does not report changes", async () => {
    const clock = fakeClock()
    const { watch: _watch, ...store } = memoryStore({ clock })
    let isWrong = true
    const { processes, calls } = fleet(
      clock,
      3,
      async () => {
        if (isWrong) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
        return tokenAt(clock, "good")
      },
      { store },
    )
    await clock.until(Promise.allSettled(processes.map((process) => read(process))))
    isWrong = false
    const lucky = first({ processes })
    await clock.until(lucky.cache.resetBackoff())
    expect(await readAll(clock, [lucky])).toEqual(["good"])
    await clock.advance(5 * SECOND)
    expect(await readAll(clock, processes)).toEqual(["good", "good", "good"])
    expect(calls).toHaveLength(2)
  })
})

describe("a value that is forgotten on request", () => {
  it("is forgotten in the store and in other processes", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 3, async (call) => tokenAt(clock, `token ${call}`))
    await readAll(clock, processes)
    const [one, other] = [first({ processes }), first({ processes }, 1)]
    await clock.until(one.cache.invalidate(one.provider))
    expect((await clock.until(read(other))).value).toBe("token 2")
    expect(await readAll(clock, processes)).toEqual(["token 2", "token 2", "token 2"])
    expect(other.events).toContainEqual({ type: "invalidated", identity: "password-token/=alice", reason: "deleted" })
    expect(calls).toEqual([expect.any(Number), 1])
  })

  it("does not come back to a concurrent read", async () => {
    const clock = fakeClock()
    const { processes } = fleet(clock, 1, async (call) => tokenAt(clock, `token ${call}`))
    const one = first({ processes })
    await clock.until(read(one))
    const [token] = await clock.until(
      Promise.all([read(one), one.cache.invalidate("password-token/=alice"), read(one)]),
    )
    expect(token.value).toBe("token 1")
    expect((await read(one)).value).toBe("token 2")
  })

  it("stays in the store when only memory is cleared", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 1, async (call) => tokenAt(clock, `token ${call}`))
    const one = first({ processes })
    await clock.until(read(one))
    one.cache.clear()
    expect((await clock.until(read(one))).value).toBe("token 1")
    expect(calls).toHaveLength(1)
  })

  it("is renewed for all processes by a refresh", async () => {
    const clock = fakeClock()
    const { processes, calls } = fleet(clock, 2, async (call) => tokenAt(clock, `token ${call}`))
    await readAll(clock, processes)
    const [one, other] = [first({ processes }), first({ processes }, 1)]
    await clock.advance(SECOND)
    expect((await clock.until(one.cache.refresh(one.provider))).value).toBe("token 2")
    // Not all processes of a fleet look into the store at once.
    await clock.advance(10 * SECOND)
    await read(other)
    await clock.advance(SECOND)
    expect((await read(other)).value).toBe("token 2")
    expect(calls).toHaveLength(2)
  })
})

describe("the store", () => {
  const contentsOf = async (
    work: (store: CacheStore, clock: FakeClock) => Promise<void>,
  ): Promise<Map<string, string>> => {
    const clock = fakeClock()
    const inner = memoryStore({ clock })
    const seen = new Map<string, string>()
    const recording: CacheStore = {
      ...inner,
      async take(key, question) {
        const taken = await inner.take(key, question)
        if (taken.kind !== "lease") return taken
        const { lease } = taken
        const set: Lease["set"] = (text, ...rest) => {
          seen.set(key, text)
          return lease.set(text, ...rest)
        }
        const setFailure: Lease["setFailure"] = (text, ...rest) => {
          seen.set(key, text)
          return lease.setFailure(text, ...rest)
        }
        return { ...taken, lease: { ...lease, set, setFailure } }
      },
    }
    await work(recording, clock)
    return seen
  }

  it("has keys without names", async () => {
    const contents = await contentsOf(async (store, clock) => {
      const { processes } = fleet(clock, 1, async () => tokenAt(clock, "token"), { store })
      await clock.until(read(first({ processes })))
    })
    expect([...contents.keys()]).toEqual([expect.stringMatching(/^v2\.[0-9a-f]{64}$/)])
  })

  it("has the documented format", async () => {
    const contents = await contentsOf(async (store, clock) => {
      const { processes } = fleet(clock, 1, async () => tokenAt(clock, "token", HOUR), { store, random: () => 0 })
      await clock.until(read(first({ processes })))
    })
    expect([...contents.values()].map((text) => JSON.parse(text))).toEqual([
      {
        v: 2,
        softMs: 54 * MINUTE,
        endMs: HOUR,
        value: { value: "token", issuedAt: expect.any(Number), expiresAt: expect.any(Number) },
      },
    ])
  })

  it("does not hold the cause of a failure", async () => {
    const contents = await contentsOf(async (store, clock) => {
      const cause = new Error("the password was hunter2")
      const { processes } = fleet(
        clock,
        1,
        async () => {
          throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.", { status: 401, cause })
        },
        { store, random: () => 0 },
      )
      await expect(clock.until(read(first({ processes })))).rejects.toThrow()
    })
    expect([...contents.keys()]).toEqual([expect.stringMatching(/^v2\.[0-9a-f]{64}$/)])
    expect([...contents.values()].map((text) => JSON.parse(text))).toEqual([
      {
        v: 2,
        counts: { rejected: 1, unavailable: 0 },
        error: { code: "AUTH_CREDENTIALS_REJECTED", message: "Wrong password.", status: 401 },
      },
    ])
  })

  it("holds no keys without an end, and no identities without a key", async () => {
    const contents = await contentsOf(async (store, clock) => {
      const cache = new TokenCache({ store, clock })
      const permanent = scriptedProvider<Credentials>("static", async () => ({
        accessKeyId: "AK",
        secretAccessKey: "SK",
      }))
      const local = scriptedProvider<Token>(undefined, async () => tokenAt(clock, "token"))
      await clock.until(Promise.all([cache.get(permanent), cache.get(local)]))
    })
    expect(contents.size).toBe(0)
  })
})

describe("hosts whose clocks differ", () => {
  const withSkew = (clock: FakeClock, skewMs: number): FakeClock => ({ ...clock, now: () => clock.now() + skewMs })

  it.each([
    ["ahead", 20 * MINUTE],
    ["behind", -20 * MINUTE],
  ])("by 20 minutes still share keys of 15 minutes: reader %s", async (_name, skewMs) => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const calls: string[] = []
    const process = (name: string, own: FakeClock) => ({
      cache: new TokenCache({ store, clock: own, random: () => 0 }),
      provider: scriptedProvider<Token>("shared", async () => {
        calls.push(name)
        return tokenAt(clock, `token ${calls.length}`, 15 * MINUTE)
      }),
    })
    const writer = process("writer", clock)
    const reader = process("reader", withSkew(clock, skewMs))
    expect((await clock.until(writer.cache.get(writer.provider))).value).toBe("token 1")
    expect((await clock.until(reader.cache.get(reader.provider))).value).toBe("token 1")
    for (let at = 0; at < 10 * MINUTE; at += 10 * SECOND) {
      expect((await clock.until(reader.cache.get(reader.provider))).value).toBe("token 1")
      await clock.advance(10 * SECOND)
    }
    expect(calls).toEqual(["writer"])
  })
})
