import { describe, expect, it } from "vitest"
import { hashHex } from "#digest"
import { traitsOf } from "../../src/signing/algorithm.ts"
import { canonicalRequest } from "../../src/signing/canonical-request.ts"
import { sign } from "../../src/signing/sign.ts"
import { stringToSign } from "../../src/signing/string-to-sign.ts"
import { type VerifyResult, verify } from "../../src/signing/verify.ts"
import { type Vector, vectors } from "./vectors.ts"

const [workedExample] = vectors

describe("the worked example of the signing guide", () => {
  it("gives the published signature", () => {
    const { request, credentials, options, signature } = workedExample as Vector
    expect(sign(request, credentials, options)["authorization"]).toBe(
      "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    )
    expect(signature).toBe("7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe")
  })
})

it("there are 531 vectors", () => {
  expect(vectors).toHaveLength(531)
})

describe.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
  const { request, credentials, options, algorithm } = vector

  it("has the canonical request, the string to sign and the signature that official implementations agree on", () => {
    const canonical = canonicalRequest(request, options)
    expect(canonical).toBe(vector.canonicalRequest)
    const date = vector.sentHeaders["X-Sdk-Date"] ?? ""
    const scope = options.region === undefined ? undefined : `${date.slice(0, 8)}/${options.region}/${options.service}`
    expect(stringToSign(algorithm, date, scope, hashHex(traitsOf(algorithm).hash, canonical))).toBe(vector.stringToSign)
    expect(sign(request, credentials, options)["authorization"]).toBe(vector.authorization)
  })

  it("is accepted, and refused with any one byte changed", async () => {
    expect(await verdict(vector)).toEqual({ ok: true, accessKeyId: credentials.accessKeyId })
    for (const [what, changed] of oneByteChanged(vector)) {
      expect(await verdict(changed), what).toMatchObject({ ok: false })
    }
  })
})

function verdict({ request, credentials, authorization }: Vector): Promise<VerifyResult> {
  return verify(
    { ...request, headers: [...request.headers, ["Authorization", authorization]] },
    {
      secretFor: async () => credentials,
      now: () => Date.UTC(2019, 10, 15, 3, 36, 55),
      maxSkewMs: Number.POSITIVE_INFINITY,
    },
  )
}

/** Another character of the same kind, so that the text keeps its form. */
function turned(character: string): string {
  return character === "a" ? "b" : "a"
}

function withTurned(text: string, index: number): string {
  return text.slice(0, index) + turned(text.charAt(index)) + text.slice(index + 1)
}

function* oneByteChanged(vector: Vector): Generator<[string, Vector]> {
  const { request, credentials, signedHeaders } = vector
  const change = (part: Partial<Vector["request"]>): Vector => ({ ...vector, request: { ...request, ...part } })
  yield ["method", change({ method: withTurned(request.method, request.method.length - 1) })]

  const start = /^https?:\/\/[^/?#]*/.exec(request.url)?.[0].length ?? 0
  for (let index = start; index < request.url.length; index++) {
    if (/[A-Za-z0-9]/.test(request.url.charAt(index)) && !/%.?$/.test(request.url.slice(0, index))) {
      yield [`URL at ${index}`, change({ url: withTurned(request.url, index) })]
    }
  }
  for (const [position, [name, value]] of request.headers.entries() as IterableIterator<[number, [string, string]]>) {
    if (!signedHeaders.split(";").includes(name.toLowerCase())) continue
    const indexes = Array.from(value, (_, index) => index).filter(
      (index) => name !== "X-Sdk-Date" || /\d/.test(value.charAt(index)),
    )
    for (const index of indexes) {
      const digit = name === "X-Sdk-Date" ? String((Number(value.charAt(index)) + 1) % 10) : turned(value.charAt(index))
      const headers = request.headers.with(position, [name, value.slice(0, index) + digit + value.slice(index + 1)])
      yield [`header ${name} at ${index}`, change({ headers })]
    }
  }
  const isUnsigned = /\nUNSIGNED-PAYLOAD$/.test(vector.canonicalRequest)
  if (!isUnsigned) {
    const bytes = Buffer.from(request.body ?? "")
    for (const index of bytes.keys()) {
      const body = Buffer.from(bytes)
      body[index] = (body[index] ?? 0) ^ 1
      yield [`body at ${index}`, change({ body })]
    }
    yield ["body, one byte more", change({ body: Buffer.concat([bytes, Buffer.from("x")]) })]
  }
  const { secretAccessKey } = credentials
  for (const index of [0, secretAccessKey.length - 1]) {
    yield [
      `key at ${index}`,
      { ...vector, credentials: { ...credentials, secretAccessKey: withTurned(secretAccessKey, index) } },
    ]
  }
}
