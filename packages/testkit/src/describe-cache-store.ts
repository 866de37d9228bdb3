import { setTimeout as delay } from "node:timers/promises"
import type { CacheStore, Lease } from "@countersign/auth-core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

export interface CacheStoreSuiteOptions {
  /** Lets time pass for the store. @default real time */
  wait?: ((ms: number) => Promise<void>) | undefined
  /** The same store as another process sees it. @default the store itself */
  peerOf?: ((store: CacheStore) => CacheStore | Promise<CacheStore>) | undefined
  /** Ends a store, and its peers, after a test. */
  dispose?: ((store: CacheStore) => void | Promise<void>) | undefined
}

/** The lifetime of a value that is to expire. */
const SPAN_MS = 150
/** A slow machine may miss a value before it ends, so the test is repeated with longer spans. */
const LONGER_SPANS_MS = [SPAN_MS, 1_000, 6_000]

/** The contract of every {@link CacheStore}, and of leases and watching if it has them. */
export function describeCacheStore(
  name: string,
  makeStore: () => CacheStore | Promise<CacheStore>,
  { wait = delay, peerOf = (store) => store, dispose = () => undefined }: CacheStoreSuiteOptions = {},
): void {
  describe(`${name} as a cache store`, () => {
    let store: CacheStore
    let peer: CacheStore
    let key: string

    beforeEach(async () => {
      store = await makeStore()
      peer = await peerOf(store)
      key = `v1.${crypto.randomUUID()}`
    })

    afterEach(async () => {
      await dispose(store)
    })

    const lease = async (of: CacheStore, ttlMs = 60_000, leased = key): Promise<Lease | undefined> =>
      of.acquireLease?.(leased, ttlMs)

    const mustLease = async (of: CacheStore, ttlMs?: number): Promise<Lease> => {
      const got = await lease(of, ttlMs)
      if (got === undefined) throw new Error("The lease is taken.")
      return got
    }

    const beforeItEnds = async (check: (spanMs: number) => Promise<void>): Promise<void> => {
      for (const spanMs of LONGER_SPANS_MS) {
        try {
          await check(spanMs)
          return
        } catch (error) {
          if (spanMs === LONGER_SPANS_MS.at(-1)) throw error
          key = `v1.${crypto.randomUUID()}`
        }
      }
    }

    describe("values", () => {
      it("are absent until they are set", async () => {
        expect(await store.get(key)).toBeUndefined()
      })

      it.each([
        ["a token of 16 kB", "MII".repeat(5_461)],
        ["JSON", JSON.stringify({ v: 1, value: { value: 'quote " backslash \\ slash /' } })],
        ["text beyond ASCII", "密钥 Schlüssel 🗝 \u0000 \r\n"],
        ["an empty text", ""],
      ])("come back as they were set: %s", async (_kind, value) => {
        await store.set(key, value, 60_000)
        expect(await peer.get(key)).toBe(value)
      })

      it("are replaced by later values", async () => {
        await store.set(key, "old", 60_000)
        await peer.set(key, "new", 60_000)
        expect(await store.get(key)).toBe("new")
      })

      it("end when they are deleted, and others stay", async () => {
        await store.set(key, "mine", 60_000)
        await store.set(`${key}.failure`, "other", 60_000)
        await peer.delete(key)
        expect(await store.get(key)).toBeUndefined()
        expect(await store.get(`${key}.failure`)).toBe("other")
      })

      it("may be deleted when they are absent", async () => {
        await store.delete(key)
        expect(await store.get(key)).toBeUndefined()
      })

      it("end when their time is over, not before", async () => {
        await beforeItEnds(async (spanMs) => {
          await store.set(key, "short", spanMs)
          await store.set(`${key}.long`, "long", 60_000)
          expect(await store.get(key)).toBe("short")
          await wait(spanMs + 20)
          expect(await store.get(key)).toBeUndefined()
          expect(await store.get(`${key}.long`)).toBe("long")
        })
      })

      it("live as long as the last set says", async () => {
        await store.set(key, "first", SPAN_MS)
        await store.set(key, "second", 60_000)
        await wait(SPAN_MS + 20)
        expect(await store.get(key)).toBe("second")
      })
    })

    describe("leases, if the store has them,", () => {
      it("are held by one of many concurrent callers", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const asked = Array.from({ length: 50 }, async (_, index) => lease(index % 2 === 0 ? store : peer))
        expect((await Promise.all(asked)).filter((got) => got !== undefined)).toHaveLength(1)
      })

      it("are free again once released", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const mine = await mustLease(store)
        expect(await lease(peer)).toBeUndefined()
        await mine.release()
        expect(await lease(peer)).toBeDefined()
      })

      it("are free again when their time is over, as after the death of the holder", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        await beforeItEnds(async (spanMs) => {
          await mustLease(store, spanMs)
          expect(await lease(peer)).toBeUndefined()
          await wait(spanMs + 20)
          expect(await lease(peer)).toBeDefined()
        })
      })

      it("of two keys are independent", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        await mustLease(store)
        expect(await lease(peer, 60_000, `${key}.other`)).toBeDefined()
      })

      it("set the value of their key", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        await beforeItEnds(async (spanMs) => {
          const mine = await mustLease(store)
          expect(await mine.set("value", spanMs)).toBe(true)
          expect(await peer.get(key)).toBe("value")
          await wait(spanMs + 20)
          expect(await peer.get(key)).toBeUndefined()
        })
      })

      it("do not block reads", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        await store.set(key, "value", 60_000)
        await mustLease(store)
        expect(await peer.get(key)).toBe("value")
      })

      it("let a slow holder set the value if there is no newer one", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const slow = await mustLease(store, SPAN_MS)
        await wait(SPAN_MS + 20)
        await mustLease(peer)
        expect(await slow.set("late", 60_000)).toBe(true)
        expect(await peer.get(key)).toBe("late")
      })

      it("keep a slow holder from overwriting the value of a later holder", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const slow = await mustLease(store, SPAN_MS)
        await wait(SPAN_MS + 20)
        const later = await mustLease(peer)
        expect(await later.set("newer", 60_000)).toBe(true)
        await later.release()
        expect(await slow.set("older", 60_000)).toBe(false)
        expect(await store.get(key)).toBe("newer")
      })

      it("keep a slow holder out even after the newer value was deleted", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const slow = await mustLease(store, SPAN_MS)
        await wait(SPAN_MS + 20)
        const later = await mustLease(peer)
        await later.set("newer", 60_000)
        await peer.delete(key)
        expect(await slow.set("older", 60_000)).toBe(false)
        expect(await store.get(key)).toBeUndefined()
      })

      it("are not released by a holder whose time was over", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        const slow = await mustLease(store, SPAN_MS)
        await wait(SPAN_MS + 20)
        await mustLease(peer)
        await slow.release()
        expect(await lease(store)).toBeUndefined()
      })

      it("let each holder in turn set the value", async ({ skip }) => {
        if (store.acquireLease === undefined) skip()
        for (const value of ["1", "2", "3"]) {
          const holder = await mustLease(value === "2" ? peer : store)
          expect(await holder.set(value, 60_000)).toBe(true)
          await holder.release()
          expect(await store.get(key)).toBe(value)
        }
      })
    })

    describe("watch, if the store has it,", () => {
      it("reports the changes of others until it ends", async ({ skip }) => {
        if (store.watch === undefined) skip()
        const seen: string[] = []
        const stop = store.watch?.((changed, change) => {
          if (changed.startsWith(key)) seen.push(`${change} ${changed}`)
        })
        // A listener may need a moment before it hears.
        await expect
          .poll(async () => {
            await peer.set(`${key}.first`, "value", 60_000)
            return seen.includes(`set ${key}.first`)
          })
          .toBe(true)
        const holder = await lease(peer)
        if (holder === undefined) await peer.set(key, "value", 60_000)
        else await holder.set("value", 60_000)
        await peer.delete(key)
        await expect.poll(() => seen.filter((change) => change.endsWith(key))).toEqual([`set ${key}`, `deleted ${key}`])
        stop?.()
        const before = seen.length
        await peer.set(key, "unheard", 60_000)
        await delay(20)
        expect(seen).toHaveLength(before)
      })
    })
  })
}
