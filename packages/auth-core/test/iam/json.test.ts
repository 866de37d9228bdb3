import { describe, expect, it } from "vitest"
import { timeAt } from "../../src/iam/iam-answer.ts"
import { listAt, memberAt, parseJson, textAt } from "../../src/runtime/read-answer.ts"

describe("a parsed body", () => {
  it("gives the value at a path, or undefined", () => {
    const body = parseJson('{"token":{"user":{"id":"u1","name":""},"roles":[{"id":"r1"}]}}')
    expect(textAt(body, "token", "user", "id")).toBe("u1")
    expect(textAt(body, "token", "roles", 0, "id")).toBe("r1")
    expect(textAt(body, "token", "user", "name")).toBeUndefined()
    expect(textAt(body, "token", "user")).toBeUndefined()
    expect(memberAt(body, "nothing", "at", "all")).toBeUndefined()
    expect(memberAt(parseJson("<html>"), "token")).toBeUndefined()
    expect(memberAt(null, "token")).toBeUndefined()
    expect(listAt(body, "token", "roles")).toEqual([{ id: "r1" }])
    expect(listAt(body, "token", "user")).toEqual([])
  })

  it("gives undefined for a getter that throws", () => {
    const hostile = {
      get inner(): never {
        throw new Error("no")
      },
    }
    expect(memberAt({ hostile }, "hostile", "inner", "name")).toBeUndefined()
    expect(textAt({ hostile }, "hostile", "inner")).toBeUndefined()
  })

  it.each([
    ["2020-01-04T09:05:22.701000Z", Date.UTC(2020, 0, 4, 9, 5, 22, 701)],
    ["2020-01-04T09:05:22.7Z", Date.UTC(2020, 0, 4, 9, 5, 22, 700)],
    ["2020-01-04T09:05:22Z", Date.UTC(2020, 0, 4, 9, 5, 22)],
    ["2020-01-04T09:05:22.701999", Date.UTC(2020, 0, 4, 9, 5, 22, 701)],
    ["2020-01-04T09:05:22+08:00", Date.UTC(2020, 0, 4, 1, 5, 22)],
    ["2020-13-04T09:05:22Z", undefined],
    ["tomorrow", undefined],
    [1_578_128_722_701, undefined],
    [undefined, undefined],
  ])("reads the time %o", (text, expected) => {
    expect(timeAt({ at: text }, "at")).toBe(expected)
  })
})
