import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { conceal } from "../../src/engine/conceal.ts"

describe("an object that holds a secret", () => {
  const holder = conceal({ "x-auth-token": "MIIsecret", accept: "a/b" }, { accept: "a/b" })

  it("does not show it to inspect, at any depth and with hidden properties", () => {
    const text = inspect({ deep: [holder] }, { depth: Number.POSITIVE_INFINITY, showHidden: true })
    expect(text).not.toContain("MIIsecret")
    expect(text).toContain("accept: 'a/b'")
  })

  it("does not show it in JSON", () => {
    expect(JSON.stringify({ holder })).toBe('{"holder":{"accept":"a/b"}}')
  })

  it("stays the same for whoever reads its properties", () => {
    expect(Object.entries(holder)).toEqual([
      ["x-auth-token", "MIIsecret"],
      ["accept", "a/b"],
    ])
    expect({ ...holder }["x-auth-token"]).toBe("MIIsecret")
  })

  it("does not show it to inspect when it was copied", () => {
    expect(inspect({ ...holder }, { showHidden: true })).not.toContain("MIIsecret")
  })

  it("may be concealed again", () => {
    expect(JSON.stringify(conceal(holder, "request"))).toBe('"request"')
  })
})
