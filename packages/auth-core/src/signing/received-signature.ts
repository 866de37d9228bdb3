import { createIncrementalHash } from "#digest"
import type { HashAlgorithm, IncrementalHash } from "../digest/digest.ts"
import { isAuthError } from "../errors/auth-error.ts"
import { redactCanonicalRequest } from "../runtime/redact.ts"
import { rememberLast, rememberMany } from "../runtime/remember-last.ts"
import { ALGORITHMS } from "./algorithm.ts"
import {
  isSignature,
  type ParsedAuthorization,
  parseClaim,
  type SignatureClaim,
  splitAuthorization,
} from "./authorization.ts"
import { methodLine, payloadHashOf, UNSIGNED_PAYLOAD, usualForm } from "./canonicalizer.ts"
import {
  type CanonicalEnd,
  type CanonicalForm,
  canonicalEnd,
  type HeaderSelection,
  type HeadersInput,
  type HeaderValues,
  type SignedValues,
  selectHeaders,
} from "./header-plan.ts"
import { algorithmOf } from "./keyed-algorithm.ts"
import { parseSdkDate } from "./server-time.ts"
import { formatSdkDate } from "./string-to-sign.ts"
import { hostOf, urlParts } from "./url-parts.ts"
import { isSame, type VerifyingKey } from "./verifying-key.ts"

/** The part of a request that comes before its body. */
export interface RequestHead {
  /** HTTP method as it arrived. */
  method: string
  /** Absolute, with the requested Host. */
  url: string | URL
  /** As they arrived. */
  headers?: HeadersInput | undefined
}

/** A well-formed signature that nobody has checked yet. */
export interface ReceivedSignature extends Omit<ParsedAuthorization, "day"> {
  /** `undefined`: the signature can be checked, and has not been yet. */
  readonly ok: undefined
  /** X-Sdk-Date, epoch ms. */
  readonly signedAt: number
  /** Whether the signature covers the header Host. */
  readonly isHostSigned: boolean
  /**
   * The payload hash that the content hash header names, or UNSIGNED-PAYLOAD if that header is signed. The signature covers
   * it, so it can be checked before the body is there. `undefined` if only the body itself tells.
   */
  readonly payload: string | undefined
  /** Refuses a signature whose time is further from the server's than `maxSkewMs`. Both are milliseconds. */
  refuseTime(time: number, maxSkewMs: number): RefusedSignature | undefined
  /** Of several keys, the ones whose security token is in the request. */
  keysWithToken(keys: readonly VerifyingKey[]): readonly VerifyingKey[]
  /** Lower-case hex of the body's hash. */
  hashOf(body: string | Uint8Array | null | undefined): string
  /** The same for a body that comes in pieces. */
  startHash(): IncrementalHash
  /** Refuses a body whose hash is not the one that the content hash header names. */
  refusePayload(hash: string): RefusedSignature | undefined
  /**
   * Checks the signature.
   *
   * @param keys the secrets of the access key: one of them must have made the signature
   * @param hash of the body; needed unless `payload` is there
   */
  check(keys: readonly VerifyingKey[], hash?: string): VerifiedSignature | RefusedSignature
  /**
   * Names the request, the same for each signature of the same key that covers the same: for an algorithm that signs
   * differently each time, a signature does not. Lower-case hex of a hash.
   */
  identityOf(hash?: string): string
}

/** The same for all signatures of a client. */
interface Claim extends SignatureClaim {
  /** The list of signed headers as it stands in the header. */
  readonly names: string
  readonly hash: HashAlgorithm
  readonly form: CanonicalForm
}

/** The claims of clients that have signed rightly, by their text. Saves 0.7 us. Strangers have no place in it. */
class KnownClaims {
  readonly #claims = new Map<string, Claim>()

  get(text: string): Claim | undefined {
    return this.#claims.get(text)
  }

  keep(text: string): void {
    if (text.length > LONGEST_CLAIM || this.#claims.has(text)) return
    // A copy: parts of a text may keep all of it in memory.
    const copy = JSON.parse(JSON.stringify(text)) as string
    const parsed = parseClaim(copy)
    if (parsed === undefined) return
    if (this.#claims.size >= MOST_CLAIMS) this.#claims.clear()
    this.#claims.set(copy, completed(parsed))
  }
}

/** @throws {AuthError} `AUTH_ALGORITHM_UNSUPPORTED` */
function completed(claim: SignatureClaim): Claim {
  const { hash, canonicalForm: form = usualForm } = algorithmOf(claim)
  // Throws here, and not in the middle of a body, if this runtime lacks the hash.
  payloadHashOf("", hash)
  return { ...claim, names: claim.signedHeaders.join(";"), hash, form }
}

/**
 * Reads signatures. It remembers what clients claim, and how their lists of signed headers are read.
 *
 * @returns a function that reads the signature of a request; `scoped` accepts the older, scoped form of SDK-HMAC-SHA256 too
 */
export function createSignatureReader(): (
  request: RequestHead,
  scoped?: boolean,
) => ReceivedSignature | RefusedSignature {
  const planOf = rememberMany(MOST_PLANS, createSignedPlan)
  const known = new KnownClaims()
  const timeOf = rememberMany(MOST_DATES, parseSdkDate)
  // A check takes 5 % less.
  const hostAt = rememberLast(hostOf)
  // Requests in a row mostly sign the same headers, which are then read in one go.
  let plan = planOf("")
  return (request, scoped = false) =>
    refusingMalformed(() => {
      let found = plan.selection.read(request.headers)
      const authorization = found[plan.authorization] ?? ""
      const date = found[plan.date] ?? ""
      if (authorization === "") return failure("SIGNATURE_MISSING", "x-auth-token not found")
      const { claim: text, signature } = splitAuthorization(authorization)
      const signedAt = timeOf(date)
      if (signedAt === undefined) return failure("SIGNATURE_MALFORMED", "Unauthorized")
      const remembered = known.get(text)
      const parsed = remembered ?? parseClaim(text)
      const isOfItsDay = parsed?.day === undefined || date.startsWith(parsed.day)
      if (parsed === undefined || (parsed.scoped && !scoped) || !isOfItsDay || !isSignature(signature, parsed))
        return failure("SIGNATURE_MALFORMED", "Unauthorized")
      const claim = remembered ?? completed(parsed)
      const needed = planOf(claim.names)
      if (!needed.isSignable) return failure("SIGNATURE_MALFORMED", "Unauthorized")
      if (needed !== plan) {
        plan = needed
        found = plan.selection.read(request.headers)
      }
      const keep = remembered === undefined ? () => known.keep(text) : undefined
      return new Received({ request, claim, plan, found, date, signedAt, signature, hostAt, keep })
    })
}

/** Lists of signed headers to remember, in case a caller never stops inventing them. */
const MOST_PLANS = 64
/** With the longest, claims take 6 MB. */
const MOST_CLAIMS = 2_000
const LONGEST_CLAIM = 1_000
const MOST_DATES = 64

/** How the headers of a list are read and written. */
interface SignedPlan {
  readonly selection: HeaderSelection
  /** Positions in the selection. */
  readonly authorization: number
  readonly date: number
  readonly securityToken: number
  readonly contentHash: Readonly<Record<HashAlgorithm, number>>
  readonly host: number
  /** Position of each signed header. */
  readonly signed: readonly number[]
  readonly isHostSigned: boolean
  readonly isSignable: boolean
  endOf(signed: SignedValues): CanonicalEnd
}

function createSignedPlan(list: string): SignedPlan {
  const names = list.split(";")
  const selection = selectHeaders([
    "authorization",
    "host",
    "x-sdk-date",
    "x-security-token",
    ...Object.values(ALGORITHMS).map(({ contentHashHeader }) => contentHashHeader),
    ...names,
  ])
  const { positionOf } = selection
  return {
    selection,
    authorization: positionOf("authorization"),
    date: positionOf("x-sdk-date"),
    securityToken: positionOf("x-security-token"),
    contentHash: { sha256: positionOf("x-sdk-content-sha256"), sm3: positionOf("x-sdk-content-sm3") },
    host: positionOf("host"),
    signed: names.map(positionOf),
    isHostSigned: names.includes("host"),
    isSignable: isSignable(names),
    // A check takes 10 % less: a caller often sends the same headers again within a second.
    endOf: rememberLast((signed: SignedValues) => canonicalEnd(names, signed), hasSameValues),
  }
}

function hasSameValues(a: SignedValues, b: SignedValues): boolean {
  return a.payload === b.payload && a.values.every((value, position) => value === b.values[position])
}

/** The list must be in lower case, sorted, without repeats, and name X-Sdk-Date. */
function isSignable(names: readonly string[]): boolean {
  const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name)
  return isSorted && names.includes("x-sdk-date") && names.every((name) => name === name.toLowerCase())
}

const MISMATCH = "verify aksk signature fail"

interface ReceivedParts {
  readonly request: RequestHead
  readonly claim: Claim
  readonly plan: SignedPlan
  readonly found: HeaderValues
  readonly date: string
  readonly signedAt: number
  readonly signature: string
  readonly hostAt: typeof hostOf
  /** Remembers the claim, which is that of a client if the signature is right. */
  readonly keep: (() => void) | undefined
}

class Received implements ReceivedSignature {
  readonly ok = undefined
  readonly payload: string | undefined
  readonly #parts: ReceivedParts

  constructor(parts: ReceivedParts) {
    const { claim, plan, found } = parts
    this.#parts = parts
    const position = plan.contentHash[claim.hash]
    const payload = found[position]
    // A header that is not signed may leave out nothing. Its text stays in the canonical request, and fits no body.
    this.payload = payload === UNSIGNED_PAYLOAD && !plan.signed.includes(position) ? undefined : payload
  }

  get signature() {
    return this.#parts.signature
  }

  get signedAt() {
    return this.#parts.signedAt
  }

  get algorithm() {
    return this.#parts.claim.algorithm
  }

  get scoped() {
    return this.#parts.claim.scoped
  }

  get accessKeyId() {
    return this.#parts.claim.accessKeyId
  }

  get region() {
    return this.#parts.claim.region
  }

  get service() {
    return this.#parts.claim.service
  }

  get signedHeaders() {
    return this.#parts.claim.signedHeaders
  }

  get isHostSigned() {
    return this.#parts.plan.isHostSigned
  }

  refuseTime(time: number, maxSkewMs: number): RefusedSignature | undefined {
    if (Math.abs(time - this.signedAt) <= maxSkewMs) return undefined
    const times = `signature time:${this.#parts.date},server time:${formatSdkDate(time)}`
    return failure("SIGNATURE_EXPIRED", `calc aksk signature fail:signature expired, ${times}`)
  }

  keysWithToken(keys: readonly VerifyingKey[]): readonly VerifyingKey[] {
    if (keys.every(hasNoToken)) return keys
    const { signed, securityToken: position } = this.#parts.plan
    const given = (signed.includes(position) && this.#parts.found[position]) || undefined
    return keys.filter(
      ({ securityToken }) => securityToken === undefined || (given !== undefined && isSame(given, securityToken)),
    )
  }

  hashOf(body: string | Uint8Array | null | undefined): string {
    return payloadHashOf(body, this.#parts.claim.hash)
  }

  startHash(): IncrementalHash {
    return createIncrementalHash(this.#parts.claim.hash)
  }

  refusePayload(hash: string): RefusedSignature | undefined {
    const named = this.#parts.found[this.#parts.plan.contentHash[this.#parts.claim.hash]]
    if (named === undefined || this.payload === UNSIGNED_PAYLOAD || named.toLowerCase() === hash.toLowerCase()) {
      return undefined
    }
    return refusingMalformed(() => failure("PAYLOAD_MISMATCH", MISMATCH, this.#canonicalRequest(hash)))
  }

  check(keys: readonly VerifyingKey[], hash?: string): VerifiedSignature | RefusedSignature {
    return refusingMalformed(() => {
      const usable = this.keysWithToken(keys)
      if (usable.length === 0) return failure("SECURITY_TOKEN_INVALID", "decrypt token fail")
      const text = this.#canonicalRequest(hash)
      const { signature, signedAt } = this
      if (
        !this.#isComplete ||
        !usable.some((key) => key.hasSigned(this.#parts.claim, this.#parts.date, text, signature))
      )
        return failure("SIGNATURE_MISMATCH", MISMATCH, text)
      this.#parts.keep?.()
      const { accessKeyId, signedHeaders } = this.#parts.claim
      return { ok: true, accessKeyId, signedHeaders, signedAt, signature }
    })
  }

  identityOf(hash?: string): string {
    const { algorithm, accessKeyId } = this.#parts.claim
    // An HMAC stands for its canonical request and its secret, which several access keys may have.
    const content = ALGORITHMS[algorithm].curve ? this.#canonicalRequest(hash) : this.signature
    return this.hashOf([accessKeyId, algorithm, content].join("\n"))
  }

  /** A missing header has an empty line in it. */
  #canonicalRequest(hash: string | undefined): string {
    const { method, url } = this.#parts.request
    const { form, hash: algorithm } = this.#parts.claim
    const plan = this.#parts.plan
    const wire = urlParts(url, this.#parts.hostAt)
    const found = this.#parts.found
    if (plan.isHostSigned) found[plan.host] ??= wire.host
    const values: HeaderValues = []
    for (const position of plan.signed) values.push(found[position] ?? "")
    // The header's text as it came, in either case of letters.
    const payload = found[plan.contentHash[algorithm]] ?? hash ?? ""
    return form(methodLine(method), wire, { values, payload }, plan.endOf).text
  }

  get #isComplete(): boolean {
    for (const position of this.#parts.plan.signed) if (this.#parts.found[position] === undefined) return false
    return true
  }
}

function hasNoToken({ securityToken }: VerifyingKey): boolean {
  return securityToken === undefined
}

/** A request that cannot be signed has no signature that fits. */
function refusingMalformed<T>(read: () => T | RefusedSignature): T | RefusedSignature {
  try {
    return read()
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error.code === "AUTH_ALGORITHM_UNSUPPORTED") return failure("ALGORITHM_UNSUPPORTED", error.message)
    return failure("SIGNATURE_MALFORMED", MISMATCH)
  }
}

/**
 * Why a signature is not accepted.
 *
 * | code | when |
 * | --- | --- |
 * | `SIGNATURE_MISSING` | there is no Authorization header |
 * | `SIGNATURE_MALFORMED` | Authorization, X-Sdk-Date or the list of signed headers is malformed, the form is not allowed, or the request cannot be signed at all |
 * | `ALGORITHM_UNSUPPORTED` | this program lacks the algorithm; the message names the import that adds it |
 * | `HOST_UNSIGNED` | the signature leaves Host out, so it would be valid for another server too |
 * | `SIGNATURE_EXPIRED` | its time is further from the server's than is allowed |
 * | `ACCESS_KEY_UNKNOWN` | nobody has that AK, or it has no secret |
 * | `SECURITY_TOKEN_INVALID` | the security token is missing, unsigned, or not the key's |
 * | `PAYLOAD_UNSIGNED` | the signature leaves the body out (UNSIGNED-PAYLOAD) |
 * | `PAYLOAD_MISMATCH` | the content hash header does not fit the body, or says UNSIGNED-PAYLOAD without being signed |
 * | `BODY_TOO_LARGE` | more than 12 MB (12 * 1024 * 1024 bytes) |
 * | `SIGNATURE_MISMATCH` | the request or the key differs from those that signed, or a signed header is missing |
 */
export type VerifyFailureCode =
  | "SIGNATURE_MISSING"
  | "SIGNATURE_MALFORMED"
  | "ALGORITHM_UNSUPPORTED"
  | "HOST_UNSIGNED"
  | "SIGNATURE_EXPIRED"
  | "ACCESS_KEY_UNKNOWN"
  | "SECURITY_TOKEN_INVALID"
  | "PAYLOAD_UNSIGNED"
  | "PAYLOAD_MISMATCH"
  | "BODY_TOO_LARGE"
  | "SIGNATURE_MISMATCH"

/** A signature that fits the request. */
export interface VerifiedSignature {
  /** True: the owner of the key sent this request. */
  readonly ok: true
  /** The key of the caller. */
  readonly accessKeyId: string
  /** The headers that the signature covers: names in lower case, in byte order. */
  readonly signedHeaders: readonly string[]
  /** X-Sdk-Date, epoch ms. */
  readonly signedAt: number
  /**
   * Lower-case hex. The same signature again within the allowed skew is the same request again. But from a signature by
   * SDK-ECDSA-P256-SHA256 anybody can make a second one that fits, so remember such a request by its other parts.
   */
  readonly signature: string
}

/** A signature that is refused. */
export interface RefusedSignature {
  /** False: the request must not be served. */
  readonly ok: false
  /** Names the failure. It is never renamed, so programs may compare it. */
  readonly code: VerifyFailureCode
  /**
   * The gateway's words, without "Incorrect IAM authentication information: " before them; our own for a signature that the
   * gateway accepts.
   */
  readonly message: string
  /**
   * The canonical request that was verified, with the values of headers and query parameters that carry a credential
   * masked. Empty if the failure came earlier.
   */
  readonly canonicalRequest: string
}

/** The result of {@link verify}. */
export type VerifyResult = VerifiedSignature | RefusedSignature

/** @param canonical shown with its secrets masked */
export function failure(code: VerifyFailureCode, message: string, canonical = ""): RefusedSignature {
  return { ok: false, code, message, canonicalRequest: canonical && redactCanonicalRequest(canonical) }
}
