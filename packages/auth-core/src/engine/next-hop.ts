import { AuthError } from "../errors/auth-error.ts"
import type { OutgoingRequest } from "./authenticate-attempt.ts"
import { finishedUrl } from "./finished-url.ts"
import { headerOf } from "./header-of.ts"
import { followRedirect } from "./redirect.ts"
import type { ResponseLike } from "./response-like.ts"

/** On what terms a redirect is followed. */
export interface HopOptions<R extends ResponseLike> {
  /** As many redirects were followed as may be. */
  readonly isLast: boolean
  /** The body can be sent again. */
  readonly canRepeat: boolean
  readonly maxRedirects: number
  readonly tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  readonly secretHeaders?: readonly string[] | undefined
}

/**
 * The request that a redirect asks for, `undefined` when it leads nowhere.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` when it would send a spent stream again.
 */
export function nextHop<R extends ResponseLike>(
  request: OutgoingRequest,
  response: R,
  { isLast, canRepeat, maxRedirects, tooManyRedirects = tooManyRedirectsAsFetch, secretHeaders }: HopOptions<R>,
): OutgoingRequest | undefined {
  const next = followRedirect(request, response.status, headerOf(response, "location"), secretHeaders)
  if (next === undefined) return undefined
  if (isLast) tooManyRedirects(response, maxRedirects)
  if (next.keepsBody && !canRepeat) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      `${request.url.origin} redirects with ${response.status}, but the body was a stream that is already spent: send bytes, or call the final URL.`,
    )
  }
  const redirected = request.redirected === true || next.crosses
  return { ...request, ...next.request, url: finishedUrl(next.request.url), redirected }
}

function tooManyRedirectsAsFetch(_response: ResponseLike, limit: number): never {
  throw new TypeError("fetch failed", { cause: new Error(`redirect count exceeded: more than ${limit}`) })
}
