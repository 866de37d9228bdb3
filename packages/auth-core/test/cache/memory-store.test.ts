import { describeCacheStore, type FakeClock, fakeClock } from "@countersign/testkit"
import { beforeEach, expect, it } from "vitest"
import { memoryStore } from "../../src/index.ts"

let clock: FakeClock
beforeEach(() => {
  clock = fakeClock()
})

describeCacheStore("memoryStore", () => memoryStore({ clock }), { wait: (ms) => clock.advance(ms) })

it("keeps the most recently used values when there are too many", async () => {
  const store = memoryStore({ maxEntries: 2 })
  await store.set("a", "1", 60_000)
  await store.set("b", "2", 60_000)
  await store.get("a")
  await store.set("c", "3", 60_000)
  expect(await Promise.all(["a", "b", "c"].map((key) => store.get(key)))).toEqual(["1", undefined, "3"])
})

it.each([0, -1, Number.NaN])("refuses a limit of %d", (maxEntries) => {
  expect(() => memoryStore({ maxEntries })).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
})
