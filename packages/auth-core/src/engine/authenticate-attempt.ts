import type { Auth, Authentication } from "../auth/auth.ts"
import { AuthError } from "../errors/auth-error.ts"
import { abortable, andThen, isPromise } from "../runtime/promises.ts"
import { opaqueBody, readBody } from "./body.ts"
import type { HostGuard } from "./host-guard.ts"
import type { PreparedBody } from "./prepared-body.ts"
import type { WireRequest } from "./wire-request.ts"

/** A request as the client is about to send it. */
export interface OutgoingRequest {
  method: string
  /** Finished; see `wireUrl`. */
  url: URL
  /** By lower-case name. Not changed. */
  headers: Readonly<Record<string, string>>
  /** Anything the client takes as a body. */
  body?: unknown
  /** The client's own base URL: its origin may see credentials unless `hosts` says otherwise. */
  baseUrl?: string | URL | undefined
  signal?: AbortSignal | undefined
  /** A redirect from another origin led here: it gets no credential that only the default host list admits. */
  redirected?: boolean | undefined
  /** The client has to see a stream as it is; then it cannot be sent again where the auth leaves it unread. @default false */
  asIs?: boolean | undefined
}

/** A request, authenticated where it may be. */
export interface AuthenticatedAttempt {
  readonly url: URL
  readonly method: string
  /** All headers to send, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: PreparedBody
  /** Absent when the request goes out bare. */
  readonly authenticated?: { readonly by: Auth; readonly as: Authentication } | undefined
}

/**
 * Prepares one attempt on the wire: host guard, then the body as bytes as far as the auth needs them, then its headers. At
 * once when everything is at hand. A URL that may not see credentials gives the request back as it was. Whoever sends it
 * then calls `tellOutcome`.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`, and whatever the auth throws.
 */
export function authenticateAttempt(
  auth: Auth,
  request: OutgoingRequest,
  guard: HostGuard,
): AuthenticatedAttempt | Promise<AuthenticatedAttempt> {
  const { method, url, headers, signal, asIs } = request
  if (!guard(url, request.baseUrl, request.redirected)) {
    return andThen(opaqueBody(request.body, asIs), (body) => ({ url, method, headers, body }))
  }
  const limit = auth.bodyLimit(headers)
  const body = limit === undefined ? opaqueBody(request.body, asIs) : readBody(request.body, limit, signal)
  if (!isPromise(body)) return authenticateBody(auth, request, body, limit)
  return body.then(async (read) => {
    try {
      return await authenticateBody(auth, request, read, limit)
    } catch (error) {
      read.discard?.(error)
      throw error
    }
  })
}

function authenticateBody(
  auth: Auth,
  { method, url, headers: given, signal }: OutgoingRequest,
  body: PreparedBody,
  limit: number | undefined,
): AuthenticatedAttempt | Promise<AuthenticatedAttempt> {
  const by = body.exceedsLimit ? auth.beyondLimit : auth
  if (by === undefined) {
    throw new AuthError(
      "AUTH_BODY_TOO_LARGE",
      `The body of ${method} ${url.origin}${url.pathname} is larger than the ${limit} bytes that AK/SK can sign: use tokenAuth, or autoAuth to switch by size.`,
    )
  }
  const headers = body.contentType === undefined ? given : withContentType(given, body.contentType)
  const authenticated = (as: Authentication): AuthenticatedAttempt => ({
    url,
    method,
    headers: { ...headers, ...as.headers },
    body,
    authenticated: { by, as },
  })
  const as = by.authenticate({ method, url: url.href, headers, body: body.bytes, signal, tellsOutcome: true })
  return andThen(isPromise(as) ? abortable(as, signal) : as, authenticated)
}

/** A type the caller chose stays, except for a form: its boundary is known only now. */
function withContentType(
  headers: Readonly<Record<string, string>>,
  contentType: string,
): Readonly<Record<string, string>> {
  const chosen = headers["content-type"]
  if (chosen !== undefined && !contentType.startsWith("multipart/")) return headers
  return { ...headers, "content-type": contentType }
}

/**
 * Tells the auth of an attempt what came of it, unless `shouldReplay` will. A redirect may come before anybody looked at what
 * the auth gave, so it counts as no success.
 *
 * @param status absent when no answer came
 */
export function tellOutcome({ authenticated, url }: AuthenticatedAttempt, status?: number): void {
  if (authenticated === undefined) return
  const { by, as } = authenticated
  if (status !== undefined && status >= 200 && status < 300) by.accepted?.(as, url)
  if (status !== 401 && status !== 403) as.ended?.(status)
}

const NONE = {}

export function wireRequest(attempt: AuthenticatedAttempt, redirects: number): WireRequest {
  const { method, url, headers, body, authenticated } = attempt
  const added = authenticated?.as.headers ?? NONE
  return { method, url, headers, added, body: body.content, redirects, authenticated: authenticated !== undefined }
}
