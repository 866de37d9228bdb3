import { AuthError } from "../errors/auth-error.ts"
import { canonicalQueryString, canonicalUriLine } from "./canonical-url.ts"
import { type HeaderPlan, type HeaderValues, isToken } from "./header-plan.ts"
import { formatSdkDate } from "./sdk-date.ts"
import { type UrlParts, urlParts } from "./url-parts.ts"

/** A request of which all is known that a signature needs. */
export interface ResolvedRequest {
  readonly method: string
  readonly url: string | URL
  readonly plan: HeaderPlan
  /** As the plan read them from the request. */
  readonly values: HeaderValues
  /** Epoch ms. */
  readonly signedAt: number
  /** Hash of the body, or what stands for it. */
  readonly payload: string
}

/** What is signed, and the parts of it that the signature names. */
export interface Canonical {
  readonly request: string
  readonly signedHeaders: string
  /** X-Sdk-Date. */
  readonly date: string
}

/** @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION` */
export function canonicalize(
  { method, url, plan, values, signedAt, payload }: ResolvedRequest,
  securityToken: string | undefined,
): Canonical {
  const wire = urlParts(url)
  const date = formatSdkDate(signedAt)
  values[plan.date] = date
  values[plan.host] ??= wire.host
  if (securityToken !== undefined) values[plan.securityToken] = securityToken
  plan.keepChosen?.(values, payload, securityToken !== undefined)
  const { text, signedHeaders } = plan.endOf(values, payload)
  return { request: canonicalText(method, wire, text), signedHeaders, date }
}

/**
 * The parts, in lines.
 *
 * @param end the headers, their names and the payload hash, after a line break each
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when the method is no token, or the URL holds a control character.
 */
export function canonicalText(method: string, { path, query }: UrlParts, end: string): string {
  if (!isToken(method)) {
    throw new AuthError("AUTH_INVALID_REQUEST", "The method must be an HTTP token, such as GET.")
  }
  return `${method}\n${canonicalUriLine(path)}${canonicalQueryString(query)}${end}`
}
