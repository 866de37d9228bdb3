import { createSecretKey } from "node:crypto"
import { runInNewContext } from "node:vm"
import { describeCacheStore, type FakeClock, fakeClock } from "@countersign/testkit"
import { beforeEach, describe, expect, it } from "vitest"
import { encryptedStore, memoryStore, type UnreadableValue } from "../../src/index.ts"

const newKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const cryptoKey = (name: string, length: number, usages: KeyUsage[]): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name, length }, true, usages)
const SECRET = "MIIsecret token"

let clock: FakeClock
beforeEach(() => {
  clock = fakeClock()
})

describeCacheStore(
  "encryptedStore",
  () => encryptedStore(memoryStore({ clock }), { keys: [{ id: "2026-01", key: newKey() }] }),
  { wait: (ms) => clock.advance(ms) },
)

describe("encryption", () => {
  it("leaves no part of the value readable in the store, and never gives the same text twice", async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { keys: [{ id: "k1", key: newKey() }] })
    await store.set("a", SECRET, 60_000)
    const first = await inner.get("a")
    expect(first).toMatch(/^e1\.k1\.[\w-]+$/)
    expect(atob(first?.split(".")[2]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")).not.toContain("secret")
    await store.set("a", SECRET, 60_000)
    expect(await inner.get("a")).not.toBe(first)
  })

  it("takes a key as bytes, as base64, as base64url and as a CryptoKey", async () => {
    const bytes = newKey()
    const inner = memoryStore()
    const cryptoKey = await crypto.subtle.importKey("raw", new Uint8Array(bytes), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ])
    const spellings = [
      bytes,
      base64(bytes),
      base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace("=", ""),
      cryptoKey,
    ]
    for (const writer of spellings) {
      await encryptedStore(inner, { keys: [{ id: "k1", key: writer }] }).set("a", SECRET, 60_000)
      for (const reader of spellings) {
        expect(await encryptedStore(inner, { keys: [{ id: "k1", key: reader }] }).get("a")).toBe(SECRET)
      }
    }
  })

  it("rotates its keys without a pause", async () => {
    const inner = memoryStore()
    const [old, young] = [
      { id: "old", key: newKey() },
      { id: "young", key: newKey() },
    ]
    const before = encryptedStore(inner, { keys: [old] })
    const prepared = encryptedStore(inner, { keys: [old, young] })
    const rotated = encryptedStore(inner, { keys: [young, old] })
    const after = encryptedStore(inner, { keys: [young] })
    await before.set("a", "by the old key", 60_000)
    expect(await prepared.get("a")).toBe("by the old key")
    expect(await rotated.get("a")).toBe("by the old key")
    await rotated.set("a", "by the young key", 60_000)
    expect(await prepared.get("a")).toBe("by the young key")
    expect(await after.get("a")).toBe("by the young key")
    expect(await before.get("a")).toBeUndefined()
  })
})

describe("a value that cannot be decrypted", () => {
  const setUp = () => {
    const inner = memoryStore()
    const seen: UnreadableValue[] = []
    const key = newKey()
    const store = encryptedStore(inner, {
      keys: [{ id: "k1", key }],
      onUnreadable: (unreadable) => seen.push(unreadable),
    })
    return { inner, seen, store }
  }

  it("is absent and reported when its key is unknown", async () => {
    const { inner, seen, store } = setUp()
    await encryptedStore(inner, { keys: [{ id: "other", key: newKey() }] }).set("a", SECRET, 60_000)
    expect(await store.get("a")).toBeUndefined()
    expect(seen).toEqual([{ key: "a", keyId: "other", reason: "unknown-key" }])
  })

  it("is absent and reported when another key has the same name", async () => {
    const { inner, seen, store } = setUp()
    await encryptedStore(inner, { keys: [{ id: "k1", key: newKey() }] }).set("a", SECRET, 60_000)
    expect(await store.get("a")).toBeUndefined()
    expect(seen).toEqual([{ key: "a", keyId: "k1", reason: "not-authentic" }])
  })

  it("is absent and reported when it came from another identity", async () => {
    const { inner, seen, store } = setUp()
    await store.set("victim", SECRET, 60_000)
    await inner.set("attacker", (await inner.get("victim")) ?? "", 60_000)
    expect(await store.get("attacker")).toBeUndefined()
    expect(seen).toEqual([{ key: "attacker", keyId: "k1", reason: "not-authentic" }])
  })

  it("is absent and reported when any one character of it was changed", async () => {
    const { inner, seen, store } = setUp()
    await store.set("a", SECRET, 60_000)
    const text = (await inner.get("a")) ?? ""
    for (let at = 0; at < text.length - 1; at++) {
      const changed = text[at] === "A" ? "B" : "A"
      await inner.set("a", text.slice(0, at) + changed + text.slice(at + 1), 60_000)
      expect(await store.get("a")).toBeUndefined()
    }
    expect(seen).toHaveLength(text.length - 1)
  })

  it.each([
    "",
    "e1",
    "e1.k1",
    "e1.k1.",
    "e1.k1.AAAA",
    "e1.k1.AAAA.AAAA",
    "e1.k1.*",
    "{}",
    "plain text",
    "e2.k1.AAAAAAAAAAAAAAAAAAAAAAAA",
  ])("is absent and reported when it is %j", async (text) => {
    const { inner, seen, store } = setUp()
    await inner.set("a", text, 60_000)
    expect(await store.get("a")).toBeUndefined()
    expect(seen).toMatchObject([{ key: "a", reason: "malformed" }])
  })

  it("does not fail the reader when the listener throws", async () => {
    const inner = memoryStore()
    await inner.set("a", "plain text", 60_000)
    const onUnreadable = (): never => {
      throw new Error("listener")
    }
    expect(await encryptedStore(inner, { keys: [{ id: "k1", key: newKey() }], onUnreadable }).get("a")).toBeUndefined()
  })
})

describe("its options", () => {
  it.each([
    ["no keys", []],
    ["nothing in place of a key", [null as never]],
    ["an id without its key", [{ id: "k1", key: null as never }]],
    ["a key of 16 bytes", [{ id: "k1", key: new Uint8Array(16) }]],
    ["a key that is not base64", [{ id: "k1", key: "correct horse battery staple" }]],
    ["an empty object for a key", [{ id: "k1", key: {} as never }]],
    ["what only looks like a CryptoKey", [{ id: "k1", key: { usages: ["encrypt", "decrypt"] } as never }]],
    ["an ArrayBuffer", [{ id: "k1", key: new ArrayBuffer(32) as never }]],
    ["an array of numbers", [{ id: "k1", key: Array.from({ length: 32 }, () => 7) as never }]],
    ["32 numbers of another size", [{ id: "k1", key: new Uint16Array(32) as never }]],
    ["a KeyObject of Node", [{ id: "k1", key: createSecretKey(newKey()) as never }]],
    ["a promise of a key", [{ id: "k1", key: cryptoKey("AES-GCM", 256, ["encrypt", "decrypt"]) as never }]],
    ["an id with a dot", [{ id: "k.1", key: newKey() }]],
    ["an empty id", [{ id: "", key: newKey() }]],
    [
      "two keys of one id",
      [
        { id: "k1", key: newKey() },
        { id: "k1", key: newKey() },
      ],
    ],
  ])("are refused with %s", (_name, keys) => {
    expect(() => encryptedStore(memoryStore(), { keys })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  it.each<[string, string, number, KeyUsage[]]>([
    ["another algorithm", "AES-CBC", 256, ["encrypt", "decrypt"]],
    ["128 bits", "AES-GCM", 128, ["encrypt", "decrypt"]],
    ["no right to decrypt", "AES-GCM", 256, ["encrypt"]],
    ["no right to encrypt", "AES-GCM", 256, ["decrypt"]],
    ["the right to wrap keys alone", "AES-GCM", 256, ["wrapKey"]],
  ])("are refused with a CryptoKey of %s", async (_name, name, length, usages) => {
    const key = await cryptoKey(name, length, usages)
    expect(() => encryptedStore(memoryStore(), { keys: [{ id: "k1", key }] })).toThrow(
      expect.objectContaining({
        code: "AUTH_INVALID_OPTION",
        message: expect.stringContaining(`${length} bits for ${name}`),
      }),
    )
  })

  it("may have old keys that only decrypt", async () => {
    const inner = memoryStore()
    const bytes = new Uint8Array(newKey())
    await encryptedStore(inner, { keys: [{ id: "old", key: bytes }] }).set("a", SECRET, 60_000)
    const old = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"])
    const keys = [
      { id: "new", key: newKey() },
      { id: "old", key: old },
    ]
    expect(await encryptedStore(inner, { keys }).get("a")).toBe(SECRET)
  })

  it("may come from another realm", async () => {
    const inner = memoryStore()
    const foreign: Uint8Array = runInNewContext("new Uint8Array(32)")
    await encryptedStore(inner, { keys: [{ id: "k1", key: foreign }] }).set("a", SECRET, 60_000)
    expect(await encryptedStore(inner, { keys: [{ id: "k1", key: new Uint8Array(32) }] }).get("a")).toBe(SECRET)
  })
})
