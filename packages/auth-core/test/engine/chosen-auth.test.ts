import { describe, expect, it } from "vitest"
import type { Auth } from "../../src/auth/auth.ts"
import { createAuthChooser } from "../../src/engine/chosen-auth.ts"

const auth = (): Auth => ({
  bodyLimit: () => undefined,
  authenticate: () => ({ headers: {}, used: undefined }),
  judge: () => false,
})

const clients = auth()
const invalid = (message: string | RegExp): unknown =>
  expect.objectContaining({ code: "AUTH_INVALID_OPTION", message: expect.stringMatching(message) })

describe.each(["auth", "countersign"] as const)("the auth of one request, as its `%s`", (key) => {
  it("is the client's when the request says nothing", () => {
    expect(createAuthChooser(key, clients)({})).toBe(clients)
    expect(createAuthChooser(key, clients)({ other: undefined })).toBe(clients)
  })

  it.each([["with an auth", clients] as const, ["without", false] as const])(
    "is its own when it names one, in a client %s",
    (_, own) => {
      const named = auth()
      expect(createAuthChooser(key, own)({ [key]: named })).toBe(named)
      expect(createAuthChooser(key, own)(Object.create({ [key]: named }))).toBe(named)
    },
  )

  it("is none when it says false", () => {
    expect(createAuthChooser(key, clients)({ [key]: false })).toBeUndefined()
    expect(createAuthChooser(key, false)({ [key]: false })).toBeUndefined()
  })

  it.each([undefined, null, true, 0, "", "token", {}, [], () => auth()])("is refused when it is %j", (own) => {
    for (const one of [clients, false] as const) {
      expect(() => createAuthChooser(key, one)({ [key]: own })).toThrow(invalid(`\`${key}\` must be an auth`))
    }
  })

  it("says what to do about an explicit undefined", () => {
    const choose = createAuthChooser(key, clients)
    expect(() => choose({ [key]: undefined })).toThrow(invalid("or left out, not undefined"))
    expect(() => choose({ [key]: null })).toThrow(invalid("not null"))
  })

  it("is missed in a client without one", () => {
    expect(() => createAuthChooser(key, false)({})).toThrow(invalid(`each request must name one as \`${key}\``))
  })

  it("is refused without a word of what it was", () => {
    expect(() => createAuthChooser(key, clients)({ [key]: "MIIsecret" })).toThrow(invalid("not string"))
  })
})

describe("the auth of a client", () => {
  it.each([undefined, null, true, 0, "", "token", {}, [], () => auth()])("is refused at once when it is %j", (own) => {
    expect(() => createAuthChooser("countersign", own as never)).toThrow(invalid("A client needs an auth"))
  })
})
