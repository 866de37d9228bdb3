import { describe, expect, it } from "vitest"
import { LONGEST_ANSWER } from "../../src/explain/answer.ts"
import { type ExplainContext, explain } from "../../src/explain.ts"

const LENGTH = 1_000_000
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
const repeated = (part: string, length = LENGTH): string => part.repeat(Math.ceil(length / part.length))
const numbered = (count: number, text: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => text(index))

const refusal = (error_msg: string, error_code = "APIGW.0301") => ({
  status: 401,
  headers: {},
  body: JSON.stringify({ error_code, error_msg, request_id: "r1" }),
})
const mismatched = ({
  method = "GET",
  path = "/",
  query = "a=b",
  headers = "host:a.example",
  list = "host",
  hash = EMPTY,
}) => refusal(`verify aksk signature fail, canonicalRequest: ${method}|${path}|${query}|${headers}||${list}|${hash}`)

const request = {
  method: "GET",
  url: "https://a.example/?a=b",
  headers: {
    authorization: `SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    "x-sdk-date": "20260101T000000Z",
  },
}
const post = { ...request, method: "POST" }
const otherBody = mismatched({ method: "POST", hash: "a".repeat(64) })

/** Texts for which a pattern, or a loop in a loop, would take the square of the time. */
const LONG: readonly [name: string, refused: unknown, context?: ExplainContext][] = [
  ...[
    "eyJa-",
    "eyJa.",
    "ak ",
    "ak:",
    "app key ",
    'sk="',
    "sk='\\",
    "a-a:",
    " ",
    "\n",
    "a-",
    "token ",
    "<Error><Code>",
  ].map((part): [string, unknown] => [`a message of ${JSON.stringify(part)}`, refusal(repeated(part))]),
  ...["{", '"', "ak ", " ", "canonicalRequest: ", "signature time:2020", "expires_at: 2"].map(
    (part): [string, unknown] => [`a text of ${JSON.stringify(part)}`, { status: 401, body: repeated(part) }],
  ),
  ["white space before the canonical request", refusal(`${repeated(" ", 200_000)}x canonicalRequest: GET|/||`)],
  ["white space behind it", refusal(`canonicalRequest: GET|/|${repeated(" ", 200_000)}x`)],
  ["a code", refusal("x", repeated("a:"))],
  ["a request id", { status: 401, body: JSON.stringify({ error_msg: "x", request_id: repeated("ak ") }) }],
  ["a path that is encoded often", mismatched({ path: `/a%${repeated("25", 200_000)}41/` }), { request }],
  ["a query that is encoded often", mismatched({ query: `a=%${repeated("25", 200_000)}41` }), { request }],
  [
    "many parameters",
    mismatched({ query: numbered(20_000, (index) => `a${index}=1`).join("&") }),
    { request: { ...request, url: `https://a.example/?${numbered(50_000, (index) => `b${index}=1`).join("&")}` } },
  ],
  [
    "many headers",
    mismatched({
      headers: numbered(10_000, (index) => `h${index}:1`).join("|"),
      list: numbered(10_000, (index) => `h${index}`).join(";"),
    }),
    { request },
  ],
  [
    "many headers with one name",
    mismatched({ headers: repeated("h:1|", 100_000), list: repeated("h;", 100_000).slice(0, -1) }),
    { request },
  ],
  [
    "many secrets in the request",
    refusal(repeated("x")),
    {
      request: {
        ...request,
        headers: Object.fromEntries(
          Array.from({ length: 20_000 }, (_, index) => [`x-token-${index}`, `secret${index}`]),
        ),
      },
    },
  ],
  [
    "JSON in the request",
    otherBody,
    { request: { ...post, body: JSON.stringify(numbered(30_000, (index) => `é${index}`)) } },
  ],
  ["large JSON in the request", otherBody, { request: { ...post, body: JSON.stringify(repeated("é")) } }],
  ["text in the request", otherBody, { request: { ...post, body: repeated("<é> ", 250_000) } }],
  ["deep JSON in the request", otherBody, { request: { ...post, body: `${"[".repeat(60_000)}${"]".repeat(60_000)}` } }],
  ["JSON with a long number", otherBody, { request: { ...post, body: `[1${"0".repeat(100_000)}1]` } }],
  [
    "a logged canonical request",
    otherBody,
    { canonicalRequest: `POST\n/\n${repeated("a=1&")}\nhost:a\n\nhost\n${EMPTY}` },
  ],
  ["bytes", { status: 401, body: new Uint8Array(50 * LENGTH) }],
]

describe("explain with a megabyte", () => {
  it.each(LONG)("of %s ends soon, and is readable", async (_, refused, context = {}) => {
    await explain(refusal("a first call compiles the patterns"))
    const started = performance.now()
    const explanation = await explain(refused, context)
    const text = String(explanation)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(text.length + JSON.stringify(explanation).length).toBeLessThan(100_000)
  })
})

describe("a long value", () => {
  it("is cut with a word that says so, around the place that differs", () => {
    const words = repeated("word%20", 20_000)
    const url = `https://a.example/?a=${words}1${words}`
    const { expected, received } = explain(mismatched({ query: `a=${words}2${words}` }), {
      request: { ...request, url },
    })
    expect(expected).toMatch(/^….*word%201word%20.*… \[cut, \d+ characters in all\]$/)
    expect(received).toMatch(/^….*word%202word%20.*… \[cut, \d+ characters in all\]$/)
  })

  it("of a message is cut, not within a secret", () => {
    const secret = `${"aB3".repeat(13)}x`
    const { errorMessage = "" } = explain(refusal(`${repeated("A", 3_980)} ${secret} ${repeated("b ", 9_000)}`)).refusal
    expect(errorMessage).toMatch(/\[cut, \d+ characters in all\]$/)
    expect(errorMessage).not.toContain("aB3aB3")
  })
})

describe("the body of an answer", () => {
  it("is read to a limit", async () => {
    let pulled = 0
    const piece = new TextEncoder().encode(repeated("x", 64 * 1024))
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1
        controller.enqueue(piece)
      },
    })
    expect(await explain(new Response(endless, { status: 401 }))).toMatchObject({ cause: "credentials-refused" })
    expect(pulled).toBeLessThan((4 * LONGEST_ANSWER) / piece.length)
  })

  it("of undici is read to a limit", async () => {
    let given = 0
    const body = {
      text: () => Promise.reject(new Error("too much")),
      async *[Symbol.asyncIterator]() {
        for (;;) {
          given += 1
          yield new TextEncoder().encode(repeated("x", 64 * 1024))
        }
      },
    }
    expect(await explain({ statusCode: 401, headers: {}, body })).toMatchObject({ cause: "credentials-refused" })
    expect(given).toBeLessThan(8)
  })
})
