import type { HashAlgorithm } from "../digest/digest.ts"
import { ALGORITHMS } from "../signing/algorithm.ts"
import { payloadHashOf, UNSIGNED_PAYLOAD } from "../signing/canonicalizer.ts"
import { parseSdkDate } from "../signing/server-time.ts"
import { type Answer, dateHeader, durationText, MOST_SKEW_MS, sdkDateOf } from "./answer.ts"
import {
  type CanonicalParts,
  type ComparedLine,
  compareCanonical,
  parseCanonicalRequest,
  type SignedParts,
} from "./canonical-parts.ts"
import type { Cause } from "./causes.ts"
import type { Difference, ExplainContext, Where } from "./explanation.ts"
import { type KeyFault, keyFault, missingToken, secretForm } from "./key-fault.ts"
import { changedBody, isShortJson, type KnownBody, knownPlaceholder } from "./known-bodies.ts"
import { shownQuery } from "./masked.ts"
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

interface BodyFacts {
  /** As it was to be sent; `undefined` when it is not known. */
  readonly body: string | Uint8Array | undefined
  readonly algorithm: HashAlgorithm
}

/** Names each line that differs, in the order of the canonical request. */
function namedDifferences(
  comparison: readonly ComparedLine[],
  signed: SignedParts,
  received: CanonicalParts,
  body: BodyFacts,
): Difference[] {
  const differing = comparison.filter(({ verdict }) => verdict === "different")
  // A header that left the list is reported by the line of the list.
  const listed = received.signedHeaders && new Set(received.signedHeaders)
  const isListed = ({ name }: ComparedLine): boolean => name === undefined || listed?.has(name) !== false
  return differing.filter(isListed).flatMap((line) => nameLine(line, signed, received, body))
}

function nameLine(line: ComparedLine, signed: SignedParts, received: CanonicalParts, body: BodyFacts): Difference[] {
  const { part, name = "", expected, received: arrived } = line
  switch (part) {
    case "method":
      return [{ cause: "method-changed", where: "method", expected, received: arrived }]
    case "path":
      return [{ cause: pathCause(expected ?? "", arrived ?? ""), where: "path", expected, received: arrived }]
    case "query":
      return [queryDifference(signed.query ?? "", received.query)]
    case "header":
      return headerDifferences(name, line, signed.headers.get(name), received.headers.get(name))
    case "signed-headers":
      return [{ cause: "signed-headers-changed", where: "header authorization", expected, received: arrived }]
    case "payload-hash":
      return [payloadDifference(signed.payloadHash ?? "", received.payloadHash ?? "", body)]
  }
}

function pathCause(signed: string, received: string): Cause {
  if (isEncodedAgain(signed, received) || isEncodedAgain(received, signed)) return "path-encoded-twice"
  if (withoutExtraSlashes(signed) === withoutExtraSlashes(received)) return "path-trailing-slash"
  if (isBeneath(signed, received) || isBeneath(received, signed)) return "path-prefix"
  return "unknown-difference"
}

/** Nothing encodes more often. Each round reads the whole text. */
const MOST_ENCODINGS = 5

/** Whether one text is the other with its percent signs encoded once more, or several times. */
function isEncodedAgain(text: string, again: string): boolean {
  let decoded = again
  for (let round = 0; round < MOST_ENCODINGS && decoded.length > text.length; round++) {
    decoded = decoded.replaceAll("%25", "%")
    if (decoded === text) return true
  }
  return false
}

function withoutExtraSlashes(path: string): string {
  return `${path}/`.replace(/\/+/g, "/")
}

/** Whether a path is another one below a prefix of whole segments. */
function isBeneath(path: string, whole: string): boolean {
  return path.length > 1 && whole.length > path.length && whole.endsWith(path)
}

interface Parameter {
  readonly name: string
  readonly value: string
}

function parametersOf(query: string): Parameter[] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=")
      return equals < 0 ? { name: pair, value: "" } : { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
    })
}

function queryDifference(signed: string, received: string): Difference {
  const [ours, theirs] = [parametersOf(signed), parametersOf(received)]
  const whole = { expected: shownQuery(signed), received: shownQuery(received) }
  const lost = missingIn(theirs, ours, exactly)
  const added = missingIn(ours, theirs, exactly)
  if (lost.length === 0 && added.length === 0) return { cause: "query-reordered", where: "query", ...whole }
  const where = placeOf(lost[0] ?? added[0])
  const one = { expected: shownParameter(lost[0]), received: shownParameter(added[0]) }
  if (added.length === 0) return { cause: "query-parameter-lost", where, ...one }
  if (lost.length === 0) return { cause: "query-parameter-added", where, ...one }
  const isSameDecoded = lost.length === added.length && missingIn(added, lost, decoded).length === 0
  if (isSameDecoded) return { cause: "query-encoded-otherwise", where, ...one }
  return { cause: "unknown-difference", where: lost.length + added.length > 2 ? "query" : where, ...whole }
}

/** Those of the second list that the first has not, each counted once. */
function missingIn(
  list: readonly Parameter[],
  wanted: readonly Parameter[],
  form: (parameter: Parameter) => string,
): Parameter[] {
  const left = new Map<string, number>()
  for (const text of list.map(form)) left.set(text, (left.get(text) ?? 0) + 1)
  return wanted.filter((parameter) => {
    const text = form(parameter)
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0
  })
}

function exactly({ name, value }: Parameter): string {
  return `${name}=${value}`
}

/** The name and the value apart, since either may hold an encoded `=`. */
function decoded({ name, value }: Parameter): string {
  return JSON.stringify([decodedText(name), decodedText(value)])
}

/** However often it is encoded, whether a plus stands for a space, and in UTF-8 or Latin-1. */
function decodedText(encoded: string): string {
  let text = encoded
  for (let round = 0; round < MOST_ENCODINGS; round++) text = text.replace(/(?:%[\da-f]{2})+/gi, decodedRun)
  return text.replaceAll("+", " ")
}

function decodedRun(escapes: string): string {
  const bytes = Uint8Array.from(escapes.slice(1).split("%"), (hex) => Number.parseInt(hex, 16))
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
  }
}

function placeOf(parameter: Parameter | undefined): Where {
  return parameter === undefined ? "query" : `query parameter ${parameter.name}`
}

function shownParameter(parameter: Parameter | undefined): string | undefined {
  return parameter && shownQuery(exactly(parameter))
}

function headerDifferences(
  name: string,
  { expected, received }: ComparedLine,
  signed: string | undefined,
  arrived: string | undefined,
): Difference[] {
  const facts = { where: `header ${name}`, expected, received } as const
  if (arrived === undefined || arrived === "") return [{ cause: "header-dropped", ...facts }]
  if (name === "host") return [{ cause: "host-changed", ...facts }]
  if (isFolded(signed ?? "", arrived)) return [{ cause: "header-folded", ...facts }]
  if (name === "content-type") return [{ cause: "content-type-changed", ...facts }]
  return [{ cause: "header-changed", ...facts }]
}

/** The same but for white space, or a header that was sent twice. */
function isFolded(signed: string, received: string): boolean {
  const loose = (value: string): string =>
    value
      .replace(/\s+/g, " ")
      .replace(/ ?([,;]) ?/g, "$1")
      .trim()
  const [ours, theirs] = [loose(signed), loose(received)]
  return ours === theirs || `${ours},${ours}` === theirs
}

function payloadDifference(signed: string, received: string, facts: BodyFacts): Difference {
  const { body, algorithm } = facts
  const describe = (hash: string, known: KnownBody | undefined): string =>
    hash === UNSIGNED_PAYLOAD ? hash : known === undefined ? `hash ${hash}` : `${known.description} (hash ${hash})`
  const ours = knownPlaceholder(signed, algorithm)
  // The request itself may be that JSON.
  const isOurs = ours?.cause === "body-placeholder" && (body === undefined || !isShortJson(body))
  const theirs = receivedBody(received, facts)
  const shown = { expected: describe(signed, ours), received: describe(received, theirs) }
  if (signed === UNSIGNED_PAYLOAD || received === UNSIGNED_PAYLOAD) {
    return { cause: "payload-unsigned", where: "body", ...shown }
  }
  if (theirs?.cause === "wrong-algorithm") return { cause: theirs.cause, where: "algorithm", ...shown }
  // The placeholder may be on either side.
  const isPlaceholder = isOurs && theirs?.cause !== "body-lost"
  return { cause: isPlaceholder ? "body-placeholder" : (theirs?.cause ?? "body-changed"), where: "body", ...shown }
}

/** Short JSON looks like a placeholder itself, and may have been changed to another one. */
function receivedBody(hash: string, { body, algorithm }: BodyFacts): KnownBody | undefined {
  const known = knownPlaceholder(hash, algorithm)
  if (body === undefined || known?.cause === "body-lost") return known
  if (known === undefined) return changedBody(hash, body, algorithm)
  return isShortJson(body) ? (changedBody(hash, body, algorithm) ?? { ...known, cause: "body-changed" }) : known
}
