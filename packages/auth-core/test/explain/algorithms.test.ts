import "../../src/p256.ts"
import "../../src/sm2.ts"
import { describe, expect, it } from "vitest"
import { type ExplainContext, type ExplainedRequest, type Explanation, explain } from "../../src/explain.ts"
import { canonicalRequest, type SignOptions, sign } from "../../src/signing/signer.ts"

const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const DATE = new Date("2026-11-29T10:00:00Z")
const HOST = "https://ecs.eu-de.otc.t-systems.com"

const FORMS: Readonly<Record<string, SignOptions>> = {
  "SDK-HMAC-SHA256": {},
  "SDK-HMAC-SM3": { algorithm: "SDK-HMAC-SM3" },
  "V11-HMAC-SHA256": { algorithm: "V11-HMAC-SHA256", region: "eu-de", service: "iotdm" },
  "SDK-ECDSA-P256-SHA256": { algorithm: "SDK-ECDSA-P256-SHA256" },
  "SDK-SM2-SM3": { algorithm: "SDK-SM2-SM3" },
  "the scoped form": { scoped: true, region: "eu-de", service: "ecs" },
  "the scoped form without a scope": { scoped: true },
}

function signed(given: ExplainedRequest, options: SignOptions): ExplainedRequest {
  const headers = { ...(given.headers as Record<string, string>) }
  return { ...given, headers: { ...headers, ...sign({ ...given, headers }, KEY, { date: DATE, ...options }) } }
}

/** Explains the refusal of a gateway that received `arrived` of what was sent. */
function explained(
  sent: ExplainedRequest,
  arrived: Partial<ExplainedRequest>,
  options: SignOptions,
  context: ExplainContext = { request: sent },
): Explanation {
  const { authorization = "", ...headers } = sent.headers as Record<string, string>
  const signedHeaders = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(";") ?? []
  const shown = canonicalRequest({ ...sent, headers, ...arrived }, { ...options, signedHeaders })
  const error_msg = `verify aksk signature fail, canonicalRequest:${shown.replaceAll("\n", "|")}`
  const body = JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id: "r1" })
  return explain({ status: 401, headers: { date: DATE.toUTCString() }, body }, context)
}

describe.each(Object.entries(FORMS))("a refused signature by %s", (_, options) => {
  const post = signed({ method: "POST", url: `${HOST}/v1/p1/x?q=1&r=a%20b`, body: '{"a":1}' }, options)
  const empty = signed({ method: "POST", url: `${HOST}/v1/p1/x?q=1&r=a%20b`, body: null }, options)
  const get = signed({ method: "GET", url: `${HOST}/v1/p1/x?limit=10&Zeta=1&alpha=b%20c` }, options)

  it.each([
    ["a POST", post],
    ["a POST without a body", empty],
    ["a GET", get],
  ])("is the key's fault where both sides agree on %s", (_, request) => {
    const { cause, differences } = explained(request, {}, options)
    expect({ cause, differences }).toEqual({ cause: "wrong-secret-key", differences: [] })
  })

  it.each<[string, ExplainedRequest, Partial<ExplainedRequest>, cause: string, where: string]>([
    ["a body in other JSON", post, { body: '{"a": 1}' }, "body-json-rewritten", "body"],
    ["a lost body", post, { body: null }, "body-lost", "body"],
    [
      "a lost parameter",
      get,
      { url: `${HOST}/v1/p1/x?limit=10&Zeta=1` },
      "query-parameter-lost",
      "query parameter alpha",
    ],
    [
      "an encoded path",
      get,
      { url: `${HOST}/v1/p1/x%2520y?limit=10&Zeta=1&alpha=b%20c` },
      "unknown-difference",
      "path",
    ],
    ["another host", post, { url: `https://proxy.example.com/v1/p1/x?q=1&r=a%20b` }, "host-changed", "header host"],
  ])("is explained by %s", (_, request, arrived, cause, where) => {
    const { differences } = explained(request, arrived, options)
    expect(differences).toContainEqual(expect.objectContaining({ cause, where }))
  })

  it("names no difference where the body is not known", () => {
    for (const request of [post, empty]) {
      const { body: _, ...known } = request
      const explanation = explained(request, {}, options, { request: known })
      expect(explanation).toMatchObject({ differences: [], confidence: "possible" })
      expect(explanation.evidence).toContain("The body as it was signed is not known.")
    }
  })

  it("names one difference where a request without a body lost a parameter", () => {
    const { differences } = explained(empty, { url: `${HOST}/v1/p1/x?q=1` }, options)
    // The scoped form has only the hash of such a query.
    const [cause, where] =
      options.scoped === true ? ["unknown-difference", "query"] : ["query-parameter-lost", "query parameter r"]
    expect(differences).toEqual([expect.objectContaining({ cause, where })])
  })

  it("names only the body where it was lost or added", () => {
    expect(explained(post, { body: null }, options).differences).toEqual([
      expect.objectContaining({ cause: "body-lost", where: "body", received: expect.stringContaining("no body") }),
    ])
    expect(explained(empty, { body: '{"a":1}' }, options).differences).toEqual([
      expect.objectContaining({ cause: "body-changed", where: "body", expected: expect.stringContaining("no body") }),
    ])
  })
})

it.each([
  ["scoped", "plain", { scoped: true }, {}],
  ["plain", "scoped", {}, { scoped: true }],
] as const)("a gateway that computes another form is recognised: signed %s, computed %s", (_, form, ours, theirs) => {
  const request = signed({ method: "POST", url: `${HOST}/v1/p1/x?q=1`, body: null }, ours)
  const explanation = explained(request, {}, theirs)
  expect(explanation).toMatchObject({ cause: "wrong-algorithm", where: "algorithm", confidence: "likely" })
  expect(explanation.evidence).toEqual([`The gateway computed the canonical request of the ${form} form.`])
})
