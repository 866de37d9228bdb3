import type { Auth } from "../auth/auth.ts"
import { isPromise } from "../runtime/promises.ts"
import { authenticateAttempt, type OutgoingRequest, tellOutcome, wireRequest } from "./authenticate-attempt.ts"
import { createHostGuard, type GuardOptions, type HostGuard } from "./host-guard.ts"
import type { OnRedirect } from "./redirect.ts"
import { isLast, type ResponseLike, type WireRequest } from "./wire-request.ts"
import { wireUrl } from "./wire-url.ts"

/** Puts one attempt on the wire. */
export type Send<R extends ResponseLike> = (request: WireRequest) => Promise<R>

export interface AuthenticatedSendOptions<R extends ResponseLike> extends GuardOptions {
  /** The compiled form of `hosts` and `allowInsecure`, for a caller that sends many requests. */
  guard?: HostGuard | undefined
  /** How many redirects are followed; 0 gives the redirect itself to the caller. @default 20 */
  maxRedirects?: number | undefined
  /** What the client does when there are more. @default throws a TypeError, as fetch does */
  tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  /** More headers, by lower-case name, that stay behind when a redirect leads to another origin. */
  secretHeaders?: readonly string[] | undefined
  /** Is told of each redirect that is followed. */
  onRedirect?: OnRedirect<R> | undefined
}

export interface AuthenticatedRequest extends Omit<OutgoingRequest, "url"> {
  url: string | URL
}

/**
 * Sends a request through a client so that every attempt on the wire is authenticated for the host it goes to: the first
 * one, each redirect hop, and one replay after a rejection that a fresh credential or the right time may cure.
 *
 * @param send puts one attempt on the wire and gives the client's response; its errors pass through untouched.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated.
 */
export async function authenticatedSend<R extends ResponseLike>(
  auth: Auth,
  request: AuthenticatedRequest,
  send: Send<R>,
  options: AuthenticatedSendOptions<R> = {},
): Promise<R> {
  const { guard = createHostGuard(options) } = options
  const hop = { ...request, url: wireUrl(request.url) }
  const prepared = authenticateAttempt(auth, hop, guard)
  const attempt = isPromise(prepared) ? await prepared : prepared
  let status: number | undefined
  try {
    const response = await send(wireRequest(attempt, 0))
    status = response?.status
    tellOutcome(attempt, status)
    // A mock may answer nothing.
    if (!response || isLast(response)) return response
    const { followUp } = await import("./follow-up.chunk.ts")
    return await followUp(hop, { attempt, response }, { ...options, auth, guard, send })
  } finally {
    if (status === undefined) tellOutcome(attempt)
    attempt.body.release?.()
  }
}
