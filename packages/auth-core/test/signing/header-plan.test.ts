import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { selectHeaders } from "../../src/signing/header-plan.ts"
import { failureOf } from "../failure-of.ts"

describe("a selection of headers", () => {
  const selection = selectHeaders(["x-b", "host", "x-a", "host"])

  it("has its names in byte order, each once", () => {
    expect(selection.names).toEqual(["host", "x-a", "x-b"])
    expect(selection.names.map(selection.positionOf)).toEqual([0, 1, 2])
    expect(["x-c", "accept", "", "x-longer-than-all"].map(selection.positionOf)).toEqual([-1, -1, -1, -1])
  })

  it.each([
    ["a record", { "X-A": "1", HOST: "h", accept: "*/*" }],
    [
      "pairs",
      [
        ["X-A", "1"],
        ["HOST", "h"],
        ["accept", "*/*"],
      ] as [string, string][],
    ],
    ["Headers", new Headers({ "X-A": "1", HOST: "h", accept: "*/*" })],
    ["a map", new Map(Object.entries({ "X-A": "1", HOST: "h", accept: "*/*" })) as unknown as Headers],
  ])("reads %s, however the names are written", (_, headers) => {
    expect(selection.read(headers)).toEqual(["h", "1", undefined])
  })

  it("reads nothing from no headers", () => {
    expect(selection.read(undefined)).toEqual([undefined, undefined, undefined])
    expect(selection.read({ accept: "*/*", "x-a": undefined as unknown as string })).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it("finds no header in properties that every object inherits", () => {
    expect(selectHeaders(["constructor", "__proto__"]).read({})).toEqual([undefined, undefined])
  })

  it("reads own properties of a record, not inherited ones", () => {
    const record: Record<string, string> = Object.create({ "x-a": "inherited" })
    record.host = "own"
    expect(selection.read(record)).toEqual(["own", undefined, undefined])
    expect(selection.read({ __proto__: null, "x-a": "own" } as never)).toEqual([undefined, "own", undefined])
  })

  it("joins repeats with a comma, and trims outer white space only", () => {
    expect(
      selection.read([
        ["x-a", " 1  2\t"],
        ["X-A", "3"],
      ]),
    ).toEqual([undefined, "1  2, 3", undefined])
  })

  it("converts numbers and lists as the Headers class does", () => {
    const headers = { "x-a": 1, "x-b": ["c", "d"] } as unknown as Record<string, string>
    expect(selection.read(headers)).toEqual([
      undefined,
      ...["x-a", "x-b"].map((name) => new Headers(headers).get(name)),
    ])
  })

  it.each(["a\nb", "a\rb", "\r\na", "a\r\n"])("refuses a line break in a header it reads: %j", (value) => {
    expect(failureOf(() => selection.read({ "X-A": value }))).toMatchObject({
      code: "AUTH_INVALID_REQUEST",
      message: expect.stringContaining("x-a"),
    })
    expect(selection.read({ other: value })).toEqual([undefined, undefined, undefined])
  })

  it("reads the same from every form and order", () => {
    const name = fc.constantFrom("host", "Host", "x-a", "X-A", "x-b", "accept")
    const value = fc.string({ unit: fc.constantFrom(..."ab ,;"), maxLength: 4 })
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([header]) => header.toLowerCase() }), (pairs) => {
        const expected = selection.read(pairs)
        expect(selection.read(new Headers(pairs))).toEqual(expected)
        expect(selection.read(Object.fromEntries(pairs))).toEqual(expected)
        expect(selection.read(pairs.toReversed())).toEqual(expected)
      }),
    )
  })

  it("reads the same after any other requests, whatever spellings and values they had", () => {
    const spelled = fc.stringMatching(/^(?:[Xx]-[AaBbCc]|[Hh][Oo][Ss][Tt]|[a-dA-D]{1,6}|__proto__|constructor)$/)
    const request = fc.array(fc.tuple(spelled, fc.constantFrom("1", " 1", "2", "")), { maxLength: 6 })
    const filled = selectHeaders(["x-b", "host", "x-a", "__proto__"])
    for (let number = 0; number < 1000; number++) filled.read([[`x-other-${number}`, ""]])
    const shared = selectHeaders(["x-b", "host", "x-a", "__proto__"])
    fc.assert(
      fc.property(request, (pairs) => {
        const expected = selectHeaders(["x-b", "host", "x-a", "__proto__"]).read(pairs)
        expect(shared.read(pairs)).toEqual(expected)
        expect(filled.read(pairs)).toEqual(expected)
        expect(shared.names.map(shared.positionOf)).toEqual([0, 1, 2, 3])
      }),
    )
  })
})
