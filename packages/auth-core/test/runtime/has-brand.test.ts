import { runInNewContext } from "node:vm"
import { afterEach, expect, it, vi } from "vitest"
import { hasBrand } from "../../src/runtime/has-brand.ts"

afterEach(() => {
  vi.unstubAllGlobals()
})

it("recognises a kind of another realm, but not under another name", () => {
  const foreign: unknown = runInNewContext("new Uint8Array(4)")
  expect(hasBrand(foreign, "Uint8Array")).toBe(true)
  expect(hasBrand(foreign, "ArrayBuffer")).toBe(false)
  expect(hasBrand(new Blob(["a"]), "Blob")).toBe(true)
})

it("recognises the platform's own classes without a tag, as on old Workers", () => {
  class Untagged {}
  vi.stubGlobal("Blob", Untagged)
  expect(hasBrand(new Untagged(), "Blob")).toBe(true)
  expect(hasBrand({}, "Blob")).toBe(false)
})

it.each([undefined, null, 7, "text", {}, Object.create(null)])("does not recognise %o", (value) => {
  expect(hasBrand(value, "Blob")).toBe(false)
})

it("recognises nothing that the platform does not have", () => {
  expect(hasBrand({}, "NoSuchClass")).toBe(false)
})
