import { AuthError } from "../errors/auth-error.ts"
import { canonicalQueryString, canonicalUriLine } from "./canonical-url.ts"
import { type CanonicalEnd, type HeaderPlan, type HeaderValues, isToken } from "./header-plan.ts"
import { type UrlParts, urlParts } from "./url-parts.ts"

/** A request with everything that its signature needs. */
export interface ResolvedRequest {
  readonly method: string
  readonly url: string | URL
  readonly plan: HeaderPlan
  /** As the plan read them from the request. */
  readonly values: HeaderValues
  /** Epoch ms. */
  readonly signedAt: number
  /** The payload hash, or UNSIGNED-PAYLOAD. */
  readonly payload: string
}

/**
 * The canonical request, and the list of its headers.
 *
 * @param hostOf gives the host of an origin; may remember it
 * @throws {AuthError} `AUTH_INVALID_REQUEST`
 */
export function canonicalize(
  request: ResolvedRequest,
  sdkDate: string,
  securityToken: string | undefined,
  hostOf?: (origin: string) => string,
): CanonicalEnd {
  const { method, url, plan, values, payload } = request
  const wire = urlParts(url, hostOf)
  values[plan.date] = sdkDate
  values[plan.host] ??= wire.host
  if (securityToken !== undefined) values[plan.securityToken] = securityToken
  plan.keepChosen?.(values, payload, securityToken !== undefined)
  const { text, signedHeaders } = plan.endOf(request)
  return { text: canonicalText(method, wire, text), signedHeaders }
}

/**
 * Joins the parts of a canonical request.
 *
 * @param end a line break, then headers, their names and payload hash, separated by line breaks
 * @throws {AuthError} `AUTH_INVALID_REQUEST` for a method that is not a token, or a URL with a control character.
 */
export function canonicalText(method: string, { path, query }: UrlParts, end: string): string {
  if (!isToken(method)) {
    throw new AuthError("AUTH_INVALID_REQUEST", "The method must be an HTTP token, such as GET.")
  }
  return `${method}\n${canonicalUriLine(path)}${canonicalQueryString(query)}${end}`
}
