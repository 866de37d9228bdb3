import {
  type Auth,
  type AuthenticatedAttempt,
  andThen,
  authenticateAttempt,
  chosenAuth,
  createHostGuard,
  finishedUrl,
  type GuardOptions,
  type HostGuard,
  isPromise,
  type OutgoingRequest,
  shouldReplay,
} from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { AttemptHandler } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { type DispatchHeaders, dispatchHeaders } from "./dispatch-headers.ts"
import { requestUrl } from "./dispatch-request.ts"
import { withSendableBody } from "./sendable-body.ts"

/** What a request may say of its authentication. */
export interface AuthDispatchOptions {
  /** Another auth for this request, or `false` for none. @default the auth given to `authInterceptor` */
  countersign?: Auth | false | undefined
}

/**
 * An interceptor for `dispatcher.compose(...)` that authenticates what passes through it. Put it first, so that it is the
 * innermost: what retries, redirects or caches then passes through it attempt by attempt.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list. A request that cannot be authenticated fails with an
 * AuthError before anything is sent.
 */
export function authInterceptor(auth: Auth, options: GuardOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  return trackedInterceptor(auth, options, () => undefined)
}

/** @param track is given each promise that ends when an attempt has been handed on to undici, or has failed before. */
export function trackedInterceptor(
  auth: Auth,
  options: GuardOptions,
  track: (pending: Promise<void>) => void,
): Dispatcher.DispatcherComposeInterceptor {
  const guard = createHostGuard(options)
  return (dispatch) => (given: Dispatcher.DispatchOptions & AuthDispatchOptions, handler) => {
    const chosen = chosenAuth(given.countersign, auth)
    const url = chosen === undefined ? undefined : requestUrl(given)
    if (chosen === undefined || url === undefined || !guard(url)) return dispatch(given, handler)
    const headers = dispatchHeaders(given.headers)
    const controller = new CallController()
    // At once, so that an abort is heard while there is nothing on the wire yet.
    handler.onRequestStart?.(controller, null)
    const call: Call = { auth: chosen, dispatch, options: given, headers, handler, controller }
    const { signal } = controller
    const request = { method: given.method, url: finishedUrl(url), headers: headers.record, body: given.body, signal }
    const fail = (error: unknown): void => handler.onResponseError?.(controller, error as Error)
    try {
      const attempted = attempt(call, request, false)
      if (isPromise(attempted)) track(attempted.catch(fail))
    } catch (error) {
      // Not before the caller has what dispatch gives.
      queueMicrotask(() => fail(error))
    }
    return true
  }
}

interface Call {
  readonly auth: Auth
  readonly dispatch: Dispatcher["dispatch"]
  readonly options: Dispatcher.DispatchOptions
  readonly headers: DispatchHeaders
  readonly handler: Dispatcher.DispatchHandler
  readonly controller: CallController
}

/** Every attempt of a call goes to the URL that was let through. */
const letThrough: HostGuard = () => true

/** At once when everything is at hand. */
function attempt(call: Call, request: OutgoingRequest, replayed: boolean): void | Promise<void> {
  return andThen(withSendableBody(request), (sendable) => authenticated(call, sendable, replayed))
}

function authenticated(call: Call, request: OutgoingRequest, replayed: boolean): void | Promise<void> {
  const prepared = authenticateAttempt(call.auth, request, letThrough)
  return andThen(prepared, (attempt) => send(call, request, attempt, replayed))
}

function send(call: Call, request: OutgoingRequest, prepared: AuthenticatedAttempt, replayed: boolean): void {
  const { dispatch, options, handler, controller } = call
  const { signal } = controller
  signal.throwIfAborted()
  const attemptHandler = new AttemptHandler({
    handler,
    controller,
    async judge(response) {
      if (!(await shouldReplay(prepared, response, replayed, signal))) return false
      await attempt(call, again(request, prepared), true)
      return true
    },
  })
  // It is part of the path by now.
  const { query: _, ...rest } = options
  dispatch(
    {
      ...rest,
      path: request.url.pathname + request.url.search,
      headers: call.headers.sentWith(prepared.headers),
      body: prepared.body.content as NonNullable<typeof options.body>,
    },
    attemptHandler,
  )
}

/** The same request, with the bytes that were read of its body, and their type. */
function again(request: OutgoingRequest, { headers, body }: AuthenticatedAttempt): OutgoingRequest {
  const contentType = headers["content-type"]
  return {
    ...request,
    headers: contentType === undefined ? request.headers : { ...request.headers, "content-type": contentType },
    body: body.content,
  }
}
