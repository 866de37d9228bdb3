import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"
import type { ResponseLike } from "./response-like.ts"
import { type WireRequest, wireRequest } from "./wire-request.ts"

/**
 * Tells the auth of an attempt what came of it, unless `shouldReplay` will: that the server took what it gave; else that
 * another answer came, such as a redirect, which may come before anybody looked at it; or, without a status, that none came.
 */
export function tellOutcome({ authenticated, url }: AuthenticatedAttempt, status?: number): void {
  if (authenticated === undefined) return
  const { by, as } = authenticated
  if (status !== undefined && status >= 200 && status < 300) by.accepted?.(as, url)
  else if (status !== 401 && status !== 403) by.ended?.(as, status)
}

/** Puts an attempt on the wire, and tells its auth what came of it. */
export async function sendAttempt<R extends ResponseLike>(
  attempt: AuthenticatedAttempt,
  redirects: number,
  send: (request: WireRequest) => Promise<R>,
): Promise<R> {
  try {
    const response = await send(wireRequest(attempt, redirects))
    tellOutcome(attempt, response.status)
    return response
  } catch (error) {
    tellOutcome(attempt)
    throw error
  }
}
