import type { HashAlgorithm } from "../digest/digest.ts"
import { UNSIGNED_PAYLOAD } from "../signing/canonicalizer.ts"
import type { CanonicalParts, ComparedLine, SignedParts } from "./canonical-parts.ts"
import type { Cause } from "./causes.ts"
import type { Difference, Where } from "./explanation.ts"
import { changedBody, isShortJson, type KnownBody, knownPlaceholder } from "./known-bodies.ts"
import { shownQuery } from "./masked.ts"

export interface BodyFacts {
  /** As it was to be sent; `undefined` when it is not known. */
  readonly body: string | Uint8Array | undefined
  readonly algorithm: HashAlgorithm
}

/** Names each line that differs, in the order of the canonical request. */
export function namedDifferences(
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

/** In the place of JSON that looks like a placeholder, another one may be the value that it was changed to. */
function receivedBody(hash: string, { body, algorithm }: BodyFacts): KnownBody | undefined {
  const known = knownPlaceholder(hash, algorithm)
  if (body === undefined || known?.cause === "body-lost") return known
  if (known === undefined) return changedBody(hash, body, algorithm)
  return isShortJson(body) ? (changedBody(hash, body, algorithm) ?? { ...known, cause: "body-changed" }) : known
}
