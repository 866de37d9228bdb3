import type { Auth } from "../auth/auth.ts"
import { isPromise } from "../runtime/promises.ts"
import type { OutgoingRequest } from "./authenticate-attempt.ts"
import { AuthenticatedCall } from "./authenticated-call.ts"
import type { CallOptions } from "./follow-up.chunk.ts"
import { createHostGuard, type GuardOptions, type HostGuard } from "./host-guard.ts"
import { type ResponseLike, type WireRequest, wireUrl } from "./wire-request.ts"

/** Puts one attempt on the wire. */
export type Send<R extends ResponseLike> = (request: WireRequest) => Promise<R>

export interface AuthenticatedSendOptions<R extends ResponseLike> extends GuardOptions, Omit<CallOptions<R>, "guard"> {
  /** The compiled form of `hosts` and `allowInsecure`, for a caller that sends many requests. */
  guard?: HostGuard | undefined
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
  const call = new AuthenticatedCall<R>(auth, { ...options, guard })
  let next: OutgoingRequest = { ...request, url: wireUrl(request.url) }
  try {
    for (;;) {
      const prepared = call.next(next)
      const attempt = isPromise(prepared) ? await prepared : prepared
      let response: R | undefined
      try {
        response = await send(attempt)
      } finally {
        // A mock may answer nothing.
        if (!response) call.failed()
      }
      if (!response) return response
      const answered = call.answered(response)
      const following = isPromise(answered) ? await answered : answered
      if (following === undefined) return response
      next = following
    }
  } finally {
    call.end()
  }
}
