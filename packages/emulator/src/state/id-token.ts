import { createHmac, timingSafeEqual } from "node:crypto"

/** The claims of an id token (OpenID Connect Core, section 2). Times in seconds. */
export interface Claims {
  readonly iss: string
  readonly aud: string
  readonly sub: string
  readonly iat: number
  readonly exp: number
}

const HEADER = encoded({ alg: "HS256", typ: "JWT" })

/** A signed id token (RFC 7519, with HMAC-SHA256 as in RFC 7518). */
export function issueIdToken(claims: Claims, secret: string): string {
  const content = `${HEADER}.${encoded(claims)}`
  return `${content}.${signatureOf(content, secret).toString("base64url")}`
}

/** The content of an id token that this secret signed; `undefined` for any other text. Its validity is not checked. */
export function readIdToken(token: string, secret: string): unknown {
  const [header, claims = "", signature = "", ...rest] = token.split(".")
  const actual = Buffer.from(signature, "base64url")
  const expected = signatureOf(`${header}.${claims}`, secret)
  if (header !== HEADER || rest.length > 0 || actual.length !== expected.length) return undefined
  return timingSafeEqual(actual, expected) ? JSON.parse(Buffer.from(claims, "base64url").toString()) : undefined
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

function signatureOf(content: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(content).digest()
}
