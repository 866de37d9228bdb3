import type { Auth } from "../auth/auth.ts"
import { listenersChannel } from "../runtime/listeners-channel.ts"
import { andThen, asPromise, lazily } from "../runtime/promises.ts"
import { type AuthenticatedAttempt, authenticateAttempt, type OutgoingRequest } from "./authenticate-attempt.ts"
import type { BareRequest, CallOptions, CallState } from "./follow-up.chunk.ts"
import { createHostGuard, type GuardOptions, type HostGuard } from "./gate.ts"
import { isRejection, type ResponseLike, type WireRequest, wireUrl } from "./wire-request.ts"

/** Code that a plain request does without: judges, replays, follows, tells. */
export const loadFollowUp = lazily(() => import("./follow-up.chunk.ts"))

/**
 * One request of a caller. It prepares each attempt, and decides after each response whether another attempt follows, for a
 * replay or a redirect. Clients call `next` before each attempt, `answered` or `failed` after it, and `end` at the end.
 */
export class AuthenticatedCall<R extends ResponseLike = ResponseLike> implements CallState<R> {
  /** The options that the call was made with. */
  readonly options: CallOptions<R>
  request: OutgoingRequest | undefined
  attempt: AuthenticatedAttempt | undefined
  isReplayed = false

  constructor(options: CallOptions<R>) {
    this.options = options
  }

  /**
   * Prepares an attempt. Synchronous if nothing has to be awaited.
   *
   * @param request the first request, or the one that `answered` returned, as the client is about to send it.
   * @throws {AuthError} as `authenticateAttempt`
   */
  next(auth: Auth, request: OutgoingRequest): AuthenticatedAttempt | Promise<AuthenticatedAttempt> {
    this.request = request
    return andThen(authenticateAttempt(auth, request, this.options.guard), (attempt) => {
      this.attempt = attempt
      if (!(attempt.bare ?? this.isWatched)) return attempt
      return andThen(loadFollowUp(), ({ beforeAttempt }) => beforeAttempt(auth, this, attempt))
    })
  }

  /**
   * Takes the response to the last attempt. Synchronous unless the response must be judged.
   *
   * @returns the request to send next, or `undefined` if the response is the caller's.
   * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for a redirect that would send a spent stream again; `AUTH_REDIRECT_BLOCKED`
   * for one that a browser hides; and whatever the auth throws when it renews a credential.
   */
  answered(response: R): OutgoingRequest | undefined | Promise<OutgoingRequest | undefined> {
    const { status } = response
    this.#tellOutcome(status)
    // A redirect that a browser hides has the status 0.
    const isFinal = isRejection(status)
      ? !this.attempt?.authenticated
      : status >= 200 && (this.options.maxRedirects === 0 || status < 300 || status > 399)
    if (isFinal && !this.attempt?.redirects && !this.isWatched) return undefined
    return andThen(loadFollowUp(), ({ followUp }) => followUp(this, response))
  }

  /**
   * The last attempt got no response.
   *
   * @param error the client's. An event tells its name and code; without an error there is none.
   */
  failed(error?: unknown): void {
    this.#tellOutcome()
    if (error && this.isWatched) void andThen(loadFollowUp(), ({ attemptFailed }) => attemptFailed(this, error))
  }

  /** No further attempt follows. Frees the kept part of a body. */
  end(): void {
    this.attempt?.prepared.release?.()
  }

  /** Truthy while somebody listens. */
  get isWatched(): unknown {
    return this.options.guard.onEvent ?? listenersChannel?.hasSubscribers
  }

  /**
   * Reports the outcome of an attempt to its auth, unless the auth will judge it. A server may redirect before it checks
   * the credential, so a redirect does not count as a success.
   */
  #tellOutcome(status?: number): void {
    const { attempt } = this
    if (attempt?.as === undefined) return
    if (status !== undefined && status >= 200 && status < 300) attempt.by?.accepted?.(attempt.as, attempt.url)
    if (!isRejection(status)) attempt.as.ended?.(status)
  }
}

/**
 * Whether a client sends a request as if there were no auth, because its URL may not see credentials. Synchronous if it may.
 *
 * @throws {AuthError} as `tellBare`
 */
export function passesBare(
  auth: Auth,
  request: BareRequest & Pick<OutgoingRequest, "baseUrl">,
  guard: HostGuard,
): boolean | Promise<boolean> {
  const bare = guard.bareReason(request.url, request.baseUrl, request.redirected)
  if (bare === undefined) return false
  return andThen(loadFollowUp(), ({ clientSendsBare }) => clientSendsBare(auth, request, bare, guard))
}

/** Sends one attempt. */
export type Send<R extends ResponseLike> = (request: WireRequest) => R | Promise<R>

/** Options of {@link authenticatedSend}. */
export interface AuthenticatedSendOptions<R extends ResponseLike> extends GuardOptions, Omit<CallOptions<R>, "guard"> {
  /** The compiled form of `hosts` and `allowInsecure`, for a caller that sends many requests. */
  guard?: HostGuard | undefined
}

/** A request to send, before its URL has its wire form. */
export interface AuthenticatedRequest extends Omit<OutgoingRequest, "url"> {
  /** Absolute. */
  url: string | URL
}

/**
 * Sends a request through a client so that every attempt is authenticated for the host it goes to: the first one, each
 * redirect hop, and one replay after a rejection that a fresh credential or the right time may cure.
 *
 * @param send sends one attempt and returns the client's response. Its errors pass through unchanged.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated.
 */
export function authenticatedSend<R extends ResponseLike>(
  auth: Auth,
  request: AuthenticatedRequest,
  send: Send<R>,
  options: AuthenticatedSendOptions<R> = {},
): Promise<R> {
  return asPromise(() => {
    const { guard = createHostGuard(options) } = options
    const call = new AuthenticatedCall<R>({ ...options, guard })
    return sendAttempts(call, auth, { ...request, url: wireUrl(request.url) }, send)
  })
}

/** Sends the attempts of a call. An attempt makes one promise. */
export function sendAttempts<R extends ResponseLike>(
  call: AuthenticatedCall<R>,
  auth: Auth,
  request: OutgoingRequest,
  send: Send<R>,
): R | Promise<R> {
  const answered = (response: R): R | Promise<R> => {
    // A mock may return nothing.
    if (!response) call.failed()
    return andThen(response && call.answered(response), (next) =>
      next ? sendAttempts(call, auth, next, send) : response,
    )
  }
  const failed = (error: unknown): never => {
    call.failed(error)
    throw error
  }
  return andThen(call.next(auth, request), (attempt) => {
    const response = asPromise(() => send(attempt)).then(answered, failed)
    return attempt.prepared.release ? response.finally(() => call.end()) : response
  })
}
