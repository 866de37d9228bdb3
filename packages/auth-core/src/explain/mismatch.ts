import { ALGORITHMS } from "../signing/algorithm.ts"
import { payloadHashOf, UNSIGNED_PAYLOAD } from "../signing/canonicalizer.ts"
import { parseSdkDate } from "../signing/server-time.ts"
import { type Answer, dateHeader, durationText, MOST_SKEW_MS, sdkDateOf } from "./answer.ts"
import { type CanonicalParts, type ComparedLine, compareCanonical, parseCanonicalRequest } from "./canonical-parts.ts"
import type { Difference, ExplainContext } from "./explanation.ts"
import { type KeyFault, keyFault, missingToken, secretForm } from "./key-fault.ts"
import { knownPlaceholder } from "./known-bodies.ts"
import { namedDifferences } from "./named-differences.ts"
import { type SignedRequest, signedRequest } from "./signed-parts.ts"

/** The cause of a signature that does not match, and the two canonical requests beside each other. */
export interface Mismatch extends KeyFault {
  readonly differences: readonly Difference[]
  readonly comparison: readonly ComparedLine[]
}

/**
 * Compares what was signed with what the gateway received. Where both agree the key is at fault.
 *
 * @param shown the gateway's canonical request, where its answer has one
 * @param isKnownAsSigned the request is the one that this library signed, not one that was logged on its way
 */
export function mismatch(
  answer: Answer,
  shown: string | undefined,
  context: ExplainContext,
  isKnownAsSigned: boolean,
): Mismatch {
  const received = shown === undefined ? undefined : parseCanonicalRequest(shown)
  const signed = signedRequest(context, received)
  if (received === undefined) return undetermined(signed, context, shown)
  const { parts, algorithm, body } = signed
  const { hash } = ALGORITHMS[algorithm]
  const comparison = compareCanonical(parts, received)
  const named = namedDifferences(comparison, parts, received, { body, algorithm: hash })
  const differences = ofScopedPost(named, signed, received, context)
  const [first] = differences
  if (first !== undefined) {
    // One change on the way is likelier than a gateway that knows only the scoped form.
    const isPossible = signed.claimed?.scoped === true || differences.length > 1
    const form = isPossible ? otherForm(signed, received, context) : undefined
    if (form !== undefined) return { ...form, differences: [form], comparison }
    return {
      ...first,
      confidence: "certain",
      evidence: evidenceOf(differences, signed),
      differences,
      comparison,
    }
  }
  const fault =
    doubt(comparison, received, signed) ??
    clockFault(answer, signed) ??
    keyFault(signed, context, isKnownAsSigned || context.canonicalRequest !== undefined)
  return { ...fault, differences, comparison }
}

/**
 * The differences of a POST in the scoped form. Without a body, its query is the payload, and has no line: so a body that is lost
 * changes the query line too, and a query that changed shows as another payload.
 */
function ofScopedPost(
  differences: readonly Difference[],
  { claimed, parts, body, wireQuery }: SignedRequest,
  received: CanonicalParts,
  context: ExplainContext,
): readonly Difference[] {
  if (claimed?.scoped !== true || parts.method !== "POST" || wireQuery === "" || body === undefined) return differences
  const isSigned = body.length > 0
  const hasArrived = received.query !== ""
  if (isSigned && hasArrived) return differences
  if (!(isSigned || hasArrived)) {
    return differences.map((each) =>
      each.where === "body" ? { ...each, cause: "unknown-difference", where: "query" } : each,
    )
  }
  const isOfQuery = ({ where }: Difference): boolean => where.startsWith("query")
  const others = differences.filter((each) => each.where !== "body" && !isOfQuery(each))
  const payload = differences.find(({ where }) => where === "body")
  if (isSigned) {
    return [...others, { cause: "body-lost", where: "body", expected: payload?.expected, received: "no body" }]
  }
  const { parts: withBody } = signedRequest({ ...context, request: { ...context.request, body: "?" } }, received)
  const facts = { body: undefined, algorithm: "sha256" } as const
  const ofQuery = namedDifferences(compareCanonical(withBody, received), withBody, received, facts).filter(isOfQuery)
  return [
    ...others,
    ...ofQuery,
    { cause: "body-changed", where: "body", expected: "no body", received: payload?.received },
  ]
}

/** The gateway computed the same request in the other of the two forms of SDK-HMAC-SHA256. */
function otherForm(
  { algorithm, claimed }: SignedRequest,
  received: CanonicalParts,
  context: ExplainContext,
): (KeyFault & Difference) | undefined {
  if (algorithm !== "SDK-HMAC-SHA256" || claimed === undefined) return undefined
  const scoped = claimed.scoped !== true
  const other = signedRequest(context, received, { scoped })
  const isKnown = other.parts.query !== undefined && other.parts.payloadHash !== undefined
  if (!isKnown || compareCanonical(other.parts, received).some(({ verdict }) => verdict !== "same")) return undefined
  const [plain, withScope] = ["SDK-HMAC-SHA256 Access=…", "SDK-HMAC-SHA256 Credential=… (scoped)"]
  return {
    cause: "wrong-algorithm",
    where: "algorithm",
    confidence: "likely",
    expected: scoped ? plain : withScope,
    received: scoped ? withScope : plain,
    evidence: [`The gateway computed the canonical request of the ${scoped ? "scoped" : "plain"} form.`],
  }
}

function evidenceOf(differences: readonly Difference[], { gaps, claimed }: SignedRequest): string[] {
  const others = differences.slice(1).map(({ where, cause }) => `The ${where} differs too (${cause}).`)
  // Without the Authorization header the list of signed names is the gateway's.
  return [...others, ...(claimed === undefined ? [] : gaps)]
}

/** The gateway does not show what it received; the credentials may still have a visible fault. */
function undetermined(signed: SignedRequest, { credentials }: ExplainContext, shown: string | undefined): Mismatch {
  const gap =
    shown === undefined
      ? "The gateway does not show the canonical request that it computed."
      : "The canonical request that the gateway shows has an unknown form."
  const none = { differences: [], comparison: [] }
  const fault =
    (credentials?.secretAccessKey === undefined ? undefined : secretForm(credentials.secretAccessKey)) ??
    (credentials?.securityToken === undefined ? undefined : missingToken(signed))
  if (fault !== undefined) return { ...fault, evidence: [...fault.evidence, gap], ...none }
  return { cause: "signature-mismatch", where: "request", confidence: "possible", evidence: [gap], ...none }
}

/** Nothing differs, but not everything could be compared: then the key may be right. */
function doubt(
  comparison: readonly ComparedLine[],
  received: CanonicalParts,
  { gaps, algorithm, body, parts }: SignedRequest,
): KeyFault | undefined {
  const { hash, contentHashHeader } = ALGORITHMS[algorithm]
  const named = received.headers.get(contentHashHeader)
  const cut = received.payloadHash === undefined ? ["The canonical request that the gateway shows is cut short."] : []
  const veiled = comparison.some(
    ({ part, expected, verdict }) => part === "query" && expected !== undefined && verdict === "unknown",
  )
    ? ["The gateway masks values of the query, so these could not be compared."]
    : []
  const unproven =
    named === undefined || named === UNSIGNED_PAYLOAD
      ? []
      : [
          `The body was not compared: the gateway shows the hash that ${contentHashHeader} names, not that of the body it received.`,
        ]
  const isOtherBody =
    named !== undefined &&
    unproven.length > 0 &&
    body !== undefined &&
    payloadHashOf(body, hash) !== named.toLowerCase()
  if (isOtherBody) {
    const evidence = [`The header ${contentHashHeader} names the hash of another body than the one that was given.`]
    return { cause: "body-changed", where: "body", confidence: "likely", evidence }
  }
  const isNothingKnown = parts.method === undefined
  const evidence = [...gaps, ...cut, ...veiled, ...unproven, ...(isNothingKnown ? hints(received, algorithm) : [])]
  if (evidence.length === 0) return undefined
  return { cause: "signature-mismatch", where: "request", confidence: "possible", evidence }
}

/** Clues in the gateway's canonical request alone. */
function hints({ payloadHash, method }: CanonicalParts, algorithm: SignedRequest["algorithm"]): string[] {
  const known = payloadHash === undefined ? undefined : knownPlaceholder(payloadHash, ALGORITHMS[algorithm].hash)
  return known === undefined ? [] : [`The gateway received ${known.description} with ${method}.`]
}

function clockFault(answer: Answer, { parts }: SignedRequest): KeyFault | undefined {
  const date = sdkDateOf(parts)
  const server = dateHeader(answer)
  const signedAt = date === undefined ? undefined : parseSdkDate(date)
  if (signedAt === undefined || server === undefined || Math.abs(server - signedAt) <= MOST_SKEW_MS) return undefined
  return {
    cause: "clock-skew",
    where: "clock",
    confidence: "likely",
    expected: new Date(server).toISOString(),
    received: new Date(signedAt).toISOString(),
    evidence: [`The signature's time is ${durationText(server - signedAt)} from the server's Date.`],
  }
}
