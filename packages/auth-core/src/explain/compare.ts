import type { CanonicalParts } from "./canonical-parts.ts"
import { isMasked, isSecretName, shownHeader, shownQuery } from "./masked.ts"

/** The canonical request that was signed, as far as it is known; unknown parts are `undefined`. */
export type SignedParts = {
  readonly [Part in Exclude<keyof CanonicalParts, "headers">]: CanonicalParts[Part] | undefined
} & Pick<CanonicalParts, "headers">

export type ComparedPart = "method" | "path" | "query" | "header" | "signed-headers" | "payload-hash"

/** One line of the two canonical requests. Secret values are masked. */
export interface ComparedLine {
  readonly part: ComparedPart
  /** Of a header. */
  readonly name?: string
  /** As it was signed; `undefined` when it is not there, or not known. */
  readonly expected: string | undefined
  /** As the gateway shows it; `undefined` when it does not. */
  readonly received: string | undefined
  /** `unknown` where one side is not known, or was masked. */
  readonly verdict: "same" | "different" | "unknown"
}

/** Compares line by line, in the order of the canonical request. */
export function compareCanonical(signed: SignedParts, received: CanonicalParts): ComparedLine[] {
  const names = headerNames(signed, received)
  return [
    line("method", signed.method, received.method),
    line("path", signed.path, received.path),
    queryLine(signed.query, received.query),
    ...names.map((name) => headerLine(name, signed, received)),
    line("signed-headers", signed.signedHeaders?.join(";"), received.signedHeaders?.join(";")),
    line("payload-hash", signed.payloadHash, received.payloadHash),
  ]
}

function line(part: ComparedPart, expected: string | undefined, received: string | undefined): ComparedLine {
  return { part, expected, received, verdict: verdictOf(expected, received) }
}

function verdictOf(expected: string | undefined, received: string | undefined): ComparedLine["verdict"] {
  if (expected === undefined || received === undefined) return "unknown"
  return expected === received ? "same" : "different"
}

function queryLine(expected: string | undefined, received: string): ComparedLine {
  const shown = { part: "query", expected: expected && shownQuery(expected), received: shownQuery(received) } as const
  if (expected === undefined || expected === received) return { ...shown, verdict: verdictOf(expected, received) }
  const [signed, arrived] = [expected.split("&"), received.split("&")]
  // Masked values cannot be compared, so only the names count then.
  const isVeiled = [...signed, ...arrived].some((pair) => isMasked(pair.slice(pair.indexOf("=") + 1)))
  const isSame = isVeiled && namesIn(signed) === namesIn(arrived) && sameUnveiled(signed, arrived)
  return { ...shown, verdict: isSame ? "unknown" : "different" }
}

function namesIn(pairs: readonly string[]): string {
  return pairs.map((pair) => pair.split("=", 1)[0]).join("&")
}

function sameUnveiled(signed: readonly string[], arrived: readonly string[]): boolean {
  return signed.every((pair, index) => {
    const other = arrived[index] ?? ""
    return pair === other || [pair, other].some((each) => isMasked(each.slice(each.indexOf("=") + 1)))
  })
}

function headerNames(signed: SignedParts, received: CanonicalParts): string[] {
  const listed = [...(signed.signedHeaders ?? []), ...(received.signedHeaders ?? [])]
  return [...new Set([...listed, ...signed.headers.keys(), ...received.headers.keys()])].sort()
}

function headerLine(name: string, signed: SignedParts, received: CanonicalParts): ComparedLine {
  const expected = signed.headers.get(name)
  const arrived = received.headers.get(name)
  const shown = (value: string | undefined): string | undefined => value && shownHeader(name, value)
  const fields = { part: "header", name, expected: shown(expected), received: shown(arrived) } as const
  // A cut text does not say what would have followed.
  const isCut = received.signedHeaders === undefined && arrived === undefined
  const isHidden = isSecretName(name) && [expected, arrived].some((value) => value !== undefined && isMasked(value))
  if (isCut || isHidden) return { ...fields, verdict: "unknown" }
  const isListed = received.signedHeaders?.includes(name) === true
  // Nobody signs an empty value, so a listed header without one was dropped, whatever its value was.
  if (isListed && (arrived === undefined || arrived === "") && expected !== "")
    return { ...fields, verdict: "different" }
  if (expected === undefined) return { ...fields, verdict: "unknown" }
  // By what is shown, since only the fingerprint of a secret may be known.
  return { ...fields, verdict: fields.expected === fields.received ? "same" : "different" }
}
