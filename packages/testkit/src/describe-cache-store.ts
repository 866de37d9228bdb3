import { setTimeout as delay } from "node:timers/promises"
import type { CacheStore, StoreNotice, StoreQuestion, Taken } from "@countersign/auth-core"
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

/** The contract of every {@link CacheStore}, and of coordination and watching if it has them. */
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
      key = `v2.${crypto.randomUUID()}`
    })

    afterEach(async () => {
      await dispose(store)
    })

    const take = async (of: CacheStore, question: StoreQuestion = {}, asked = key): Promise<Taken> => {
      const taken = await of.take?.(asked, question)
      if (taken === undefined) throw new Error("The store does not coordinate.")
      return taken
    }

    let holders = 0
    /** Another process for each call. */
    const ask = (of: CacheStore, question: StoreQuestion = {}, ms = 60_000, asked = key): Promise<Taken> =>
      take(of, { lease: { holder: `holder-${++holders}`, ms }, ...question }, asked)

    const mustLease = async (of: CacheStore, question: StoreQuestion = {}, ms?: number): Promise<Grant> => {
      const taken = await ask(of, question, ms)
      if (taken.kind !== "lease") throw new Error(`The lease is not granted: ${taken.kind}.`)
      return taken
    }

    const valueIn = async (of: CacheStore): Promise<string | undefined> => {
      const taken = await take(of)
      return taken.kind === "value" ? taken.text : undefined
    }

    const beforeItEnds = async (check: (spanMs: number) => Promise<void>): Promise<void> => {
      for (const spanMs of LONGER_SPANS_MS) {
        try {
          await check(spanMs)
          return
        } catch (error) {
          if (spanMs === LONGER_SPANS_MS.at(-1)) throw error
          key = `v2.${crypto.randomUUID()}`
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

    describe("taking, if the store coordinates,", () => {
      beforeEach(({ skip }) => {
        if (store.take === undefined) skip()
      })

      it("finds a value with its version and its end", async () => {
        const { lease, now } = await mustLease(store)
        expect(await lease.set("value", now + 60_000)).toBe(true)
        const taken = await ask(peer)
        expect(taken).toMatchObject({ kind: "value", text: "value", version: lease.version, endsAt: now + 60_000 })
        expect(taken.now).toBeGreaterThanOrEqual(now)
      })

      it("finds nothing, and grants nothing, where it only looks", async () => {
        expect(await take(store)).toMatchObject({ kind: "none" })
        await mustLease(peer)
        expect(await take(store)).toMatchObject({ kind: "none" })
      })

      it("grants the lease to one of many concurrent callers, and tells the others its end", async () => {
        const asked = Array.from({ length: 50 }, async (_, index) => ask(index % 2 === 0 ? store : peer))
        const taken = await Promise.all(asked)
        expect(taken.filter(({ kind }) => kind === "lease")).toHaveLength(1)
        for (const other of taken) {
          if (other.kind === "lease") continue
          expect(other.kind).toBe("held")
          if (other.kind === "held") expect(other.until - other.now).toBeGreaterThan(0)
          if (other.kind === "held") expect(other.until - other.now).toBeLessThanOrEqual(60_000)
        }
      })

      it("grants the lease again once it is released", async () => {
        const { lease } = await mustLease(store)
        expect(await ask(peer)).toMatchObject({ kind: "held" })
        await lease.release()
        expect(await ask(peer)).toMatchObject({ kind: "lease" })
      })

      it("grants the lease again when its time is over, as after the death of the holder", async () => {
        await beforeItEnds(async (spanMs) => {
          await mustLease(store, {}, spanMs)
          expect(await ask(peer)).toMatchObject({ kind: "held" })
          await wait(spanMs + 20)
          expect(await ask(peer)).toMatchObject({ kind: "lease" })
        })
      })

      it("grants a holder that asks again a new lease in place of its own", async () => {
        const lease = { holder: "same", ms: 60_000 }
        const first = await take(store, { lease })
        const second = await take(store, { lease })
        if (first.kind !== "lease" || second.kind !== "lease") throw new Error("The lease is not granted.")
        await first.lease.release()
        expect(await ask(peer)).toMatchObject({ kind: "held" })
        await second.lease.release()
        expect(await ask(peer)).toMatchObject({ kind: "lease" })
      })

      it("keeps two keys apart", async () => {
        await mustLease(store)
        expect(await ask(peer, {}, 60_000, `${key}.other`)).toMatchObject({ kind: "lease" })
      })

      it("ends a value at the time that its holder names, not before", async () => {
        await beforeItEnds(async (spanMs) => {
          const { lease, now } = await mustLease(store)
          await lease.set("value", now + spanMs)
          expect(await valueIn(peer)).toBe("value")
          await wait(spanMs + 20)
          expect(await valueIn(peer)).toBeUndefined()
          expect(await peer.get(key)).toBeUndefined()
        })
      })

      it("never gives a value whose end is over when it is set", async () => {
        const { lease, now } = await mustLease(store)
        await lease.set("value", now - 1_000)
        expect(await valueIn(peer)).toBeUndefined()
      })

      it("releases the lease together with the set", async () => {
        const { lease, now } = await mustLease(store)
        const version = lease.version
        await lease.set("value", now + 60_000)
        expect(await ask(peer, { unwanted: version })).toMatchObject({ kind: "lease" })
      })

      it("passes over the unwanted version only", async () => {
        const { lease, now } = await mustLease(store)
        await lease.set("old", now + 60_000)
        const renewal = await mustLease(peer, { unwanted: lease.version })
        expect(await valueIn(store)).toBe("old")
        expect(Number(renewal.lease.version)).toBeGreaterThan(Number(lease.version))
        await renewal.lease.set("new", now + 60_000)
        expect(await ask(store, { unwanted: lease.version })).toMatchObject({ kind: "value", text: "new" })
      })

      it("deletes a refused value when it grants the lease, and not before", async () => {
        const { lease, now } = await mustLease(store)
        await lease.set("refused", now + 60_000)
        const other = await mustLease(peer, { unwanted: lease.version })
        expect(await ask(store, { unwanted: lease.version, isRefused: true })).toMatchObject({ kind: "held" })
        expect(await valueIn(peer)).toBe("refused")
        await other.lease.release()
        await mustLease(store, { unwanted: lease.version, isRefused: true })
        expect(await valueIn(peer)).toBeUndefined()
      })

      it("deletes a refused value at a look, without harm to a lease", async () => {
        const { lease, now } = await mustLease(store)
        await lease.set("refused", now + 60_000)
        const refused = { unwanted: lease.version, isRefused: true }
        const other = await mustLease(peer, { unwanted: lease.version })
        expect(await take(store, refused)).toMatchObject({ kind: "none" })
        expect(await valueIn(peer)).toBe("refused")
        await other.lease.release()
        expect(await take(store, refused)).toMatchObject({ kind: "none" })
        expect(await valueIn(peer)).toBeUndefined()
        expect(await other.lease.set("new", now + 60_000)).toBe(true)
      })

      it("lets a late holder set the value if there is no newer one", async () => {
        const slow = await mustLease(store, {}, SPAN_MS)
        await wait(SPAN_MS + 20)
        const later = await mustLease(peer)
        expect(await slow.lease.set("late", slow.now + 60_000)).toBe(true)
        expect(await valueIn(peer)).toBe("late")
        expect(await later.lease.set("newer", slow.now + 60_000)).toBe(true)
        expect(await valueIn(store)).toBe("newer")
      })

      it("keeps a late holder from overwriting the value of a later holder", async () => {
        const slow = await mustLease(store, {}, SPAN_MS)
        await wait(SPAN_MS + 20)
        const later = await mustLease(peer)
        expect(await later.lease.set("newer", slow.now + 60_000)).toBe(true)
        expect(await slow.lease.set("older", slow.now + 60_000)).toBe(false)
        expect(await slow.lease.setFailure("failed", slow.now + 60_000, slow.now + 60_000)).toBe(false)
        expect(await valueIn(store)).toBe("newer")
      })

      it("keeps a late holder's failure from replacing that of a later holder", async () => {
        const slow = await mustLease(store, {}, SPAN_MS)
        await wait(SPAN_MS + 20)
        const later = await mustLease(peer)
        expect(await later.lease.setFailure("refused", later.now + 60_000, later.now + 60_000)).toBe(true)
        expect(await slow.lease.setFailure("no answer", later.now, later.now + 60_000)).toBe(false)
        expect(await ask(store)).toMatchObject({ kind: "failure", text: "refused" })
        expect(await slow.lease.set("late", later.now + 60_000)).toBe(true)
        expect(await valueIn(peer)).toBe("late")
      })

      it("keeps a holder from setting a value after a deletion", async () => {
        const { lease, now } = await mustLease(store)
        await peer.delete(key)
        expect(await lease.set("older", now + 60_000)).toBe(false)
        expect(await valueIn(store)).toBeUndefined()
        expect(await ask(peer)).toMatchObject({ kind: "lease" })
      })

      it("keeps a late holder from releasing the lease of another", async () => {
        const slow = await mustLease(store, {}, SPAN_MS)
        await wait(SPAN_MS + 20)
        await mustLease(peer)
        await slow.lease.release()
        expect(await ask(store)).toMatchObject({ kind: "held" })
      })

      it("lets each holder in turn set the value", async () => {
        let version: string | undefined
        for (const text of ["1", "2", "3"]) {
          const holder = await mustLease(text === "2" ? peer : store, { unwanted: version })
          expect(await holder.lease.set(text, holder.now + 60_000)).toBe(true)
          version = holder.lease.version
          expect(await valueIn(store)).toBe(text)
        }
      })

      it("gives a failure while it waits, then with the lease, until it counts no more", async () => {
        await beforeItEnds(async (spanMs) => {
          const { lease, now } = await mustLease(store)
          expect(await lease.setFailure("refused", now + spanMs, now + 3 * spanMs)).toBe(true)
          const failure = { text: "refused", version: lease.version, waitsUntil: now + spanMs }
          expect(await ask(peer)).toMatchObject({ kind: "failure", ...failure })
          await wait(spanMs + 20)
          const next = await mustLease(peer)
          expect(next.failure).toEqual(failure)
          await next.lease.release()
          await wait(2 * spanMs + 20)
          expect((await mustLease(peer)).failure).toBeUndefined()
        })
      })

      it("gives a value rather than a failure, and a success ends the failure", async () => {
        const first = await mustLease(store)
        await first.lease.set("value", first.now + 60_000)
        const second = await mustLease(store, { unwanted: first.lease.version })
        await second.lease.setFailure("failed", first.now + 60_000, first.now + 60_000)
        expect(await ask(peer)).toMatchObject({ kind: "value", text: "value" })
        expect(await ask(peer, { unwanted: first.lease.version })).toMatchObject({ kind: "failure" })
        const third = await mustLease(peer, { unwanted: first.lease.version, failure: "ignored" })
        expect(third.failure).toMatchObject({ text: "failed" })
        await third.lease.set("new", first.now + 60_000)
        const fourth = await mustLease(store, { unwanted: third.lease.version })
        expect(fourth.failure).toBeUndefined()
      })

      it("forgives a failure", async () => {
        const { lease, now } = await mustLease(store)
        await lease.setFailure("failed", now + 60_000, now + 60_000)
        expect(await take(peer, { failure: "forgiven" })).toMatchObject({ kind: "none" })
        expect((await mustLease(peer)).failure).toBeUndefined()
      })
    })

    describe("watch, if the store has it,", () => {
      beforeEach(({ skip }) => {
        if (store.watch === undefined) skip()
      })

      it("reports the changes of others until it ends", async () => {
        const seen: string[] = []
        const watch = store.watch?.(({ key: changed, change }) => {
          if (changed === key) seen.push(change)
        })
        watch?.follow(key)
        await expect.poll(() => watch?.isHearing(key), { timeout: 10_000 }).toBe(true)
        // A store that begins to hear may let those who wait look again.
        expect(["", "released"]).toContain(seen.splice(0).join())
        await peer.set(key, "value", 60_000)
        await peer.delete(key)
        const expected = ["set", "deleted"]
        if (peer.take !== undefined) {
          const first = await mustLease(peer)
          await first.lease.set("value", first.now + 60_000)
          const second = await mustLease(peer, { unwanted: first.lease.version, isRefused: true })
          await second.lease.setFailure("failed", second.now + 60_000, second.now + 60_000)
          await take(peer, { failure: "forgiven" })
          expected.push("set", "deleted", "failed", "forgiven")
        }
        await expect.poll(() => seen).toEqual(expected)
        await watch?.end()
        await peer.set(key, "unheard", 60_000)
        await delay(20)
        expect(seen).toEqual(expected)
      })

      it("brings each result to those who wait for a lease, and tells them of its release", async ({ skip }) => {
        if (store.take === undefined) skip()
        const seen: StoreNotice[] = []
        const watch = store.watch?.((notice) => {
          if (notice.key === key) seen.push(notice)
        })
        watch?.follow(key)
        await expect.poll(() => watch?.isHearing(key), { timeout: 10_000 }).toBe(true)
        seen.length = 0
        const first = await mustLease(peer)
        expect(await ask(store)).toMatchObject({ kind: "held" })
        await first.lease.release()
        await expect.poll(() => seen).toEqual([{ key, change: "released" }])
        const second = await mustLease(peer)
        await ask(store)
        const endsAt = second.now + 60_000
        const text = "a value 密钥 \r\n with spaces "
        await second.lease.set(text, endsAt)
        const value = { text, version: second.lease.version, endsAt }
        await expect.poll(() => seen.slice(1)).toEqual([{ key, change: "set", value }])
        const question = { unwanted: value.version, lease: { holder: "slow", ms: 60_000 } }
        const third = await take(peer, question)
        await ask(store, { unwanted: value.version })
        // The holder got no answer in time.
        await take(peer, question)
        if (third.kind !== "lease") throw new Error("The lease is not granted.")
        const waitsUntil = third.now + 60_000
        await third.lease.setFailure("failed", waitsUntil, waitsUntil)
        const failure = { text: "failed", version: third.lease.version, waitsUntil }
        await expect.poll(() => seen.slice(2)).toEqual([{ key, change: "failed", failure }])
        await watch?.end()
      })
    })
  })
}

type Grant = Extract<Taken, { kind: "lease" }>
