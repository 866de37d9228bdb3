import {
  type Auth,
  type AuthenticatedAttempt,
  authenticateAttempt,
  chosenAuth,
  createHostGuard,
  finishedUrl,
  type GuardOptions,
  type HostGuard,
  type OutgoingRequest,
  shouldReplay,
} from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { AttemptHandler } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { DispatchHeaders } from "./dispatch-headers.ts"
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
  return (dispatch) => (dispatchOptions, handler) => {
    const { countersign, ...rest } = dispatchOptions as Dispatcher.DispatchOptions & AuthDispatchOptions
    const chosen = chosenAuth(countersign, auth)
    const url = chosen === undefined ? undefined : requestUrl(rest)
    if (chosen === undefined || url === undefined || !guard(url)) return dispatch(rest, handler)
    const headers = new DispatchHeaders(rest.headers)
    const controller = new CallController()
    // At once, so that an abort is heard while there is nothing on the wire yet.
    handler.onRequestStart?.(controller, null)
    const call: Call = { auth: chosen, guard, dispatch, options: rest, headers, handler, controller }
    const request = { method: rest.method, url: finishedUrl(url), headers: headers.record, body: rest.body }
    track(
      attempt(call, request, false).catch((error: unknown) => handler.onResponseError?.(controller, error as Error)),
    )
    return true
  }
}

interface Call {
  readonly auth: Auth
  readonly guard: HostGuard
  readonly dispatch: Dispatcher["dispatch"]
  readonly options: Dispatcher.DispatchOptions
  readonly headers: DispatchHeaders
  readonly handler: Dispatcher.DispatchHandler
  readonly controller: CallController
}

async function attempt(call: Call, request: OutgoingRequest, replayed: boolean): Promise<void> {
  const { auth, guard, dispatch, options, handler, controller } = call
  const { signal } = controller
  const sendable = await withSendableBody({ ...request, signal })
  const prepared = await authenticateAttempt(auth, sendable, guard)
  signal.throwIfAborted()
  const { query: _, ...rest } = options
  const attemptHandler = new AttemptHandler({
    handler,
    controller,
    isHeld: (status) => status === 401 || status === 403,
    async judge(response) {
      if (!(await shouldReplay(prepared, response, replayed, signal))) return false
      await attempt(call, again(sendable, prepared), true)
      return true
    },
  })
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
