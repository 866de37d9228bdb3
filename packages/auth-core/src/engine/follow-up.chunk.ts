import type { Auth } from "../auth/auth.ts"
import {
  type AuthenticatedAttempt,
  authenticateAttempt,
  type OutgoingRequest,
  tellOutcome,
  wireRequest,
} from "./authenticate-attempt.ts"
import type { HostGuard } from "./host-guard.ts"
import { hiddenRedirect, nextHop, type OnRedirect } from "./redirect.ts"
import { cancelBody, isFetchResponse, shouldReplay } from "./rejection.ts"
import { isRedirect, type ResponseLike, type WireRequest } from "./wire-request.ts"

/** One attempt, and what came of it. */
interface Sent<R extends ResponseLike> {
  readonly attempt: AuthenticatedAttempt
  readonly response: R
}

interface FollowUpOptions<R extends ResponseLike> {
  readonly auth: Auth
  readonly guard: HostGuard
  readonly send: (request: WireRequest) => Promise<R>
  readonly maxRedirects?: number | undefined
  readonly tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  readonly secretHeaders?: readonly string[] | undefined
  readonly onRedirect?: OnRedirect<R> | undefined
}

/** What comes after a first answer that may not be the last: one replay, and redirects. */
export async function followUp<R extends ResponseLike>(
  request: OutgoingRequest,
  first: Sent<R>,
  options: FollowUpOptions<R>,
): Promise<R> {
  const { auth, guard, send, maxRedirects = 20 } = options
  let hop = request
  let { attempt, response } = first
  let redirects = 0
  let replayed = false
  for (;;) {
    const again = sameRequest(hop, attempt)
    if (await shouldReplay(attempt, response, replayed, hop.signal)) {
      replayed = true
      hop = again
    } else {
      if (maxRedirects === 0) return response
      if (response.type === "opaqueredirect") throw hiddenRedirect(hop.url)
      // A caller who asks whether it was redirected means: by anyone.
      if (redirects > 0) showRedirected(response)
      if (!isRedirect(response)) return response
      const isLast = redirects === maxRedirects
      const canRepeat = attempt.body.replayable
      const next = nextHop(again, response, { ...options, maxRedirects, isLast, canRepeat })
      if (next === undefined) return response
      redirects += 1
      hop = next
    }
    await discard(response)
    attempt = await authenticateAttempt(auth, hop, guard)
    response = await sendAttempt(attempt, redirects, send)
  }
}

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

/** The caller's request, with its body as it was sent: what was read once need not, or cannot, be read again. */
function sameRequest(request: OutgoingRequest, { headers: sent, body }: AuthenticatedAttempt): OutgoingRequest {
  const contentType = body.contentType === undefined ? undefined : sent["content-type"]
  const headers = contentType === undefined ? request.headers : { ...request.headers, "content-type": contentType }
  return { ...request, headers, body: body.content }
}

async function discard(response: ResponseLike): Promise<void> {
  if (response.discard !== undefined) await response.discard()
  else if (isFetchResponse(response)) await cancelBody(response)
}

async function sendAttempt<R extends ResponseLike>(
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

export { hasOwnSecrets } from "./redirect.ts"
