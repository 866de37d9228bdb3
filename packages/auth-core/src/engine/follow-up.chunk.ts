import type { ReplayReason } from "../auth/auth.ts"
import type { AuthenticatedAttempt, OutgoingRequest } from "./authenticate-attempt.ts"
import type { HostGuard } from "./host-guard.ts"
import { hiddenRedirect, nextHop, type OnRedirect } from "./redirect.ts"
import { cancelBody, isFetchResponse, replayReason } from "./rejection.ts"
import { isRedirect, type ResponseLike } from "./wire-request.ts"

export { hasOwnSecrets } from "./redirect.ts"

export interface CallOptions<R extends ResponseLike> {
  guard: HostGuard
  /** How many redirects are followed; 0 gives the redirect itself to the caller. @default 20 */
  maxRedirects?: number | undefined
  /** Called when there are more. @default throws a TypeError, as fetch does */
  tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  /** More headers, by lower-case name, that stay behind when a redirect leads to another origin. */
  secretHeaders?: readonly string[] | undefined
  /** Is told of each redirect that is followed. */
  onRedirect?: OnRedirect<R> | undefined
}

/** Why there is a further attempt. */
export type AttemptCause =
  | { readonly type: "replay"; readonly because: ReplayReason }
  | { readonly type: "redirect"; readonly status: number; readonly from: URL }

/** The state of a call between its attempts. */
export interface CallState<R extends ResponseLike> {
  readonly options: CallOptions<R>
  /** The request behind the last attempt. */
  readonly request: OutgoingRequest | undefined
  /** The last attempt. */
  readonly attempt: AuthenticatedAttempt | undefined
  /** There is one replay at most. */
  isReplayed: boolean
  /** Why the next attempt is made; absent for the first. */
  cause: AttemptCause | undefined
  /** Frees what was kept of a body. */
  end(): void
}

/** Decides what comes after an answer that may not be the last: a replay, a redirect, or nothing. */
export async function followUp<R extends ResponseLike>(
  call: CallState<R>,
  response: R,
): Promise<OutgoingRequest | undefined> {
  const { request, attempt } = call
  if (request === undefined || attempt === undefined) return undefined
  const again = sameRequest(request, attempt)
  const because = await replayReason(attempt, response, call.isReplayed, request.signal)
  if (because !== undefined) {
    call.isReplayed = true
    call.cause = { type: "replay", because }
    await discard(response)
    return again
  }
  const { maxRedirects = 20 } = call.options
  if (maxRedirects === 0) return undefined
  if (response.type === "opaqueredirect") throw hiddenRedirect(request.url)
  // We follow redirects, not the client: its response has to say so.
  if (attempt.redirects > 0) showRedirected(response)
  if (!isRedirect(response)) return undefined
  const isLast = attempt.redirects === maxRedirects
  const canRepeat = attempt.prepared.replayable
  const hop = nextHop(again, response, { ...call.options, maxRedirects, isLast, canRepeat })
  if (hop === undefined) return undefined
  call.cause = { type: "redirect", status: response.status, from: request.url }
  if (hop.body !== again.body) call.end()
  await discard(response)
  return { ...hop, redirects: attempt.redirects + 1 }
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
function sameRequest(
  request: OutgoingRequest,
  { headers: sent, prepared, body }: AuthenticatedAttempt,
): OutgoingRequest {
  const contentType = prepared.contentType === undefined ? undefined : sent["content-type"]
  const headers = contentType === undefined ? request.headers : { ...request.headers, "content-type": contentType }
  return { ...request, headers, body }
}

async function discard(response: ResponseLike): Promise<void> {
  if (response.discard !== undefined) await response.discard()
  else if (isFetchResponse(response)) await cancelBody(response)
}
