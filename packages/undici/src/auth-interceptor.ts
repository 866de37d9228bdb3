import { AsyncResource } from "node:async_hooks"
import { type Auth, createGate, type GuardOptions, isPromise } from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { withoutSecrets } from "./dispatch-headers.ts"
import { createRequestUrl } from "./dispatch-request.ts"
import { DispatchedCall, type Dispatching } from "./dispatched-call.ts"
import { RedirectTrail } from "./redirect-trail.ts"

/** The authentication of one request, among its dispatch options. */
export interface AuthDispatchOptions {
  /** Another auth for this request, or `false` for none. Omit it to use that of `withAuth`; `undefined` is refused. */
  countersign?: Auth | false
}

/**
 * An interceptor for `dispatcher.compose(...)` that authenticates every request that passes through it. Put it first, so
 * that it is the innermost one. Then each attempt of an interceptor that retries, redirects or caches passes through it.
 *
 * @param auth with `false` each request must bring its own as `countersign`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`. A request that
 * cannot be authenticated fails with an AuthError before anything is sent.
 */
export function authInterceptor(
  auth: Auth | false,
  options: GuardOptions = {},
): Dispatcher.DispatcherComposeInterceptor {
  return trackedInterceptor(auth, options, () => undefined)
}

/**
 * @param track receives each promise that settles when an attempt has been passed to undici, or has failed before that.
 * @param dispatcher the dispatcher that sends, if it is known.
 */
export function trackedInterceptor(
  auth: Auth | false,
  options: GuardOptions,
  track: (pending: Promise<unknown>) => void,
  dispatcher?: Dispatcher,
): Dispatcher.DispatcherComposeInterceptor {
  const [authFor, guard] = createGate("countersign", auth, options)
  const requestUrl = createRequestUrl()
  const trail = new RedirectTrail()
  // Interceptors or a fetch above follow redirects.
  const callOptions = { guard, maxRedirects: 0 }
  return (dispatch) => {
    const by: Dispatching = { dispatch, dispatcher, options: callOptions }
    return (given: Dispatcher.DispatchOptions & AuthDispatchOptions, handler) => {
      const chosen = authFor(given)
      const url = chosen === undefined ? undefined : requestUrl(given)
      if (chosen === undefined || url === undefined) return dispatch(given, handler)
      const lead = trail.leadTo(url, isFollowUp(given, handler))
      const redirected = lead?.crosses === true
      const options = redirected ? { ...given, headers: withoutSecrets(given.headers) } : given
      const call = new DispatchedCall(by, chosen, url, redirected, options, trail.watch(url, redirected, handler))
      // The usual request needs no closure.
      if (lead === undefined && trail.isLeft) return started(call, track)
      return trail.leave(() => {
        lead?.followed?.()
        return started(call, track)
      })
    }
  }
}

/** @param track as for `trackedInterceptor` */
function started(call: DispatchedCall, track: (pending: Promise<unknown>) => void): boolean {
  try {
    const begun = call.begin()
    if (!isPromise(begun)) return begun
    track(begun.catch((error) => call.fail(error)))
  } catch (error) {
    // Only after the caller has the result of `dispatch`.
    queueMicrotask(() => call.fail(error))
  }
  return true
}

/**
 * Whether it is the handler of undici's own functions, with no interceptor between them and the authentication. undici 7 wraps it. A
 * minifier may have renamed the classes.
 */
function isOwnHandler(handler: object): boolean {
  return handler instanceof AsyncResource || Object(handler.constructor).name === "WrapHandler"
}

/**
 * Whether undici's redirect interceptor follows a redirect with a request. Its handler knows. Where another interceptor wraps
 * that, a query of `null` tells it, which a caller may have set too: then the request counts as one that follows.
 */
function isFollowUp(
  options: Dispatcher.DispatchOptions & { readonly maxRedirections?: unknown },
  handler: Dispatcher.DispatchHandler & { readonly history?: unknown },
): boolean {
  if (Array.isArray(handler.history)) return handler.history.length > 0
  if (options.query !== null) return false
  const isBelowRedirects = "throwOnMaxRedirect" in options || options.maxRedirections === 0
  return isBelowRedirects || !isOwnHandler(handler)
}
