import { hash as digest } from "node:crypto"
import { gunzipSync } from "node:zlib"
import { createSignatureCheck } from "@countersign/auth-core/explain"
import { type CanonicalParts, canonicalText, inScopedForm } from "./canonical-parts.ts"
import type { ClaimedSignature } from "./claimed-signature.ts"
import type { SignedDifference } from "./record.ts"

/** A secret to try, and its owner in words. */
export interface TriedSecret {
  readonly secretAccessKey: string
  readonly words: string
}

/** The request that was signed, if another one arrived. */
export interface SignedRequest {
  readonly parts: CanonicalParts
  readonly differences: readonly SignedDifference[]
}

/** The reverse of a change that clients and proxies are known to make. */
interface Variant extends SignedDifference {
  apply(parts: CanonicalParts): CanonicalParts
}

/** A request whose signature does not fit. */
export interface MismatchedRequest {
  /** The canonical request of the one that arrived, unmasked. A scoped one has its query and its payload apart. */
  readonly arrived: CanonicalParts
  readonly claimed: ClaimedSignature
  /** The secret of the key that the request names. */
  readonly secretAccessKey: string
  readonly otherSecrets: readonly TriedSecret[]
  /** The bytes of the body, if they are kept. */
  readonly content: Uint8Array | undefined
  /** Values of Host that a client may have signed in place of the one that arrived. */
  readonly hosts: readonly string[]
}

/** Each takes some 10 microseconds. A usual request needs fewer, one with hundreds of parameters far more. */
const MOST_TRIALS = 5_000
/** Each takes some milliseconds, since a signature with a nonce cannot be made again, only verified. */
const MOST_VERIFIED_TRIALS = 200

/**
 * Finds by trial what the client signed. Each candidate undoes one or two changes that are common on the way, or takes
 * another secret. If the signature that came fits it, the candidate is certainly what was signed.
 */
export function findSignedRequest(request: MismatchedRequest): SignedRequest | undefined {
  const { arrived, claimed, secretAccessKey } = request
  const ofForm = claimed.scoped ? inScopedForm : (parts: CanonicalParts): CanonicalParts => parts
  const checkWith = (secret: string): ((parts: CanonicalParts) => boolean) => {
    const isSigned = createSignatureCheck(claimed, secret, claimed.date)
    return (parts) => isSigned(canonicalText(ofForm(parts)))
  }
  let trialsLeft = claimed.algorithm.includes("HMAC") ? MOST_TRIALS : MOST_VERIFIED_TRIALS
  for (const { secretAccessKey: other, words } of [...mistypedSecrets(secretAccessKey), ...request.otherSecrets]) {
    if (trialsLeft-- === 0) return undefined
    if (checkWith(other)(arrived)) {
      return { parts: ofForm(arrived), differences: [{ part: "key", words: `it was signed with ${words}` }] }
    }
  }
  const isSigned = checkWith(secretAccessKey)
  for (const { parts, differences } of candidates(arrived, variantsOf(request))) {
    if (trialsLeft-- === 0) return undefined
    if (isSigned(parts)) return { parts: ofForm(parts), differences }
  }
  return undefined
}

function* candidates(arrived: CanonicalParts, variants: readonly Variant[]): Generator<SignedRequest> {
  for (const variant of variants) yield { parts: variant.apply(arrived), differences: [differenceOf(variant)] }
  for (const [index, one] of variants.entries()) {
    for (const other of variants.slice(index + 1)) {
      // Two changes of one part contradict each other, except for headers.
      if (one.part === other.part && one.part !== "header") continue
      yield { parts: other.apply(one.apply(arrived)), differences: [differenceOf(one), differenceOf(other)] }
    }
  }
}

function differenceOf({ part, words }: Variant): SignedDifference {
  return { part, words }
}

function variantsOf({ arrived, content, claimed, hosts }: MismatchedRequest): Variant[] {
  return [
    ...methodVariants(arrived),
    ...pathVariants(arrived),
    ...queryVariants(arrived),
    ...headerVariants(arrived, hosts),
    ...bodyVariants(arrived, content, claimed.hash),
  ]
}

function methodVariants({ method }: CanonicalParts): Variant[] {
  return ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", method.toLowerCase()]
    .filter((other) => other !== method)
    .map((other) => ({
      part: "method",
      words: `${other} was signed, ${method} arrived`,
      apply: (parts) => ({ ...parts, method: other }),
    }))
}

function pathVariants({ uri }: CanonicalParts): Variant[] {
  const segments = uri.split("/").slice(1, -1)
  const found: [string, string][] = [
    [uri.slice(0, -1), "the path was signed without the slash at its end"],
    [uri.replaceAll("%", "%25"), "the path was percent-encoded twice before it was signed"],
    [encodedOnceLess(uri), "the path was percent-encoded once more after it was signed"],
    [decoded(uri), "the path was signed without percent-encoding"],
    [uri.replaceAll(/\/{2,}/g, "/"), "the path was signed with single slashes"],
    [uri.toLowerCase(), "the path was signed in lower case"],
    ["/", "the path was left out of the signature"],
    ...segments.map((_, index): [string, string] => [
      `/${segments.slice(index + 1).join("/")}/`.replace("//", "/"),
      `the path was signed without /${segments.slice(0, index + 1).join("/")} at its beginning`,
    ]),
    [`/${segments.slice(0, -1).join("/")}/`.replace("//", "/"), "the path was signed without its last segment"],
  ]
  return unlike(uri, found).map(([other, words]) => ({
    part: "path",
    words,
    apply: (parts) => ({ ...parts, uri: other }),
  }))
}

function queryVariants({ query }: CanonicalParts): Variant[] {
  if (query === "") return []
  const pairs = query.split("&")
  const found: [string, string][] = [
    ["", "the query was left out of the signature"],
    [query.replaceAll("%20", "+"), "blanks of the query were signed as +"],
    [query.replaceAll("%20", "%2B"), "a + of the query was signed as a plus sign, and arrived as a blank"],
    [query.replaceAll("%2B", "%20"), "blanks of the query were signed as blanks, and arrived as +"],
    [query.replaceAll("%", "%25"), "the query was percent-encoded twice before it was signed"],
    [encodedOnceLess(query), "the query was percent-encoded once more after it was signed"],
    [decoded(query), "the query was signed without percent-encoding"],
    [pairs.map((pair) => pair.replace(/=$/, "")).join("&"), "parameters without a value were signed without ="],
    [pairs.toReversed().join("&"), "the query was signed in another order"],
    ...pairs.map((pair, index): [string, string] => [
      pairs.toSpliced(index, 1).join("&"),
      `the parameter ${nameOf(pair)} was added after signing`,
    ]),
  ]
  return unlike(query, found).map(([other, words]) => ({
    part: "query",
    words,
    apply: (parts) => ({ ...parts, query: other }),
  }))
}

const CONTENT_TYPES = [
  "application/json",
  "application/json;charset=utf-8",
  "application/json; charset=utf-8",
  "application/json;charset=UTF-8",
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded;charset=utf-8",
  "application/x-www-form-urlencoded;charset=UTF-8",
  "text/plain;charset=UTF-8",
]

function headerVariants({ headers }: CanonicalParts, hosts: readonly string[]): Variant[] {
  return headers.flatMap(([name, value]) => {
    const [bare = ""] = value.split(/:\d+$/)
    const others =
      name === "host"
        ? [bare, `${bare}:80`, `${bare}:443`, ...hosts]
        : name === "content-type"
          ? ["", ...CONTENT_TYPES]
          : ["", value.toLowerCase(), value.replaceAll(/ {2,}/g, " "), value.replaceAll(", ", ",")]
    return unlike(
      value,
      others.map((other): [string, string] => [other, headerWords(name, other)]),
    ).map(
      ([other, words]): Variant => ({
        part: "header",
        words,
        apply: (parts) => ({
          ...parts,
          headers: parts.headers.map(([each, kept]) => (each === name ? [each, other] : [each, kept])),
        }),
      }),
    )
  })
}

function headerWords(name: string, signed: string): string {
  return signed === "" ? `${name} was signed as an empty value` : `${name} was signed as ${signed}`
}

/** Texts that programs sign by mistake in place of a body. */
const MISTAKEN_BODIES: Readonly<Record<string, string>> = {
  "": "an empty body was signed",
  "{}": "the body {} was signed",
  "[]": "the body [] was signed",
  null: "the text null was signed in place of the body",
  undefined: "the text undefined was signed in place of the body",
  "[object Object]": "the text [object Object] was signed in place of the body",
}

function bodyVariants(
  { payloadHash }: CanonicalParts,
  content: Uint8Array | undefined,
  hash: "sha256" | "sm3",
): Variant[] {
  const found = Object.entries(MISTAKEN_BODIES).map(([text, words]): [Uint8Array, string] => [bytesOf(text), words])
  if (content !== undefined) found.push(...otherForms(content))
  const hashes = found.map(([bytes, words]): [string, string] => [digest(hash, bytes), words])
  return unlike(payloadHash, [...hashes, ["UNSIGNED-PAYLOAD", "the body was left out of the signature"]]).map(
    ([other, words]) => ({ part: "body", words, apply: (parts) => ({ ...parts, payloadHash: other }) }),
  )
}

/** Other bytes that mean the same as a body. */
function otherForms(content: Uint8Array): [Uint8Array, string][] {
  const text = Buffer.from(content).toString()
  const found: [Uint8Array, string][] = [
    [bytesOf(text.trimEnd()), "the body was signed without the line break at its end"],
    [bytesOf(`${text}\n`), "the body was signed with a line break at its end"],
    [bytesOf(text.replaceAll("\r\n", "\n")), "the body was signed with other line breaks"],
    [bytesOf(text.replaceAll("\n", "\r\n")), "the body was signed with other line breaks"],
    [Buffer.from(text, "latin1"), "the body was signed as Latin-1"],
    [Buffer.from(text, "utf16le"), "the body was signed as UTF-16"],
  ]
  try {
    found.push([gunzipSync(content, { maxOutputLength: 1024 * 1024 }), "the body was signed before it was compressed"])
  } catch {
    // It is not compressed.
  }
  for (const [form, words] of jsonForms(text)) found.push([bytesOf(form), words])
  return found
}

function jsonForms(text: string): [string, string][] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  const compact = JSON.stringify(value)
  const sorted = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
  const spacing = "the same JSON was signed with other white space"
  return [
    [compact, spacing],
    [JSON.stringify(value, null, 2), spacing],
    [JSON.stringify(value, null, 4), spacing],
    [
      JSON.stringify(value, null, 1)
        .replaceAll(/\n\s*/g, " ")
        .replaceAll(/([[{]) | ([\]}])/g, "$1$2"),
      spacing,
    ],
    [sorted, "the same JSON was signed with its members in another order"],
    [JSON.stringify(compact), "the JSON was signed as a JSON string, serialised twice"],
    ...(typeof value === "string"
      ? [[value, "the JSON was serialised twice after signing"] satisfies [string, string]]
      : []),
  ]
}

function mistypedSecrets(secret: string): TriedSecret[] {
  return [
    `${secret}\n`,
    `${secret}\r\n`,
    `${secret} `,
    ` ${secret}`,
    `"${secret}"`,
    `'${secret}'`,
    secret.toLowerCase(),
  ]
    .filter((other) => other !== secret)
    .map((secretAccessKey) => ({
      secretAccessKey,
      words: "this key's SK, but with white space, quotes or in lower case",
    }))
}

function unlike(arrived: string, found: readonly [string, string][]): [string, string][] {
  const seen = new Set([arrived])
  return found.filter(([other]) => !seen.has(other) && seen.add(other))
}

/** Undoes a second encoding. A part that was encoded once stays encoded. */
function encodedOnceLess(text: string): string {
  return text.replaceAll(/%25(?=[\dA-F]{2})/gi, "%")
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0] ?? pair
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text)
}
