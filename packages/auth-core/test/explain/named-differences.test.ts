import { describe, expect, it } from "vitest"
import { type Cause, type ExplainedRequest, explain } from "../../src/explain.ts"
import { canonicalRequest, sign } from "../../src/signing/signer.ts"

const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }

interface Sent {
  readonly url?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Explains a request that is signed in one form and arrives in another. */
function changed(signed: Sent, arrived: Sent) {
  const plain = { method: "POST", url: "https://a.example/v1/x", body: "", headers: {}, ...signed }
  const request: ExplainedRequest = { ...plain, headers: { ...plain.headers, ...sign(plain, KEY) } }
  const { authorization = "", ...headers } = request.headers as Record<string, string>
  const signedHeaders = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(";") ?? []
  const received = { ...plain, ...arrived, headers: { ...headers, ...arrived.headers } }
  const text = canonicalRequest(received, { signedHeaders }).replaceAll("\n", "|")
  const error_msg = `Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest: ${text}`
  return explain({ status: 401, body: JSON.stringify({ error_code: "APIGW.0301", error_msg }) }, { request })
}

describe("a body", () => {
  it.each<[signed: string, arrived: string, cause: Cause]>([
    ["{}", '{"evil":1}', "body-changed"],
    ["[]", "[1]", "body-changed"],
    ["true", "false", "body-changed"],
    ["0", "1", "body-changed"],
    ["null", "{}", "body-changed"],
    ['""', '"x"', "body-changed"],
    ["{}", "{}\n", "body-json-rewritten"],
    ["{}", "", "body-lost"],
    ["[object Object]", '{"a":1}', "body-placeholder"],
    ["undefined", '{"a":1}', "body-placeholder"],
    ['{"a":1}', "{}", "body-placeholder"],
    ["", "{}", "body-placeholder"],
    ['{"a":12345678901234567890}', '{"a":12345678901234567000}', "body-changed"],
    ['{"a":0.1234567890123456789}', '{"a":0.12345678901234568}', "body-changed"],
    ['{"a":1e400}', '{"a":null}', "body-changed"],
    ['{"a":1,"a":2}', '{"a":2}', "body-changed"],
    ['{"a":1,"b":{"a":2}}', '{"b":{"a":2},"a":1}', "body-json-rewritten"],
    ['{"a":[1.50,2e3,-0.0]}', '{"a":[1.5,2000,0]}', "body-json-rewritten"],
    ['{"a":"{\\"a\\":1}","b":1.0}', '{"a":"{\\"a\\":1}","b":1}', "body-json-rewritten"],
  ])("%s that arrives as %s is %s", (body, arrived, cause) => {
    expect(changed({ body }, { body: arrived })).toMatchObject({ cause, where: "body", confidence: "certain" })
  })

  it.each([
    ['{"a":12345678901234567890}', '{"a":12345678901234567000}', "digits of a number"],
    ['{"a":1,"a":2}', '{"a":2}', "a key that it has twice"],
  ])("%s says what was lost", (body, arrived, lost) => {
    expect(changed({ body }, { body: arrived }).received).toContain(`written anew, which lost ${lost} (hash `)
  })
})

describe("a header", () => {
  it.each<[signed: string, arrived: string, cause: Cause]>([
    ["a;b", "a,b", "header-changed"],
    ["p,p", "p", "header-changed"],
    ["a, b", "a,b", "header-folded"],
    ["a  b", "a b", "header-folded"],
    ["a; b", "a;b", "header-folded"],
    ["p", "p, p", "header-folded"],
  ])("%s that arrives as %s is %s", (value, arrived, cause) => {
    const explanation = changed({ headers: { "x-project-id": value } }, { headers: { "x-project-id": arrived } })
    expect(explanation).toMatchObject({ cause, where: "header x-project-id" })
  })
})

describe("a query", () => {
  it.each<[signed: string, arrived: string, cause: Cause]>([
    ["a=b%3Dc", "a%3Db=c", "unknown-difference"],
    ["a=%2541", "a=%252541", "query-encoded-otherwise"],
    ["a=100%2525", "a=100%25", "query-encoded-otherwise"],
    ["a=1&a=1", "a=1", "query-parameter-lost"],
    ["a=1", "a=1&a=1", "query-parameter-added"],
  ])("%s that arrives as %s is %s", (query, arrived, cause) => {
    const at = (text: string): Sent => ({ url: `https://a.example/v1/x?${text}` })
    expect(changed(at(query), at(arrived)).cause).toBe(cause)
  })
})

describe("a secret in a query", () => {
  const SECRET = "S3kretSkS3kretSkS3kretSkS3kretSkS3kretSk"
  const at = (name: string) =>
    changed({ url: `https://a.example/x?${name}=${SECRET}` }, { url: `https://a.example/x?${name}=${SECRET}X` })

  it.each([
    ..."sk SK pwd pass adminPass adminpass passphrase passcode otp pin ak jwt sig sign session sid assertion".split(
      " ",
    ),
    ..."samlresponse SAMLResponse saml hmac private bearer refresh client_assertion x-sk userSK SKOld sk1".split(" "),
    ..."x-apig-appcode access_token apikey signature JSESSIONID PHPSESSID id-token set-cookie".split(" "),
  ])("is not shown: %s", (name) => {
    const explanation = at(name)
    expect(explanation.cause).toBe("unknown-difference")
    expect(String(explanation) + JSON.stringify(explanation)).not.toContain("S3kretSk")
  })

  it.each("assignee design signed disk taskId skip bypass compass passenger possession author keyword".split(" "))(
    "is not supposed by a plain word: %s",
    (name) => {
      expect(String(at(name))).toContain(`${name}=${SECRET}X`)
    },
  )
})
