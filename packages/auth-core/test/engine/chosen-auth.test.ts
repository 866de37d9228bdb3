import { describe, expect, it } from "vitest"
import type { Auth } from "../../src/auth/auth.ts"
import { chosenAuth } from "../../src/engine/chosen-auth.ts"

const auth = (): Auth => ({
  bodyLimit: () => undefined,
  authenticate: () => ({ headers: {}, used: undefined }),
  judge: () => false,
})

describe("the auth of one request", () => {
  const clients = auth()

  it("is the client's when the request says nothing", () => {
    expect(chosenAuth(undefined, clients)).toBe(clients)
  })

  it("is its own when it names one", () => {
    const own = auth()
    expect(chosenAuth(own, clients)).toBe(own)
  })

  it("is none when it says false", () => {
    expect(chosenAuth(false, clients)).toBeUndefined()
  })

  it.each([null, true, 0, "", "token", {}, [], () => auth()])("is refused when it is %j", (own) => {
    expect(() => chosenAuth(own, clients)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })

  it("is refused when the client was given none, rather than sent bare", () => {
    expect(() => chosenAuth(undefined, undefined as never)).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  it("is refused without a word of what it was", () => {
    expect(() => chosenAuth("MIIsecret", clients)).toThrow(/not string/)
  })
})
