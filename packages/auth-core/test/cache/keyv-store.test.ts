import { EventEmitter } from "node:events"
import { describeCacheStore } from "@countersign/testkit"
import Keyv from "keyv"
import { describe, expect, it } from "vitest"
import { keyvStore, TokenCache } from "../../src/index.ts"
import { scriptedProvider } from "./scripted-provider.ts"

describeCacheStore("keyvStore", () => keyvStore(new Keyv()))

describe("keyvStore", () => {
  it("stays in the namespace of its Keyv", async () => {
    const backend = new Map()
    const one = keyvStore(new Keyv({ store: backend, namespace: "one" }))
    const other = keyvStore(new Keyv({ store: backend, namespace: "other" }))
    await one.set("a", "1", 60_000)
    expect(await other.get("a")).toBeUndefined()
    expect(await one.get("a")).toBe("1")
  })

  it("treats foreign values as absent, unless they are text", async () => {
    const keyv = new Keyv()
    await keyv.set("a", { v: 1 })
    expect(await keyvStore(keyv).get("a")).toBeUndefined()
  })

  it("throws when Keyv does not keep a value", async () => {
    const keyv = { get: async () => undefined, set: async () => false, delete: async () => true }
    await expect(keyvStore(keyv).set("a", "1", 60_000)).rejects.toThrow("did not keep")
  })

  it("throws where an adapter reports an error by an event alone, and the process goes on", async () => {
    // As @keyv/valkey and @keyv/memcache do; see findings/keyv-6-uncaught.sh.
    class AwayAdapter extends EventEmitter {
      readonly opts = {}
      async get() {
        this.emit("error", new Error("The database is away."))
      }
      async set() {
        this.emit("error", new Error("The database is away."))
        return false
      }
      async delete() {
        return false
      }
      async clear() {}
    }
    const store = keyvStore(new Keyv({ store: new AwayAdapter() }))
    await expect(store.get("a")).rejects.toThrow("is away")
    await expect(store.set("a", "1", 60_000)).rejects.toThrow("did not keep")
    expect(await keyvStore(new Keyv()).get("a")).toBeUndefined()
  })

  it("lets caches share values, and lets each of them ask IAM when all start at the same moment", async () => {
    const keyv = new Keyv()
    const issued: number[] = []
    const provider = () =>
      scriptedProvider("user", async () => {
        issued.push(issued.length + 1)
        return { value: `token ${issued.length}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
      })
    const first = new TokenCache({ store: keyvStore(keyv) })
    const token = await first.get(provider())
    const later = new TokenCache({ store: keyvStore(keyv) })
    expect(await later.get(provider())).toEqual(token)
    expect(issued).toEqual([1])
  })

  it.each([undefined, null, {}, { get: () => undefined }])("refuses %j", (keyv) => {
    expect(() => keyvStore(keyv as never)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })
})
