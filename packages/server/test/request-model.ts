import { createHash } from "node:crypto"
import type { SignedRequest } from "./signed-request.ts"

/** A request as a list of header lines, so that names can repeat. */
export interface ModelRequest extends Omit<SignedRequest, "headers" | "url" | "body"> {
  readonly origin: string
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

/**
 * The content that a signature by SDK-HMAC-SHA256 covers, in a form of the test's own: two requests have the same signature
 * if and only if this is the same. It follows the guide's prose, and shares nothing with the code that signs and verifies.
 */
export function coverageOf(request: ModelRequest): string {
  const valuesOf = (name: string): string[] =>
    request.headers.flatMap(([given, value]) => (given.toLowerCase() === name ? [value.trim()] : []))
  const combined = (name: string): string | null => {
    const values = valuesOf(name)
    return values.length === 0 ? null : values.join(", ")
  }
  const authorization = combined("authorization") ?? ""
  const [, key, names = "", signature] =
    /^SDK-HMAC-SHA256 Access=(\w+), ?SignedHeaders=([^, ]+), ?Signature=([0-9a-f]{64})$/.exec(authorization) ?? []
  if (key === undefined) return `not a signature: ${authorization}`
  const host = new URL(request.origin).host
  const hash = createHash("sha256").update(request.body).digest("hex")
  const named = combined("x-sdk-content-sha256")
  if (named !== null && named.toLowerCase() !== hash) return "the body is not the one that the header names"
  return JSON.stringify({
    key,
    signature,
    names,
    method: request.method,
    path: `${withoutLastSlash(decoded(request.path))}/`,
    query: request.query
      .split("&")
      .filter((part) => part !== "")
      .map((part) => {
        const [name = "", ...value] = part.split("=")
        return [decoded(name), decoded(value.join("="))]
      })
      .sort(([a = "", c = ""], [b = "", d = ""]) => (a === b ? Number(c > d) - Number(c < d) : a > b ? 1 : -1)),
    // Without a Host header of its own, a request has that of its URL.
    values: names.split(";").map((name) => combined(name) ?? (name === "host" ? host : null)),
    date: combined("x-sdk-date"),
    payload: named ?? hash,
  })
}

function withoutLastSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path
}

/** A character for each byte; a `%` that starts no escape is itself. */
function decoded(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
