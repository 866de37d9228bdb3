import { describe, expect, it } from "vitest"
import type { Auth } from "../../src/auth/auth.ts"
import { authName } from "../../src/auth/auth.ts"
import { createAuthForRequest } from "../../src/engine/gate.ts"

const auth = (): Auth => ({
  bodyLimit: () => undefined,
  authenticate: () => ({ headers: {}, used: undefined }),
  judge: () => false,
})

const clients = auth()
const invalid = (message: string | RegExp): unknown =>
  expect.objectContaining({ code: "AUTH_INVALID_OPTION", message: expect.stringMatching(message) })

describe.each(["auth", "countersign"] as const)("the auth of one request, as its `%s`", (key) => {
  it("is the client's when the request names none", () => {
    expect(createAuthForRequest(key, clients)({})).toBe(clients)
    expect(createAuthForRequest(key, clients)({ other: undefined })).toBe(clients)
  })

  it.each([["with an auth", clients] as const, ["without", false] as const])(
    "is its own when it names one, in a client %s",
    (_, own) => {
      const named = auth()
      expect(createAuthForRequest(key, own)({ [key]: named })).toBe(named)
      expect(createAuthForRequest(key, own)(Object.create({ [key]: named }))).toBe(named)
    },
  )

  it("is none for false", () => {
    expect(createAuthForRequest(key, clients)({ [key]: false })).toBeUndefined()
    expect(createAuthForRequest(key, false)({ [key]: false })).toBeUndefined()
  })

  it.each([undefined, null, true, 0, "", "token", {}, [], () => auth()])("is refused when it is %j", (own) => {
    for (const one of [clients, false] as const) {
      expect(() => createAuthForRequest(key, one)({ [key]: own })).toThrow(
        invalid(`\`${key}\` must be left out, or be`),
      )
    }
  })

  it("says how to correct an explicit undefined", () => {
    const choose = createAuthForRequest(key, clients)
    expect(() => choose({ [key]: undefined })).toThrow(invalid("must be left out, or be .*, not undefined"))
    expect(() => choose({ [key]: null })).toThrow(invalid("not null"))
  })

  it("is required in a client without one", () => {
    expect(() => createAuthForRequest(key, false)({})).toThrow(invalid(`name one as \`${key}\` of each request`))
  })

  it("is refused without a trace of its value", () => {
    expect(() => createAuthForRequest(key, clients)({ [key]: "MIIsecret" })).toThrow(invalid("not string"))
  })
})

describe("the auth of a client", () => {
  it.each([undefined, null, true, 0, "", "token", {}, [], () => auth()])("is refused at once when it is %j", (own) => {
    expect(() => createAuthForRequest("countersign", own as never)).toThrow(invalid("The auth of a client must be"))
  })
})

describe("the name of an auth for a cache", () => {
  it("belongs to its copies, and to no other auth", () => {
    const [one, other] = [auth(), auth()]
    expect([authName(one), authName({ ...one })]).toEqual([authName(one), authName(one)])
    expect(authName(other)).not.toBe(authName(one))
  })

  it("tells auths apart that share their functions", () => {
    const shared = auth()
    const [first, second] = ["first", "second"].map((token) => authName({ ...shared, token }))
    expect(first).not.toBe(second)
    expect(authName({ ...shared, token: "first" })).toBe(first)
  })
})
