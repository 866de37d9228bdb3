import { createHash } from "node:crypto"
import { sign } from "@countersign/auth-core"
import fc from "fast-check"
import { expect, it } from "vitest"
import { createVerifier } from "../src/index.ts"
import { coverageOf, type ModelRequest } from "./request-model.ts"
import { credentials, date, now } from "./signed-request.ts"

const text = (characters: string, maxLength = 8) => fc.string({ unit: fc.constantFrom(...characters), maxLength })
const segment = text("ab~ .é/%2Ff+&=-")
const urlText = segment.map((raw) => raw.replaceAll(" ", "%20"))
const queryPart = fc.oneof(fc.constantFrom("a=1", "b=2", "a=2", "a", "b=", "c=%2f"), urlText)

const original = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
  path: fc.array(urlText, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`),
  query: fc.array(queryPart, { maxLength: 4 }).map((parts) => parts.join("&")),
  headers: fc.uniqueArray(
    fc.tuple(fc.constantFrom("x-project-id", "x-stage", "content-type", "x-empty"), text("ab ,")),
    {
      selector: ([name]) => name,
    },
  ),
  alsoSigned: fc.subarray(["x-project-id", "x-stage", "content-type", "x-empty"]),
  body: fc.uint8Array({ maxLength: 5 }),
  namesHash: fc.boolean(),
})

type Mutation = (request: ModelRequest, at: number, with_: string) => ModelRequest

/** Changes one header line, or the list of them. */
const headerMutation =
  (change: (lines: (readonly [string, string])[], index: number, text: string) => void): Mutation =>
  (request, at, given) => {
    const headers = [...request.headers]
    change(headers, at % Math.max(1, headers.length), given)
    return { ...request, headers }
  }

const line = (lines: readonly (readonly [string, string])[], index: number): readonly [string, string] =>
  lines[index] ?? ["x-none", ""]

const edited = (whole: string, at: number, given: string): string => {
  const place = whole.length === 0 ? 0 : at % (whole.length + 1)
  return at % 3 === 0
    ? whole.slice(0, place) + given + whole.slice(place)
    : whole.slice(0, place) + whole.slice(place + 1)
}

const changeCaseOfEscapes = (whole: string): string =>
  whole.replaceAll(/%[\da-f]{2}/gi, (escaped) =>
    escaped === escaped.toLowerCase() ? escaped.toUpperCase() : escaped.toLowerCase(),
  )

const mutations: Readonly<Record<string, Mutation>> = {
  "another method": (request, at) => ({ ...request, method: ["GET", "POST", "PUT", "DELETE", "get"][at % 5] ?? "" }),
  "another path": (request, at, given) => ({ ...request, path: `/${edited(request.path.slice(1), at, given)}` }),
  "a slash at the end of the path": (request) => ({ ...request, path: `${request.path}/` }),
  "another query": (request, at, given) => ({ ...request, query: edited(request.query, at, given) }),
  "another order of the query": (request) => ({ ...request, query: request.query.split("&").reverse().join("&") }),
  "an empty pair": (request) => ({ ...request, query: `&${request.query}&` }),
  "other cases of escapes": (request) => ({
    ...request,
    path: changeCaseOfEscapes(request.path),
    query: changeCaseOfEscapes(request.query),
  }),
  "letters escaped": (request) => ({
    ...request,
    path: request.path.replaceAll("a", "%61"),
    query: request.query.replaceAll("a", "%61"),
  }),
  "slashes escaped": (request) => ({ ...request, path: `/${request.path.slice(1).replaceAll("/", "%2f")}` }),
  "another host in the URL": (request) => ({ ...request, origin: "https://b.example.com" }),
  "another order of headers": (request) => ({ ...request, headers: request.headers.toReversed() }),
  "header names in upper case": (request) => ({
    ...request,
    headers: request.headers.map(([name, value]) => [name.toUpperCase(), value] as const),
  }),
  "blanks around values": (request) => ({
    ...request,
    headers: request.headers.map(([name, value]) => [name, ` ${value}\t`] as const),
  }),
  "a header gone": headerMutation((lines, index) => lines.splice(index, 1)),
  "a header twice": headerMutation((lines, index) => lines.push(line(lines, index))),
  "a header twice, then empty": headerMutation((lines, index) => lines.push([line(lines, index)[0], ""])),
  "another value": headerMutation((lines, index, given) => {
    const [name, value] = line(lines, index)
    lines[index] = [name, edited(value, given.length * 7 + index, given)]
  }),
  "upper case in a value": headerMutation((lines, index) => {
    const [name, value] = line(lines, index)
    lines[index] = [name, value.toUpperCase()]
  }),
  "a header more": headerMutation((lines, index, given) =>
    lines.push([["via", "x-stage", "x-project-id", "x-empty"][index % 4] ?? "", given]),
  ),
  "a content hash more": (request) => ({
    ...request,
    headers: [...request.headers, ["x-sdk-content-sha256", "UNSIGNED-PAYLOAD"]],
  }),
  "no blanks after commas": headerMutation((lines) => {
    for (const [index, [name, value]] of lines.entries())
      if (name.toLowerCase() === "authorization") lines[index] = [name, value.replaceAll(", S", ",S")]
  }),
  "another list of signed headers": headerMutation((lines, at) => {
    for (const [index, [name, value]] of lines.entries())
      if (name.toLowerCase() === "authorization")
        lines[index] = [name, value.replace(";", at % 2 === 0 ? ";via;" : ";;").replace("host;", "")]
  }),
  "another body": (request, at) => ({ ...request, body: Uint8Array.of(...request.body, at % 256) }),
  "a body without its end": (request) => ({ ...request, body: request.body.slice(0, -1) }),
}

const verifier = createVerifier({
  keys: (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined),
  now,
  // The model knows what a signature covers, not what a server demands beyond that.
  allowUnsignedHost: true,
})

const runs = Number(process.env.COUNTERSIGN_RUNS ?? 20_000)

it("accepts a changed request if and only if the signature still covers all of it", { timeout: 600_000 }, () => {
  const seen = new Map<string, { accepted: number; refused: number }>()
  const changes = fc.array(
    fc.tuple(
      fc.constantFrom(...Object.keys(mutations)),
      fc.nat(1_000),
      fc.constantFrom("a", "b", "%", "2", "/", "é", ",", ""),
    ),
    { minLength: 1, maxLength: 2 },
  )
  fc.assert(
    fc.property(original, changes, ({ alsoSigned, namesHash, ...given }, list) => {
      const origin = "https://a.example.com"
      const url = origin + given.path + (given.query === "" ? "" : `?${given.query}`)
      const hash = createHash("sha256").update(given.body).digest("hex")
      const own: [string, string][] = [["host", "a.example.com"], ...given.headers]
      if (namesHash) own.push(["x-sdk-content-sha256", hash])
      const signedHeaders = ["host", ...alsoSigned.filter((name) => own.some(([one]) => one === name))]
      if (namesHash) signedHeaders.push("x-sdk-content-sha256")
      const set = sign({ method: given.method, url, headers: own, body: given.body }, credentials, {
        date,
        signedHeaders,
      })
      const request: ModelRequest = {
        method: given.method,
        origin,
        path: given.path,
        query: given.query,
        headers: [...own, ...Object.entries(set)],
        body: given.body,
      }
      const changed = list.reduce((one, [name, at, with_]) => mutations[name]?.(one, at, with_) ?? one, request)
      const expected = coverageOf(changed) === coverageOf(request)
      const verdict = verifier.verify({
        ...changed,
        url: changed.origin + changed.path + (changed.query && `?${changed.query}`),
      })
      expect(verdict, JSON.stringify(changed)).toHaveProperty("ok", expected)
      for (const [name] of list.length === 1 ? list : []) {
        const count = seen.get(name) ?? { accepted: 0, refused: 0 }
        count[expected ? "accepted" : "refused"]++
        seen.set(name, count)
      }
    }),
    { numRuns: runs, seed: 20_191_115 },
  )
  expect(seen.size).toBe(Object.keys(mutations).length)
  const total = [...seen.values()].reduce((sum, { accepted }) => sum + accepted, 0)
  expect(total).toBeGreaterThan(runs / 10)
  // Each of these keeps every signature; each of those breaks every one.
  for (const name of ["another order of the query", "header names in upper case", "no blanks after commas"])
    expect(seen.get(name)).toMatchObject({ refused: 0 })
  for (const name of ["another body", "a content hash more"]) expect(seen.get(name)).toMatchObject({ accepted: 0 })
})
