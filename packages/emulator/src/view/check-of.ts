import { hash as digest } from "node:crypto"
import { canonicalRequest } from "@countersign/auth-core"
import { schemeOf } from "../incoming-request.ts"
import type { World } from "../state/world.ts"
import { canonicalText, parseCanonical } from "./canonical-parts.ts"
import { type ClaimedSignature, claimedSignature } from "./claimed-signature.ts"
import { findSignedRequest, type TriedSecret } from "./find-signed-request.ts"
import { type Mask, maskCanonical } from "./mask.ts"
import type { CheckStep, RequestCheck, StepState } from "./record.ts"
import type { RecordedRequest } from "./recorder.ts"
import { verdictOf } from "./verdict-of.ts"

/** How a request was authenticated, step by step. */
export function checkOf(world: World, mask: Mask, request: RecordedRequest): RequestCheck {
  switch (schemeOf(request)) {
    case "signature":
      return signatureCheck(world, mask, request)
    case "token":
      return tokenCheck(world, request)
    case "app code":
      return codeCheck(world, request)
    case "none":
      return openCheck(request)
  }
}

const SIGNATURE_STEPS = ["Authorization", "Time", "Access key", "Security token", "Body", "Signature"] as const

type SignatureStep = (typeof SIGNATURE_STEPS)[number]
type Outcome = NonNullable<RecordedRequest["trace"]["signature"]>["outcome"]

/** The step at which a check with this outcome ends. */
const FAILED_AT: Readonly<Partial<Record<Outcome, SignatureStep>>> = {
  SIGNATURE_MISSING: "Authorization",
  SIGNATURE_MALFORMED: "Authorization",
  ALGORITHM_UNSUPPORTED: "Authorization",
  HOST_UNSIGNED: "Authorization",
  SIGNATURE_EXPIRED: "Time",
  ACCESS_KEY_UNKNOWN: "Access key",
  ACCESS_KEY_LOCKED: "Access key",
  ACCESS_KEY_EXPIRED: "Access key",
  SECURITY_TOKEN_INVALID: "Security token",
  PAYLOAD_UNSIGNED: "Body",
  PAYLOAD_MISMATCH: "Body",
  BODY_TOO_LARGE: "Body",
  SIGNATURE_MISMATCH: "Signature",
}

function signatureCheck(world: World, mask: Mask, request: RecordedRequest): RequestCheck {
  const { signature } = request.trace
  if (signature === undefined) return openCheck(request)
  const claimed = claimedSignature(request.headers)
  const { outcome } = signature
  // A token, or a scheme that is not accepted, would be another check.
  const failedAt = outcome === "OK" ? undefined : (FAILED_AT[outcome] ?? "Authorization")
  const failedIndex = failedAt === undefined ? SIGNATURE_STEPS.length : SIGNATURE_STEPS.indexOf(failedAt)
  const steps = SIGNATURE_STEPS.map((name, index): CheckStep => {
    const state: StepState = index < failedIndex ? "passed" : index === failedIndex ? "failed" : "not reached"
    return { name, state, detail: state === "not reached" ? "" : signatureDetail(name, mask, request, claimed) }
  })
  if (outcome === "OK" && request.trace.refusal !== undefined) steps.push(permissionStep(request.trace.refusal))
  const canonical = claimed === undefined ? undefined : arrivedCanonical(request, claimed)
  if (canonical === undefined || claimed === undefined) return { steps }
  const check = { steps, canonicalRequest: maskCanonical(canonical) }
  if (failedAt !== "Signature" || signature.key === undefined) return check
  const { accessKeyId, secretAccessKey } = signature.key
  // The scoped form puts the query into the payload only for POST.
  const apart = claimed.scoped ? (arrivedCanonical({ ...request, method: "GET" }, claimed) ?? canonical) : canonical
  const found = findSignedRequest({
    arrived: { ...parseCanonical(apart), method: parseCanonical(canonical).method },
    claimed,
    secretAccessKey,
    otherSecrets: secretsBut(world, accessKeyId),
    content: request.trace.body?.content,
    hosts: hostsOf(request),
  })
  if (found === undefined) return check
  const { parts, differences } = found
  return { ...check, signedCanonicalRequest: maskCanonical(canonicalText(parts)), differences }
}

function signatureDetail(
  name: SignatureStep,
  mask: Mask,
  { headers, trace }: RecordedRequest,
  claimed: ClaimedSignature | undefined,
): string {
  const { outcome, checkedAt = 0, key } = trace.signature ?? {}
  switch (name) {
    case "Authorization":
      if (claimed === undefined) return "The header does not have the form of a signature."
      return outcome === "SIGNATURE_MALFORMED"
        ? "The signature, X-Sdk-Date, or the list of signed headers is malformed: names in lower case, sorted, each once, with x-sdk-date."
        : `${claimed.algorithm}${claimed.scoped ? " in the scoped form" : ""} over ${claimed.signedHeaders.join(", ")}`
    case "Time":
      return `signed at ${claimed?.date}, the server's clock says ${new Date(checkedAt).toISOString()}`
    case "Access key": {
      if (key === undefined) return `The emulator has no key ${mask.accessKeyId(claimed?.accessKeyId ?? "")}.`
      const owner = `${key.accessKeyId} of ${key.principal.user.name}`
      if (outcome === "ACCESS_KEY_LOCKED") return `${owner} is locked after too many wrong signatures in a row.`
      return outcome === "ACCESS_KEY_EXPIRED" ? `${owner} has expired.` : owner
    }
    case "Security token":
      if (key?.securityToken === undefined) return "The key needs none."
      if (outcome !== "SECURITY_TOKEN_INVALID") return "It belongs to the key and is signed."
      return headers["x-security-token"] === undefined
        ? "The key needs one, but none was sent."
        : "It does not belong to the key, or it is not signed."
    case "Body": {
      const { bytes = 0, sha256 = "", content } = trace.body ?? {}
      if (outcome === "BODY_TOO_LARGE") return `${bytes} bytes are more than a signature covers.`
      const sm3 = claimed?.hash === "sm3" && content !== undefined ? digest("sm3", content) : undefined
      const [name, hash] = sm3 === undefined ? ["SHA-256", sha256] : ["SM3", sm3]
      return outcome === "PAYLOAD_MISMATCH"
        ? `Its ${name} is ${hash}, but the content hash header differs.`
        : `${bytes} bytes, ${name} ${hash}`
    }
    case "Signature":
      return outcome === "OK"
        ? "It matches the canonical request."
        : "It does not match the canonical request: another request was signed, or it was signed with another SK."
  }
}

/** The canonical request of the one that arrived, unmasked; `undefined` if it cannot be signed or is not kept. */
function arrivedCanonical(
  { method, url, headers, trace }: RecordedRequest,
  claimed: ClaimedSignature,
): string | undefined {
  const { algorithm, scoped, signedHeaders, hash } = claimed
  const { bytes = 0, content, sha256 } = trace.body ?? {}
  const payloadHash = headers[`x-sdk-content-${hash}`] ?? (hash === "sm3" ? undefined : sha256)
  // If the body was not kept, no other hash is known.
  if (payloadHash === undefined && content === undefined && bytes > 0) return undefined
  // A signed header that did not arrive counts as empty.
  const signed = Object.fromEntries(signedHeaders.map((name) => [name, headers[name] ?? ""]))
  try {
    return canonicalRequest(
      { method, url, headers: signed, body: content ?? null },
      { algorithm, scoped, signedHeaders, payloadHash },
    )
  } catch {
    return undefined
  }
}

/** The names of this server, and those that a proxy in front of it passes on. */
function hostsOf({ headers, port }: RecordedRequest): string[] {
  const own = ["localhost", "127.0.0.1"].flatMap((name) => [`${name}:${port}`, name])
  const { "x-forwarded-host": forwarded } = headers
  return forwarded === undefined ? own : [...own, forwarded]
}

function secretsBut({ identities }: World, accessKeyId: string): TriedSecret[] {
  // A key may have been rotated or revoked since.
  const ownerOf = (key: string, user: string): string =>
    identities.key(key) === undefined ? `a former key of ${user}` : user
  return identities.accounts.flatMap(({ users, apps }) => [
    ...users
      .filter(({ credentials }) => credentials.accessKeyId !== accessKeyId)
      .map(({ name, credentials }) => ({
        secretAccessKey: credentials.secretAccessKey,
        words: `the SK of ${ownerOf(credentials.accessKeyId, name)}`,
      })),
    ...apps
      .filter(({ key }) => key !== accessKeyId)
      .map(({ name, secret }) => ({ secretAccessKey: secret, words: `the AppSecret of ${name}` })),
  ])
}

function permissionStep(refusal: string): CheckStep {
  return { name: "Permission", state: "failed", detail: refusal }
}

function codeCheck({ identities }: World, { headers, trace }: RecordedRequest): RequestCheck {
  const code = headers["x-apig-appcode"] ?? ""
  const app = identities.appByCode(code)
  const steps: CheckStep[] = [
    { name: "X-Apig-AppCode", state: "passed", detail: `${code.length} characters` },
    {
      name: "App",
      state: app === undefined ? "failed" : "passed",
      detail: app === undefined ? "The emulator has no app with this code." : `the code of ${app.principal.user.name}`,
    },
  ]
  if (app !== undefined && trace.refusal !== undefined) steps.push(permissionStep(trace.refusal))
  return { steps }
}

const UNKNOWN_TOKEN = /decrypt token fail|Invalid token/
const EXPIRED_TOKEN = /token expires|token has expired/

function tokenCheck(world: World, request: RecordedRequest): RequestCheck {
  const value = request.headers["x-auth-token"] ?? ""
  const verdict = verdictOf(request) ?? ""
  const isUnknown = UNKNOWN_TOKEN.test(verdict)
  const isExpired = EXPIRED_TOKEN.test(verdict)
  const token = world.identities.token(value)
  return {
    steps: [
      { name: "X-Auth-Token", state: "passed", detail: `${value.length} characters` },
      {
        name: "Token",
        state: isUnknown ? "failed" : "passed",
        detail:
          token === undefined
            ? "The emulator issued no such token."
            : `issued to ${token.principal.user.name} by ${token.methods.join("+")}${token.revoked ? ", revoked since" : ""}`,
      },
      {
        name: "Expiry",
        state: isUnknown ? "not reached" : isExpired ? "failed" : "passed",
        detail: isUnknown || token === undefined ? "" : `valid until ${new Date(token.expiresAt).toISOString()}`,
      },
    ],
  }
}

/** The check of a request that names no token and no signature, or whose signature was not examined. */
function openCheck(request: RecordedRequest): RequestCheck {
  const verdict = verdictOf(request)
  const state = verdict === undefined ? "not reached" : verdict === "ok" ? "passed" : "failed"
  return { steps: [{ name: "Request", state, detail: verdict ?? "" }] }
}
