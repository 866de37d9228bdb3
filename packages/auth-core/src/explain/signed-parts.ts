import { isAuthError } from "../errors/auth-error.ts"
import { asked } from "../runtime/read-answer.ts"
import { ALGORITHMS, type SigningAlgorithm } from "../signing/algorithm.ts"
import { type ParsedAuthorization, parseAuthorization } from "../signing/authorization.ts"
import { selectHeaders } from "../signing/header-plan.ts"
import { parseSdkDate } from "../signing/server-time.ts"
import { canonicalRequest } from "../signing/signer.ts"
import { urlParts } from "../signing/url-parts.ts"
import { type CanonicalParts, parseCanonicalRequest, type SignedParts } from "./canonical-parts.ts"
import type { ExplainContext, ExplainedRequest } from "./explanation.ts"
import { isFingerprint, isMasked } from "./masked.ts"

/** The request whose signature was refused, as far as it is known. */
export interface SignedRequest {
  readonly parts: SignedParts
  /** The whole text, when nothing of it is unknown. */
  readonly canonicalRequest: string | undefined
  /** The parsed Authorization header; `undefined` when it is not known. */
  readonly claimed: ParsedAuthorization | undefined
  readonly algorithm: SigningAlgorithm
  readonly host: string | undefined
  /** As it is in the URL. */
  readonly wireQuery: string
  /** As it was to be sent; `undefined` when it is not known. */
  readonly body: string | Uint8Array | undefined
  /** The security token that went along. */
  readonly securityToken: string | undefined
  /** Why something could not be compared, one sentence each. */
  readonly gaps: readonly string[]
}

const NOTHING: SignedParts = {
  method: undefined,
  path: undefined,
  query: undefined,
  headers: new Map(),
  signedHeaders: undefined,
  payloadHash: undefined,
}

const WITHOUT_BODY = ["GET", "HEAD"]
const ALSO_READ = [
  "authorization",
  "host",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
  "x-sdk-date",
  "x-security-token",
]

/**
 * The canonical request that was signed, as far as the context tells it: as it was logged, or computed once more from the
 * request.
 *
 * @param received the gateway's, which names the signed headers where the request does not
 * @param form computes it in this form of SDK-HMAC-SHA256, not in that of the Authorization header
 */
export function signedRequest(
  { request = {}, canonicalRequest: logged, credentials }: ExplainContext,
  received: CanonicalParts | undefined,
  form?: { readonly scoped: boolean },
): SignedRequest {
  const listed = received?.signedHeaders ?? []
  const headers = readHeaders(request, [...ALSO_READ, ...listed])
  const claimed = parseAuthorization(headers.get("authorization") ?? "")
  const read =
    claimed === undefined ? headers : readHeaders(request, [...ALSO_READ, ...listed, ...claimed.signedHeaders])
  const algorithm = claimed?.algorithm ?? (read.has("x-sdk-content-sm3") ? "SDK-HMAC-SM3" : "SDK-HMAC-SHA256")
  const securityToken = read.get("x-security-token")
  const common = { claimed, algorithm, ...placeOf(request, read), body: bodyOf(request), securityToken }
  const given = logged === undefined ? undefined : parseCanonicalRequest(logged)
  if (given !== undefined) return { ...common, parts: given, canonicalRequest: logged, gaps: [] }
  if (logged !== undefined) {
    const gap = "The canonical request that was given has an unknown form, so it could not be compared."
    return { ...common, parts: NOTHING, canonicalRequest: undefined, gaps: [gap] }
  }
  if (request.url === undefined || request.method === undefined) {
    const gap = "The request is not known, so it could not be compared."
    return { ...common, parts: NOTHING, canonicalRequest: undefined, gaps: [gap] }
  }
  if (securityToken === undefined && credentials?.securityToken !== undefined && listed.includes("x-security-token")) {
    read.set("x-security-token", credentials.securityToken)
  }
  try {
    return {
      ...common,
      ...computed(request.method, absoluteUrl(request.url, read), request, read, claimed, algorithm, listed, {
        scoped: form?.scoped ?? claimed?.scoped ?? false,
        hasQueryLine: received?.query !== undefined && received.query !== "",
      }),
    }
  } catch (error) {
    const reason = isAuthError(error) ? error.message : "it is no request."
    const gap = `The request cannot be signed as it was given: ${reason}`
    return { ...common, parts: NOTHING, canonicalRequest: undefined, gaps: [gap] }
  }
}

/** The wanted headers by lower-case name, without values that somebody masked. */
function readHeaders({ headers }: Partial<ExplainedRequest>, wanted: readonly string[]): Map<string, string> {
  const { names, read } = selectHeaders(wanted)
  // A value with a line break could not be sent, so it is not what was signed.
  const values = asked(() => read(headers)) ?? []
  const known = names.flatMap((name, position): [string, string][] => {
    const value = values[position]
    return value === undefined || isMasked(value) ? [] : [[name, value]]
  })
  return new Map(known)
}

function placeOf(
  { url = "" }: Partial<ExplainedRequest>,
  headers: ReadonlyMap<string, string>,
): Pick<SignedRequest, "host" | "wireQuery"> {
  try {
    const { host, query } = urlParts(absoluteUrl(url, headers))
    return { host: headers.get("host") ?? host, wireQuery: query }
  } catch {
    return { host: headers.get("host"), wireQuery: "" }
  }
}

/** Logs have the path in one line and the host in another. */
function absoluteUrl(url: string | URL, headers: ReadonlyMap<string, string>): string | URL {
  const host = headers.get("host")
  return typeof url === "string" && url.startsWith("/") && host !== undefined ? `https://${host}${url}` : url
}

function bodyOf({ method = "", body }: Partial<ExplainedRequest>): string | Uint8Array | undefined {
  if (body === null) return ""
  if (body === undefined) return WITHOUT_BODY.includes(method) ? "" : undefined
  return body
}

function computed(
  method: string,
  url: string | URL,
  request: Partial<ExplainedRequest>,
  headers: ReadonlyMap<string, string>,
  claimed: ParsedAuthorization | undefined,
  algorithm: SigningAlgorithm,
  listed: readonly string[],
  { scoped, hasQueryLine }: { readonly scoped: boolean; readonly hasQueryLine: boolean },
): Pick<SignedRequest, "parts" | "canonicalRequest" | "gaps"> {
  const names = claimed?.signedHeaders ?? listed
  const present = names.filter((name) => name === "host" || headers.has(name))
  const date = headers.get("x-sdk-date")
  const body = bodyOf(request)
  // In the scoped form, a POST has a query line only if it has a body. An unknown body is left out of the comparison.
  const assumed = body ?? (scoped && hasQueryLine ? "?" : null)
  const values = Object.fromEntries([...headers].filter(([name]) => name !== "authorization"))
  const text = canonicalRequest(
    { method, url, headers: values, body: assumed },
    {
      algorithm,
      scoped,
      signedHeaders: present,
      // An unknown date is left out of the comparison, so any will do.
      ...(parseSdkDate(date ?? "") === undefined ? { date: new Date(0) } : {}),
    },
  )
  const parts = parseCanonicalRequest(text)
  if (parts === undefined) return { parts: NOTHING, canonicalRequest: undefined, gaps: [] }
  const known = new Map([...parts.headers].filter(([name]) => name !== "x-sdk-date" || date !== undefined))
  const missing = names.filter((name) => !known.has(name))
  const isBodyKnown = body !== undefined || headers.has(ALGORITHMS[algorithm].contentHashHeader)
  const gaps = [
    ...missing.map((name) => `The header ${name} as it was signed is not known.`),
    ...(isBodyKnown ? [] : ["The body as it was signed is not known."]),
  ]
  const isWhole = gaps.length === 0 && claimed !== undefined && ![...known.values()].some(isFingerprint)
  return {
    parts: {
      ...parts,
      headers: known,
      signedHeaders: claimed?.signedHeaders,
      payloadHash: isBodyKnown ? parts.payloadHash : undefined,
    },
    canonicalRequest: isWhole ? text : undefined,
    gaps,
  }
}
