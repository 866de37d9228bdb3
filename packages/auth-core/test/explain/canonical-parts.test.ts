import { describe, expect, it } from "vitest"
import { findCanonicalRequest, parseCanonicalRequest } from "../../src/explain/canonical-parts.ts"

const HASH = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
const LINES = `DELETE\n/v2/p/urn%3Afss/\n\nhost:fgs.example.com\nx-sdk-date:20210824T025548Z\n\nhost;x-sdk-date\n${HASH}`
const PARTS = {
  method: "DELETE",
  path: "/v2/p/urn%3Afss/",
  query: "",
  headers: new Map([
    ["host", "fgs.example.com"],
    ["x-sdk-date", "20210824T025548Z"],
  ]),
  signedHeaders: ["host", "x-sdk-date"],
  payloadHash: HASH,
}

describe("parseCanonicalRequest", () => {
  it.each([
    ["line breaks", LINES],
    ["Windows' line breaks", LINES.replaceAll("\n", "\r\n")],
    ["| in their place", LINES.replaceAll("\n", "|")],
    ["\\n as two characters", LINES.replaceAll("\n", "\\n")],
    ["\\r\\n as four characters", LINES.replaceAll("\n", "\\r\\n")],
    ["white space around it", ` ${LINES.replaceAll("\n", "|")} `],
    ["words behind it", `${LINES.replaceAll("\n", "|")}, request id 1`],
  ])("reads it with %s", (_, text) => {
    expect(parseCanonicalRequest(text)).toEqual(PARTS)
  })

  it("treats | as part of a value if no signed name follows", () => {
    const text = `GET|/||a:1|b:2|accept:x|y|host:h|x-sdk-date:d||a;accept;host;x-sdk-date|${HASH}`
    expect(parseCanonicalRequest(text)?.headers).toEqual(
      new Map([
        ["a", "1|b:2"],
        ["accept", "x|y"],
        ["host", "h"],
        ["x-sdk-date", "d"],
      ]),
    )
  })

  it("leaves out a listed header without a line, and keeps an empty one", () => {
    const text = `GET|/||host:h|x-project-id:|x-sdk-date:d||accept;host;x-project-id;x-sdk-date|${HASH}`
    expect([...(parseCanonicalRequest(text)?.headers.entries() ?? [])]).toEqual([
      ["host", "h"],
      ["x-project-id", ""],
      ["x-sdk-date", "d"],
    ])
  })

  it.each([
    ["in the headers", "GET|/v1/|a=1|host:h|x-sdk-da", ["host"]],
    ["in the list", "GET|/v1/|a=1|host:h|x-sdk-date:d||host;x-s", ["host", "x-sdk-date"]],
  ])("reads the rest of a canonical request that is cut %s", (_, text, names) => {
    const parts = parseCanonicalRequest(text)
    expect(parts).toMatchObject({ method: "GET", path: "/v1/", query: "a=1", payloadHash: undefined })
    expect([...(parts?.headers.keys() ?? [])]).toEqual(names)
    expect(parts?.signedHeaders).toBeUndefined()
  })

  it("does not accept a cut hash", () => {
    const parts = parseCanonicalRequest(`GET|/v1/||host:h|x-sdk-date:d||host;x-sdk-date|${HASH.slice(0, 20)}`)
    expect(parts).toMatchObject({ signedHeaders: ["host", "x-sdk-date"], payloadHash: undefined })
  })

  it.each(["", "GET", "GET|v1|", "|||||", "verify aksk signature fail", "{}"])("gives nothing for %j", (text) => {
    expect(parseCanonicalRequest(text)).toBeUndefined()
  })
})

describe("findCanonicalRequest", () => {
  const line = LINES.replaceAll("\n", "|")

  it.each([
    `verify aksk signature fail, canonicalRequest:${line}`,
    `verify aksk signature fail, canonicalRequest: ${line}`,
    `verify aksk signature fail, canonical request is: ${line}`,
    `{"error_msg":"verify aksk signature fail, canonicalRequest:${line}","error_code":"APIGW.0301"}`,
    `{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail, canonicalRequest:${line}"}`,
    `{"error_msg":"verify aksk signature fail, canonicalRequest:${line.replaceAll("/", "\\/")}`,
  ])("finds it in %s", (text) => {
    const found = findCanonicalRequest(text)
    expect(found?.before).toMatch(/verify aksk signature fail$/)
    expect(parseCanonicalRequest(found?.canonicalRequest ?? "")).toEqual(PARTS)
  })

  it("gives nothing if there is none", () => {
    expect(findCanonicalRequest("verify aksk signature fail")).toBeUndefined()
  })
})
