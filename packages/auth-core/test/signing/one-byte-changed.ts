import type { Vector } from "./vectors.ts"

/**
 * The same request again and again, each time with one byte changed: of the method, the path, the query, a signed header,
 * the body unless it is left out of the signature, the key or the signature. Yields what was changed, and the outcome.
 */
export function* oneByteChanged(vector: Vector): Generator<[string, Vector]> {
  const { request, credentials, authorization } = vector
  const change = (part: Partial<Vector["request"]>): Vector => ({ ...vector, request: { ...request, ...part } })

  for (const [index, method] of changesOf(request.method)) yield [`method at ${index}`, change({ method })]

  // A first slash turned into a letter would only move the end of the host.
  const target = /^https?:\/\/[^/?#]*\/?/.exec(request.url)?.[0].length ?? 0
  for (const [index, rest] of changesOf(request.url.slice(target))) {
    yield [`URL at ${target + index}`, change({ url: request.url.slice(0, target) + rest })]
  }

  const signed = vector.signedHeaders.split(";")
  for (const [position, [name, text]] of request.headers.entries()) {
    if (!signed.includes(name.toLowerCase())) continue
    for (const [index, value] of name === "X-Sdk-Date" ? otherDigits(text) : changesOf(text)) {
      yield [`${name} at ${index}`, change({ headers: request.headers.with(position, [name, value]) })]
    }
  }

  if (!vector.canonicalRequest.endsWith("\nUNSIGNED-PAYLOAD")) {
    const bytes = Buffer.from(request.body ?? "")
    // A sample of the bytes is enough for a long body.
    for (let index = 0; index < bytes.length; index += bytes.length > 1_000 ? 997 : 1) {
      const body = Buffer.from(bytes)
      body.writeUInt8(bytes.readUInt8(index) ^ 1, index)
      yield [`body at ${index}`, change({ body })]
    }
    yield ["body, one byte longer", change({ body: Buffer.concat([bytes, Buffer.from("x")]) })]
    if (bytes.length > 0) yield ["body, one byte shorter", change({ body: bytes.subarray(1) })]
  }

  for (const [index, secretAccessKey] of changesOf(credentials.secretAccessKey)) {
    yield [`key at ${index}`, { ...vector, credentials: { ...credentials, secretAccessKey } }]
  }
  for (const [index, changed] of changesOf(authorization)) {
    yield [`Authorization at ${index}`, { ...vector, authorization: changed }]
  }
}

/** Never the same letter in another case, since that is the same byte in an escape. */
function* changesOf(text: string): Generator<[number, string]> {
  for (let index = 0; index < text.length; index++) {
    const other = /a/i.test(text.charAt(index)) ? "b" : "a"
    yield [index, text.slice(0, index) + other + text.slice(index + 1)]
  }
}

function* otherDigits(date: string): Generator<[number, string]> {
  for (let index = 0; index < date.length; index++) {
    const digit = Number(date.charAt(index))
    if (!Number.isNaN(digit)) yield [index, date.slice(0, index) + ((digit + 1) % 10) + date.slice(index + 1)]
  }
}
