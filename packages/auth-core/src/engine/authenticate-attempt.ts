import type { Auth, Authentication } from "../auth/auth.ts"
import { isBodyLonger } from "../cloud/body-size.ts"
import { abortable, andThen, isPromise, lazily } from "../runtime/promises.ts"
import type { BareReason } from "./diagnostics.chunk.ts"
import type { HostGuard } from "./gate.ts"
import { isStream, type PreparedBody, replayableBody, type WireRequest } from "./wire-request.ts"

/** A request as the client is about to send it. */
export interface OutgoingRequest {
  /** HTTP method, in the case in which it is sent. */
  method: string
  /** As `wireUrl` returns it. */
  url: URL
  /** By lower-case name. Not changed. */
  headers: Readonly<Record<string, string>>
  /** Any value that the client accepts as a body. */
  body?: unknown
  /** The client's base URL. Its origin may see credentials unless `hosts` says otherwise. */
  baseUrl?: string | URL | undefined
  /** Ends the request. */
  signal?: AbortSignal | undefined
  /** A redirect from another origin led here, so the default list of Huawei Cloud's hosts does not count. */
  redirected?: boolean | undefined
  /** How many redirects led here. @default 0 */
  redirects?: number | undefined
  /** The client must receive a stream unwrapped. One that the auth does not read cannot be sent again. @default false */
  asIs?: boolean | undefined
}

/** A request on the wire, authenticated if its URL may see credentials. */
export interface AuthenticatedAttempt extends WireRequest {
  /** The prepared body. Its `content` is the `body` to send. */
  readonly prepared: PreparedBody
  /** The auth that was used, and its result. Both are absent if the request goes out bare. */
  readonly by?: Auth | undefined
  /** The result of the auth: headers, and what it made them with. */
  readonly as?: Authentication | undefined
  /** Why it goes out bare. */
  readonly bare?: BareReason | undefined
}

/**
 * Prepares one attempt: checks the host guard, reads the body as far as the auth needs it, then has the auth make its
 * headers. Synchronous if nothing has to be awaited. A request to a URL that may not see credentials goes out bare.
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
  const headers = body.withType?.(given) ?? given
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
  return {
    method,
    url,
    headers,
    added: as?.headers ?? NONE,
    body: prepared.content,
    redirects,
    authenticated: as !== undefined,
    prepared,
    by,
    as,
    bare,
  }
}

const NO_BODY = replayableBody(null, null)

/** Loaded only for a Request, a form or a stream. */
export const loadBodies = lazily(() => import("./bodies.chunk.ts"))

/** Leaves the body unread. The chunks of a stream are kept as they pass, unless the client must receive it unwrapped. */
export function opaqueBody(body: unknown, asIs?: boolean): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (!isStream(body)) return replayableBody(body)
  // A promise, so that the stream is closed if the auth fails.
  return andThen(loadBodies(), async ({ keptBody }) => keptBody(body, asIs))
}

/**
 * Turns a body into the bytes that will be sent. Bytes are not copied.
 *
 * Takes strings, URLSearchParams, FormData, Blob, ArrayBuffer and every view of one, Node and web streams, and async
 * iterables of strings or bytes. A stream is read up to `limit` bytes. If it is longer, `content` is an async iterable of
 * the part that was read and the rest.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` (as a rejection) for any other kind, and for a consumed stream.
 */
export function readBody(body: unknown, limit: number, signal?: AbortSignal): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (typeof body === "string" || (body instanceof Uint8Array && body.buffer instanceof ArrayBuffer))
    return replayableBody(body, body, isBodyLonger(body, limit))
  return andThen(loadBodies(), ({ readFormOrStream }) => readFormOrStream(body, limit, signal))
}
