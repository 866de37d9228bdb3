import { describe, expect, it } from "vitest"
import type { Arrival } from "../src/arrival.ts"
import { judge } from "../src/judge.ts"
import type { Cell, CellResult } from "../src/matrix.ts"
import { BINARY } from "../src/sample-body.ts"

const cell: Cell = {
  id: 7,
  aloneId: 5,
  column: "got",
  client: "got",
  wire: "HTTP/1.1",
  body: "Buffer",
  scenario: "307 same origin",
  auth: "SHA256",
}
const fine: CellResult = { id: 7, authenticated: { status: 200 }, alone: { status: 200 } }

const attempt = (authorization: string, more: Partial<Arrival> = {}): Arrival => ({
  at: "main",
  method: "PUT",
  headers: { authorization },
  body: Buffer.from(BINARY),
  verdict: "valid",
  ...more,
})
const alone = [attempt("", { headers: {} }), attempt("", { headers: {} })]
const judged = (authenticated: Arrival[], result = fine, one: Partial<Cell> = {}) =>
  judge({ ...cell, ...one }, result, { authenticated, alone })

describe("judge", () => {
  it("accepts a fresh and valid signature for each attempt", () => {
    expect(judged([attempt("one"), attempt("two")])).toEqual({ outcome: "ok" })
  })

  it.each([
    ["a signature that comes twice", [attempt("one"), attempt("one")], "a signature was sent twice"],
    ["an attempt too few", [attempt("one")], "1 attempts in place of 2"],
    ["a wrong signature", [attempt("one"), attempt("two", { verdict: "no" })], "no"],
    ["other bytes", [attempt("one"), attempt("two", { body: Buffer.from("x") })], "other bytes arrived (1)"],
    [
      "another content type than the client sends alone",
      [attempt("one"), attempt("two", { headers: { authorization: "two", "content-type": "text/x" } })],
      "content type text/x",
    ],
  ])("fails %s", (_, arrivals, why) => {
    expect(judged(arrivals)).toEqual({ outcome: "failed", why })
  })

  it("fails a cell if a foreign host sees a secret, also if the client alone fails earlier", () => {
    const arrivals = [attempt("one"), attempt("two", { at: "foreign" })]
    const result: CellResult = { ...fine, alone: { error: "no" } }
    expect(judged(arrivals, result)).toEqual({ outcome: "failed", why: "the foreign host saw authorization" })
  })

  it("calls a cell unable if the client alone cannot do it either", () => {
    const result: CellResult = { ...fine, authenticated: { error: "spent" }, alone: { error: "spent too" } }
    expect(judged([attempt("one")], result)).toEqual({ outcome: "unable", why: "spent too" })
  })

  it("does not accept every error as a reason to decline", () => {
    const result: CellResult = { ...fine, authenticated: { error: "x is not a function" } }
    expect(judged([], result)).toEqual({ outcome: "failed", why: "x is not a function" })
  })

  it("calls a 401 without a replay declined for a stream, and failed for bytes", () => {
    const one = { scenario: "401, then another credential", auth: "token" } as const
    const result: CellResult = { ...fine, authenticated: { status: 401 } }
    const arrivals = [attempt("", { headers: { "x-auth-token": "token-1" } })]
    expect(judged(arrivals, result, { ...one, body: "Node Readable" }).outcome).toBe("unable")
    const aloneOnce = { authenticated: arrivals, alone: alone.slice(0, 1) }
    expect(judge({ ...cell, ...one, body: "Node Readable" }, result, aloneOnce).outcome).toBe("declined")
    expect(judge({ ...cell, ...one }, result, aloneOnce)).toEqual({ outcome: "failed", why: "status 401" })
  })
})
