// Loaded with the first response that may not be the last.
import type { Auth, Rejection, ReplayReason } from "../auth/auth.ts"
import { readErrorFields, requestIdIn } from "../cloud/error-fields.ts"
import { timeInHeader } from "../runtime/clock.ts"
import { abortable } from "../runtime/promises.ts"
import { checkListener } from "../runtime/tell-listeners.ts"
import type { AuthenticatedAttempt, OutgoingRequest } from "./authenticate-attempt.ts"
import { asBytes, chunksOf } from "./chunk-source.ts"
import type { BareReason } from "./diagnostics.chunk.ts"
import {
  startTime,
  tellAttempt,
  tellBare,
  tellFailure,
  tellRedirect,
  tellReplay,
  tellResponse,
  timeSince,
} from "./diagnostics.chunk.ts"
import type { HostGuard } from "./gate.ts"
import { hiddenRedirect, nextHop, type OnRedirect } from "./redirect.ts"
import { hasOwnSecrets } from "./send-secrets.ts"
import { isRejection, isRequest, isStream, type PeekLimits, type ResponseLike } from "./wire-request.ts"

/** How a call follows redirects, and which URLs may see credentials. */
export interface CallOptions<R extends ResponseLike> {
  /** Says which URLs may see credentials. */
  guard: HostGuard
  /** How many redirects are followed; 0 gives the redirect itself to the caller. @default 20 */
  maxRedirects?: number | undefined
  /** Called when there are more. @default throws a TypeError, as fetch does */
  tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  /** More headers, by lower-case name, that are dropped when a redirect leads to another origin. */
  secretHeaders?: readonly string[] | undefined
  /** Called for each redirect that is followed. */
  onRedirect?: OnRedirect<R> | undefined
}

/** The state of a call between its attempts. */
export interface CallState<R extends ResponseLike> {
  readonly options: CallOptions<R>
  /** The request behind the last attempt. */
  readonly request: OutgoingRequest | undefined
  /** The last attempt. */
  readonly attempt: AuthenticatedAttempt | undefined
  /** There is at most one replay. */
  isReplayed: boolean
  /** Truthy while somebody listens. */
  readonly isWatched: unknown
  /** Frees the kept part of a body. */
  end(): void
}

/** A request whose URL may not see credentials. */
export interface BareRequest {
  /** HTTP method. */
  readonly method: string
  /** As `wireUrl` returns it. */
  readonly url: URL
  /** A redirect from another origin led here. */
  readonly redirected?: boolean | undefined
  /** Gives the caller's headers, by lower-case name. Absent where the adapter keeps their secrets from other origins. */
  readonly ownHeaders?: (() => Readonly<Record<string, unknown>>) | undefined
}

/**
 * Tells of an attempt that is about to go on the wire.
 *
 * @throws {AuthError} as `tellBare`
 */
export function beforeAttempt<R extends ResponseLike>(
  auth: Auth,
  { request, options }: Pick<CallState<R>, "request" | "options">,
  attempt: AuthenticatedAttempt,
): AuthenticatedAttempt {
  const { method, url, bare, prepared, redirects } = attempt
  try {
    checkListener(options.guard.onEvent)
    const redirected = redirects > 0 || request?.redirected
    if (bare === undefined) tellAttempt(attempt, options.guard)
    else tellBare(auth, { method, url, redirected }, bare, options.guard)
  } catch (error) {
    prepared.discard?.(error)
    throw error
  }
  startTime(attempt)
  return attempt
}

/** Tells of an attempt that got no response. */
export function attemptFailed<R extends ResponseLike>(
  { attempt, options }: Pick<CallState<R>, "attempt" | "options">,
  error: unknown,
): void {
  if (attempt !== undefined) tellFailure(attempt, error, options.guard)
}

/**
 * Whether the client may send a bare request as it is. It may not if the caller's own headers hold secrets, which clients
 * take along on redirects. A request that it may send is told of.
 *
 * @throws {AuthError} as `tellBare`
 */
export function clientSendsBare(
  auth: Auth,
  { method, url, redirected, ownHeaders }: BareRequest,
  bare: BareReason,
  guard: HostGuard,
): boolean {
  if (ownHeaders !== undefined && hasOwnSecrets(ownHeaders())) return false
  tellBare(auth, { method, url, redirected }, bare, guard)
  return true
}

/** The same for a call of fetch. */
export function fetchSendsBare(
  auth: Auth,
  { input, given, url }: { readonly input: string | URL | Request; readonly given: RequestInit; readonly url: URL },
  bare: BareReason,
  guard: HostGuard,
): boolean {
  const own = isRequest(input) ? input : undefined
  const method = (given.method ?? own?.method ?? "GET").toUpperCase()
  return clientSendsBare(auth, { method, url, ownHeaders: () => headersOf(given.headers ?? own?.headers) }, bare, guard)
}

function headersOf(headers: HeadersInit | undefined): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(headers))
  } catch {
    // fetch says what is wrong with them.
    return {}
  }
}

/** Decides what follows a response that may not be the last: a replay, a redirect, or nothing. */
export async function followUp<R extends ResponseLike>(
  call: CallState<R>,
  response: R,
): Promise<OutgoingRequest | undefined> {
  const { request, attempt } = call
  if (request === undefined || attempt === undefined) return undefined
  const { guard, maxRedirects = 20 } = call.options
  const { status } = response
  const durationMs = call.isWatched ? timeSince(attempt) : 0
  const again = sameRequest(request, attempt)
  const isJudged = attempt.as !== undefined && isRejection(status)
  const rejection = isJudged ? await readRejection(response, attempt.url, call.isReplayed) : undefined
  if (call.isWatched) tellResponse(attempt, { status, durationMs, rejection }, guard)
  let because: ReplayReason | undefined
  try {
    because = rejection && (await replayReason(attempt, rejection, request.signal))
  } catch (error) {
    discard(response)
    throw error
  }
  if (because !== undefined && !response.isLast) {
    call.isReplayed = true
    if (call.isWatched) tellReplay(attempt, because, guard)
    discard(response)
    return again
  }
  if (maxRedirects === 0) return undefined
  if (response.type === "opaqueredirect") throw hiddenRedirect(request.url)
  // Report `redirected` even though we, not the client, followed the redirect.
  if (attempt.redirects > 0) showRedirected(response)
  if (!REDIRECTS.includes(status)) return undefined
  const isLast = attempt.redirects === maxRedirects
  const canRepeat = attempt.prepared.replayable
  const location = headerOf(response, "location")
  const hop = nextHop(again, response, { ...call.options, location, maxRedirects, isLast, canRepeat })
  if (hop === undefined) return undefined
  tellFollowed(call, status, hop.url)
  if (hop.body !== again.body) call.end()
  discard(response)
  return { ...hop, redirects: attempt.redirects + 1 }
}

/** Tells of a redirect that is followed, by the engine or by a client on its own. */
export function tellFollowed<R extends ResponseLike>(
  { attempt, isWatched, options }: CallState<R>,
  status: number,
  to: URL,
): void {
  if (attempt !== undefined && isWatched) tellRedirect(attempt, status, to, options.guard)
}

/** The statuses that send the client to another URL. */
const REDIRECTS = [301, 302, 303, 307, 308]

function showRedirected<R extends ResponseLike>(response: R): R {
  if (isFetchResponse(response) && !response.redirected) {
    const { clone } = response
    Object.defineProperties(response, {
      redirected: { value: true },
      clone: { value: () => showRedirected(clone.call(response)) },
    })
  }
  return response
}

/** The caller's request with the body as it was sent. A body is read only once. */
function sameRequest(
  request: OutgoingRequest,
  { headers: sent, prepared, body }: AuthenticatedAttempt,
): OutgoingRequest {
  const contentType = prepared.contentType === undefined ? undefined : sent["content-type"]
  const headers = contentType === undefined ? request.headers : { ...request.headers, "content-type": contentType }
  return { ...request, headers, body }
}

/** Frees the connection of a response that nobody will read. It may have broken off, and need not end before the next attempt. */
function discard(response: ResponseLike): void {
  const discarded = async (): Promise<void> => {
    if (response.discard !== undefined) await response.discard()
    else if (isFetchResponse(response)) await cancelBody(response)
  }
  discarded().catch(() => undefined)
}

const LIMITS: PeekLimits = { length: 65_536, ms: 1_000 }

/** Why a rejected attempt is sent again with new authentication; `undefined` if it is not. The auth of the attempt judges. */
async function replayReason(
  { by, as, prepared }: AuthenticatedAttempt,
  rejection: Rejection,
  signal?: AbortSignal,
): Promise<ReplayReason | undefined> {
  if (by === undefined || as === undefined) return undefined
  const verdict = await abortable(Promise.resolve(by.judge(as, rejection, signal)), signal)
  if (verdict === false || rejection.replayed || !prepared.replayable) return undefined
  return verdict === true ? "curable" : verdict
}

/** Parses a 401 or 403. The body stays readable for the caller. */
async function readRejection(response: ResponseLike, url: URL, replayed: boolean): Promise<Rejection> {
  const text = await errorText(response)
  const fields = text === undefined ? {} : readErrorFields(text)
  return {
    status: response.status,
    origin: url.origin,
    ...fields,
    requestId: fields.requestId ?? requestIdIn((name) => headerOf(response, name)),
    serverTime: timeInHeader(headerOf(response, "date")),
    replayed,
  }
}

async function errorText(response: ResponseLike): Promise<string | undefined> {
  try {
    if (response.peek !== undefined) return await response.peek(LIMITS)
    return isFetchResponse(response) && !response.bodyUsed ? await peekResponse(response) : undefined
  } catch {
    return undefined
  }
}

/** The text of the body, unless it is too long or takes too long. */
async function peekResponse(response: Response): Promise<string | undefined> {
  if (Number(headerOf(response, "content-length") ?? 0) > LIMITS.length) return undefined
  const body = clonedBody(response)
  if (!isStream(body)) return ""
  const chunks = chunksOf(body)
  const overdue = AbortSignal.timeout(LIMITS.ms)
  const decoder = new TextDecoder()
  let text = ""
  try {
    for (;;) {
      const { done, value } = await abortable(chunks.next(), overdue)
      if (done) return text + decoder.decode()
      text += decoder.decode(asBytes(value), { stream: true })
      if (text.length > LIMITS.length) return undefined
    }
  } finally {
    // Cancels the rest of this clone only. The caller's body goes on.
    chunks.cancel()
  }
}

/** Whether it is a Response as fetch returns it, of any library. */
function isFetchResponse(response: ResponseLike): response is Response {
  return "bodyUsed" in response && "clone" in response
}

/** Cancels the body, which is a Node stream in other libraries. */
async function cancelBody({ body }: Response): Promise<void> {
  if (body === null || typeof body !== "object") return
  if (typeof body.cancel === "function") await body.cancel()
  else if ("destroy" in body && typeof body.destroy === "function") body.destroy()
}

/** The body of a clone. */
function clonedBody(response: Response): unknown {
  const { body } = response.clone()
  const own: unknown = response.body
  // node-fetch handles errors of the body it made, but not of the half that remains after a clone. An error of that half,
  // which nobody may be reading, would end the process.
  if (isStream(own) && "on" in own) own.on("error", () => undefined)
  return body
}

/** One header of a response, if it is a text. A mock may have no headers. */
function headerOf({ headers }: { headers?: Partial<ResponseLike["headers"]> }, name: string): string | undefined {
  const value = headers?.get?.(name)
  return typeof value === "string" ? value : undefined
}
