import { asked } from "../runtime/read-answer.ts"
import { ALGORITHMS, type SigningAlgorithm } from "../signing/algorithm.ts"
import { UNSIGNED_PAYLOAD } from "../signing/canonicalizer.ts"
import { createSignatureCheck } from "../signing/verifying-key.ts"
import { sdkDateOf } from "./answer.ts"
import type { Cause } from "./causes.ts"
import type { Confidence, ExplainContext, Where } from "./explanation.ts"
import { emptyHash } from "./known-bodies.ts"
import type { SignedRequest } from "./signed-parts.ts"

/** A fault that remains when the gateway received exactly what was signed. */
export interface KeyFault {
  readonly cause: Cause
  readonly where: Where
  readonly confidence: Confidence
  readonly expected?: string | undefined
  readonly received?: string | undefined
  /** In place of the cause's own. */
  readonly summary?: string
  readonly fix?: string
  readonly evidence: readonly string[]
}

const INVISIBLE = /^[\s\ufeff\u200b-\u200f\u2060]|[\s\ufeff\u200b-\u200f\u2060]$|[\r\n]/
const QUOTED = /^["'`]|["'`]$/

/**
 * Finds the fault of the key, as far as the evidence goes.
 *
 * @param isKnownAsSigned the request is certainly what was signed
 */
export function keyFault(
  signed: SignedRequest,
  { credentials = {} }: ExplainContext,
  isKnownAsSigned: boolean,
): KeyFault {
  const { secretAccessKey, securityToken } = credentials
  return (
    scopeFault(signed) ??
    (secretAccessKey === undefined ? undefined : secretForm(secretAccessKey)) ??
    (securityToken === undefined ? undefined : missingToken(signed)) ??
    wrongKey(signed, credentials, isKnownAsSigned)
  )
}

/** Finds traces of copy and paste in an SK. */
export function secretForm(secretAccessKey: string): KeyFault | undefined {
  if (INVISIBLE.test(secretAccessKey)) {
    return {
      cause: "secret-key-whitespace",
      where: "secret key",
      confidence: "likely",
      evidence: ["The secret key that was given begins or ends with white space or an invisible character."],
    }
  }
  if (QUOTED.test(secretAccessKey)) {
    return {
      cause: "secret-key-quotes",
      where: "secret key",
      confidence: "likely",
      evidence: ["The secret key that was given begins or ends with a quote."],
    }
  }
  return undefined
}

export function missingToken({ securityToken }: Pick<SignedRequest, "securityToken">): KeyFault | undefined {
  if (securityToken !== undefined) return undefined
  return {
    cause: "security-token-missing",
    where: "header x-security-token",
    confidence: "likely",
    evidence: ["The credentials have a security token, and the request has no X-Security-Token."],
  }
}

const REGION = /(?:^|\.)([a-z]{2,}-[a-z]+-\d+)\./
const IOTDA = /\.iotda(?:-app)?\./
/** The name under which IoTDA derives keys; its documentation writes `iotda`. */
const IOTDA_SERVICE = "iotdm"

/** Finds an algorithm or a credential scope that is not the one of the host. */
export function scopeFault({ claimed, host = "" }: Pick<SignedRequest, "claimed" | "host">): KeyFault | undefined {
  if (claimed === undefined) return undefined
  const { region, service } = claimed
  if (region === undefined || service === undefined || claimed.scoped) {
    if (!IOTDA.test(host)) return undefined
    return {
      cause: "wrong-algorithm",
      where: "algorithm",
      confidence: "likely",
      expected: "V11-HMAC-SHA256",
      received: claimed.algorithm,
      evidence: ["IoTDA instances take V11-HMAC-SHA256 only."],
    }
  }
  const rightService = IOTDA.test(host) || service === "iotda" ? IOTDA_SERVICE : service
  const hostRegion = REGION.exec(host)?.[1] ?? region
  const isOtherService = service !== rightService
  const isOtherRegion = region !== hostRegion && region !== "globe"
  if (!isOtherService && !isOtherRegion) return undefined
  const ofService = `The key was derived for the service ${service}; all official clients of IoTDA derive it for ${IOTDA_SERVICE}.`
  const ofRegion = `The host is in ${hostRegion}, and the key was derived for ${region}.`
  return {
    cause: "wrong-credential-scope",
    where: isOtherService ? "service" : "region",
    confidence: "likely",
    expected: `${isOtherRegion ? hostRegion : region}/${rightService}`,
    received: `${region}/${service}`,
    evidence: [...(isOtherService ? [ofService] : []), ...(isOtherRegion ? [ofRegion] : [])],
  }
}

function wrongKey(
  signed: SignedRequest,
  credentials: NonNullable<ExplainContext["credentials"]>,
  isKnownAsSigned: boolean,
): KeyFault {
  const fault = { cause: "wrong-secret-key", where: "secret key" } as const
  const arrived = "Everything that was signed arrived."
  const { secretAccessKey } = credentials
  const isSigned = secretAccessKey === undefined ? undefined : signatureTest(signed, secretAccessKey)
  const { canonicalRequest, wireQuery, algorithm } = signed
  if (isSigned === undefined || canonicalRequest === undefined) {
    return isKnownAsSigned
      ? { ...fault, confidence: "likely", evidence: [arrived] }
      : { ...fault, ...KEY_OR_CHANGE, confidence: "possible" }
  }
  if (isSigned(canonicalRequest)) {
    const other =
      "The secret key that was given made this signature, so the gateway has another one for this access key."
    return { ...fault, confidence: "certain", evidence: [arrived, other] }
  }
  const found = signerFault(canonicalRequest, wireQuery, algorithm, isSigned)
  if (found !== undefined) {
    const evidence = ["The signature fits a canonical request with this line instead of the right one."]
    return { ...found, confidence: "certain", evidence }
  }
  const evidence = [
    "The gateway received the request as it was given.",
    "The secret key that was given did not make this signature: another key did, or it was made of another canonical request. Pass the one that was signed as `canonicalRequest`.",
  ]
  return { cause: "signature-mismatch", where: "secret key", confidence: "possible", evidence }
}

/** Nobody knows whether the request is what was signed. */
const KEY_OR_CHANGE = {
  summary: "Either the secret key is wrong, or the request was changed after it was signed.",
  fix: "Check that the SK belongs to this AK, and what stands between the signer and the gateway. To tell which it is, pass the text that was signed as `canonicalRequest`, or the `credentials`.",
  evidence: ["The gateway received the request as it was given."],
} as const

/** Tells whether the signature that was sent fits a text and a secret key. */
function signatureTest(
  { claimed, parts }: SignedRequest,
  secretAccessKey: string,
): ((text: string) => boolean) | undefined {
  const date = sdkDateOf(parts)
  if (claimed === undefined || date === undefined) return undefined
  // An algorithm may be missing in this runtime.
  return asked(() => createSignatureCheck(claimed, secretAccessKey, date))
}

/** A mistake that signers make in the canonical request. */
interface SignerFault {
  readonly cause: Cause
  readonly where: Where
  /** The line as that signer wrote it, and the right one. */
  readonly expected: string
  readonly received: string
}

interface Candidate extends SignerFault {
  readonly text: string
}

/**
 * Finds the mistake of another signer, by trying the ones that are known.
 *
 * @param canonicalRequest the right one
 * @param wireQuery as it is in the URL
 * @param isSigned whether the signature fits a text
 */
function signerFault(
  canonicalRequest: string,
  wireQuery: string,
  algorithm: SigningAlgorithm,
  isSigned: (text: string) => boolean,
): SignerFault | undefined {
  for (const { text, ...fault } of candidates(canonicalRequest, wireQuery, algorithm)) {
    if (text !== canonicalRequest && isSigned(text)) return fault
  }
  return undefined
}

function* candidates(canonicalRequest: string, wireQuery: string, algorithm: SigningAlgorithm): Generator<Candidate> {
  const lines = canonicalRequest.split("\n")
  const [method = "", path = "", query = ""] = lines
  const payload = lines.at(-1) ?? ""
  const replaced = (index: number, cause: Cause, where: Where, line: string): Candidate => ({
    cause,
    where,
    expected: line,
    received: lines.at(index) ?? "",
    text: lines.with(index, line).join("\n"),
  })
  yield replaced(1, "path-trailing-slash", "path", path.replace(/\/$/, ""))
  yield replaced(1, "path-encoded-twice", "path", path.replaceAll("%", "%25"))
  yield replaced(2, "query-reordered", "query", wireQuery)
  yield replaced(2, "query-reordered", "query", query.split("&").reverse().join("&"))
  yield replaced(2, "query-encoded-otherwise", "query", query.replaceAll("%20", "+"))
  yield replaced(2, "query-encoded-otherwise", "query", query.replaceAll("%", "%25"))
  yield replaced(2, "query-parameter-lost", "query", "")
  yield replaced(0, "method-changed", "method", method.toLowerCase())
  yield replaced(-1, "payload-unsigned", "body", UNSIGNED_PAYLOAD)
  const empty = emptyHash(ALGORITHMS[algorithm].hash)
  if (empty !== undefined && payload !== empty) yield replaced(-1, "body-lost", "body", empty)
}
