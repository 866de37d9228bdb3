import type { Auth, Authentication } from "../auth/auth.ts"
import { isBodyLonger } from "../runtime/body-size.ts"
import { abortable, andThen, isPromise, lazily } from "../runtime/promises.ts"
import type { BareReason, HostGuard } from "./gate.ts"
import { type BodyStream, bufferedBody, isStream, type PreparedBody, type WireRequest } from "./wire-request.ts"

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
  /** How many redirects led here. @default 0 */
  redirects?: number | undefined
  /** The client has to see a stream as it is; then it cannot be sent again where the auth leaves it unread. @default false */
  asIs?: boolean | undefined
}

/** A request on the wire, authenticated where it may be. */
export interface AuthenticatedAttempt extends WireRequest {
  /** The body as far as it had to be read; its `content` is the `body` to send. */
  readonly prepared: PreparedBody
  /** Who authenticated it, and how; absent when it goes out bare. */
  readonly by?: Auth | undefined
  readonly as?: Authentication | undefined
  /** Why it goes out bare. */
  readonly bare?: BareReason | undefined
}

/**
 * Prepares one attempt on the wire: host guard, then the body as bytes as far as the auth needs them, then its headers. At
 * once when everything is at hand. A URL that may not see credentials gives the request back as it was.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`, and whatever the auth throws.
 */
export function authenticateAttempt(
  auth: Auth,
  request: OutgoingRequest,
  guard: HostGuard,
): AuthenticatedAttempt | Promise<AuthenticatedAttempt> {
  const { url, headers, signal, asIs } = request
  const bare = guard.bareReason(url, request.baseUrl, request.redirected)
  if (bare !== undefined) {
    return andThen(opaqueBody(request.body, asIs), (body) => attemptOf(request, body, headers, { bare }))
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
  request: OutgoingRequest,
  body: PreparedBody,
  limit: number | undefined,
): AuthenticatedAttempt | Promise<AuthenticatedAttempt> {
  const { method, url, headers: given, signal } = request
  const by = body.exceedsLimit ? auth.beyondLimit : auth
  if (by === undefined) return andThen(loadBodies(), ({ refuseTooLarge }) => refuseTooLarge(request, limit))
  const headers = body.contentType === undefined ? given : withContentType(given, body.contentType)
  const as = by.authenticate({ method, url: url.href, headers, body: body.bytes, signal, tellsOutcome: true })
  return andThen(isPromise(as) ? abortable(as, signal) : as, (as) =>
    attemptOf(request, body, { ...headers, ...as.headers }, { by, as }),
  )
}

const NONE = {}

function attemptOf(
  { method, url, redirects = 0 }: OutgoingRequest,
  prepared: PreparedBody,
  headers: AuthenticatedAttempt["headers"],
  { by, as, bare }: Pick<AuthenticatedAttempt, "by" | "as" | "bare">,
): AuthenticatedAttempt {
  const authenticated = as !== undefined
  return {
    method,
    url,
    headers,
    added: as?.headers ?? NONE,
    body: prepared.content,
    redirects,
    authenticated,
    prepared,
    by,
    as,
    bare,
  }
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

const NO_BODY: PreparedBody = { content: null, bytes: null, replayable: true, exceedsLimit: false }

/** Code that programs do without which pass no Request, no form and no stream. */
export const loadBodies = lazily(() => import("./bodies.chunk.ts"))

/** The body as the caller gave it, not looked into. A stream is kept as it passes, unless the client has to see what it is. */
export function opaqueBody(body: unknown, asIs = false): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (!isStream(body)) return { content: body, bytes: undefined, replayable: true, exceedsLimit: false }
  return keptStream(body, asIs)
}

/**
 * Turns a body into the bytes that will be sent, without a copy where it already is bytes.
 *
 * Takes strings, URLSearchParams, FormData, Blob, ArrayBuffer and every view of one, Node and web streams, async
 * iterables of strings or bytes. A stream is read up to `limit` bytes; past it, `content` is an async iterable of what was
 * read and what is left.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` (as a rejection) for any other kind, and for a stream that was consumed before.
 */
export function readBody(body: unknown, limit: number, signal?: AbortSignal): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (typeof body === "string" || (body instanceof Uint8Array && body.buffer instanceof ArrayBuffer))
    return bufferedBody(body, isBodyLonger(body, limit))
  return readOther(body, limit, signal)
}

async function keptStream(body: BodyStream, asIs: boolean): Promise<PreparedBody> {
  const { keptBody } = await loadBodies()
  return keptBody(body, asIs)
}

async function readOther(body: unknown, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  const { readFormOrStream } = await loadBodies()
  return readFormOrStream(body, limit, signal)
}
