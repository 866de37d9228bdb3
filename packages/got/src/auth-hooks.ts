import { EventEmitter } from "node:events"
import type { IncomingMessage } from "node:http"
import {
  type Auth,
  type AuthenticatedAttempt,
  andThen,
  authenticateAttempt,
  createAuthForRequest,
  createHostGuard,
  type GuardOptions,
  type ResponseLike,
  shouldReplay,
  staysAtOrigin,
  tellOutcome,
  wireUrl,
} from "@countersign/auth-core"
import type { AfterResponseHook, BeforeErrorHook, BeforeRedirectHook, BeforeRequestHook, Hooks, InitHook } from "got"
import { isLastToAuthenticate, markAsAuthenticating } from "./authenticating-hook.ts"
import { bodyOf, mayPipeBody, refuseBody, sendBody } from "./request-body.ts"
import { sendWithHeaders } from "./send-with-headers.ts"
import { showTimeout, withinTimeout } from "./within-timeout.ts"

/** The hooks that authenticate, as `got.extend({ hooks })` takes them. */
export type AuthHooks = Pick<Hooks, "init" | "beforeRequest" | "beforeRedirect" | "beforeError" | "afterResponse">

type GotOptions = Parameters<BeforeRequestHook>[0]
type GotResponse = Parameters<AfterResponseHook>[0]

/** In `context`, which got copies from attempt to attempt: the retry count of the attempt that replays a refused one. */
const replay = Symbol("replay")

/** In `context`: a redirect from another origin led here. */
const redirected = Symbol("redirected")

/**
 * Hooks that authenticate every attempt on the wire: `got.extend({ hooks: authHooks(auth) })`. What is added later still
 * runs before the authentication; of two auths on one instance the later holds.
 *
 * @param auth `false`: each request brings its own in `context`, else it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or what is no auth. A request that cannot be authenticated rejects,
 * before anything is sent, with got's RequestError: its `code` is that of the AuthError, its `cause` the AuthError.
 */
export function authHooks(auth: Auth | false, options: GuardOptions = {}): AuthHooks {
  const authFor = createAuthForRequest("countersign", auth)
  const guard = createHostGuard(options)
  const baseOrigins = new Set<string>()
  const attempts = new WeakMap<object, AuthenticatedAttempt>()
  const failures = new WeakMap<object, unknown>()

  const init: InitHook = (given, own) => {
    const prefix = given.prefixUrl ?? own.prefixUrl
    if (prefix && URL.canParse(prefix)) baseOrigins.add(new URL(prefix).origin)
  }

  // Each step at once when everything is at hand.
  const beforeRequest: BeforeRequestHook = markAsAuthenticating((request) => {
    if (!isLastToAuthenticate(beforeRequest, request.hooks.beforeRequest)) return undefined
    const fail = (error: unknown): never => {
      failures.set(request, error)
      throw error
    }
    try {
      return withinTimeout(request, (signal) => authenticate(request, signal))?.catch(fail)
    } catch (error) {
      return fail(error)
    }
  })

  const authenticate = (request: GotOptions, signal: AbortSignal | undefined): void | Promise<void> => {
    const chosen = authFor(request.context)
    if (chosen === undefined || request.url === undefined) return
    const { method } = request
    const url = wireUrl(request.url)
    const baseUrl = baseOrigins.size > 0 && baseOrigins.has(url.origin) ? url : request.prefixUrl
    const { context, hooks } = request
    // Runs before the caller's hooks, so that it sees no header that they set for another origin.
    hooks.beforeRedirect = withFirst(beforeRedirect, hooks.beforeRedirect)
    const crossed = Reflect.get(context, redirected) === true
    if (!guard(url, baseUrl, crossed)) return
    const given = headersOf(request)
    const isUnread = chosen.bodyLimit(given) === undefined
    return andThen(bodyOf(request, isUnread, signal), (body) => {
      // Reading a body may have told its type.
      const headers = body === undefined ? given : headersOf(request)
      const prepared = authenticateAttempt(
        chosen,
        { method, url, headers, body, baseUrl, signal, redirected: crossed, asIs: true },
        guard,
      )
      return andThen(prepared, (attempt) => goOut(request, attempt, !isUnread && mayPipeBody(request)))
    })
  }

  const goOut = (request: GotOptions, attempt: AuthenticatedAttempt, isSignedEmpty: boolean): void => {
    const { hooks } = request
    const { url } = request
    // In place, since got would put its own base URL in front of what is assigned.
    if (url instanceof URL && url !== attempt.url) url.search = attempt.url.search
    sendBody(request, attempt)
    // Of such a stream got tells no hook what came.
    const isUntold = request.isStream && !request.throwHttpErrors
    const isAwaited = isUntold || attempt.authenticated?.as.ended !== undefined
    const onSent = (native: object): void => {
      if (isAwaited) tellOutcomeOf(native, attempt, isUntold)
      if (isSignedEmpty) refuseBody(native, (error) => failures.set(request, error))
    }
    sendWithHeaders(request, attempt, guard, onSent)
    attempts.set(request, attempt)
    // A replay happens beneath the caller's hooks.
    hooks.afterResponse = withFirst(afterResponse, hooks.afterResponse)
  }

  const beforeRedirect: BeforeRedirectHook = (next, { request, url: from }) => {
    if (next.url === undefined || authFor(request.options.context) === undefined) return
    if (new URL(next.url).origin === new URL(from).origin) return
    for (const name of Object.keys(next.headers)) if (staysAtOrigin(name)) delete next.headers[name]
    Reflect.set(next.context, redirected, true)
  }

  const afterResponse: AfterResponseHook = (response, retryWithMergedOptions) => {
    const { options: request } = response.request
    const attempt = attempts.get(request)
    if (attempt === undefined) return response
    if (response.isFromCache) {
      tellOutcome(attempt)
      return response
    }
    tellOutcome(attempt, response.statusCode)
    if (response.ok) return response
    const replayed = Reflect.get(request.context, replay) === response.retryCount
    const judged = shouldReplay(attempt, responseLike(response), replayed, request.signal)
    if (judged === false) return response
    return replayIf(judged, response, retryWithMergedOptions)
  }

  const beforeError: BeforeErrorHook = (error) => {
    const { options: request, response } = error
    // Another hook may have put an error of its own in place of got's.
    if (request === undefined) return error
    const failure = failures.get(request)
    // got 14 keeps no cause.
    if (failure !== undefined && error.cause === undefined) Object.defineProperty(error, "cause", { value: failure })
    showTimeout(error, failure)
    const attempt = attempts.get(request)
    if (request.isStream && response !== undefined && attempt !== undefined) learn(attempt, responseLike(response))
    return error
  }

  return {
    init: [init],
    beforeRequest: [beforeRequest],
    beforeRedirect: [beforeRedirect],
    afterResponse: [afterResponse],
    beforeError: [beforeError],
  }
}

/** A stream cannot be sent again, but the next request need not be refused for the same reason. */
function learn(attempt: AuthenticatedAttempt, response: ResponseLike): void {
  Promise.resolve(shouldReplay(attempt, response, false)).catch(() => undefined)
}

/**
 * Told by the native request: got has no hook for the success of a stream, nor for a failure that it retries.
 *
 * @param learns from a rejection too, whose text is the caller's to read
 */
function tellOutcomeOf(native: object, attempt: AuthenticatedAttempt, learns: boolean): void {
  if (!(native instanceof EventEmitter)) return
  let status: number | undefined
  native.once("response", ({ statusCode = 0, headers }: IncomingMessage) => {
    status = statusCode
    tellOutcome(attempt, status)
    if (learns) learn(attempt, { status, headers: { get: (name) => headers[name] } })
  })
  native.once("close", () => {
    if (status === undefined) tellOutcome(attempt)
  })
}

async function replayIf(
  judged: boolean | Promise<boolean>,
  response: GotResponse,
  retryWithMergedOptions: Parameters<AfterResponseHook>[1],
): Promise<GotResponse> {
  if (!(await judged)) return response
  const { context, hooks, retry } = response.request.options
  const { afterResponse: every } = hooks
  const { calculateDelay = () => 0 } = retry
  Reflect.set(context, replay, response.retryCount + 1)
  try {
    return await retryWithMergedOptions({})
  } finally {
    // got leaves these hooks out of such a retry, and asks the caller whether to make it.
    hooks.afterResponse = every
    retry.calculateDelay = () => {
      retry.calculateDelay = calculateDelay
      return 1
    }
  }
}

function headersOf({ headers }: GotOptions): Record<string, string> {
  const one: Record<string, string> = {}
  // got's headers are a proxy, of which entries take five times as long.
  for (const name of Object.getOwnPropertyNames(headers)) {
    const value = headers[name]
    if (value !== undefined) one[name] = Array.isArray(value) ? value.join(", ") : String(value)
  }
  return one
}

function responseLike({ statusCode, headers, rawBody }: GotResponse): ResponseLike {
  return {
    status: statusCode,
    headers: { get: (name) => headers[name] },
    peek: () => new TextDecoder().decode(rawBody),
  }
}

/** A list with one hook in front; itself where it is there already. */
function withFirst<H>(first: H, hooks: H[]): H[] {
  return hooks[0] === first && hooks.lastIndexOf(first) === 0
    ? hooks
    : [first, ...hooks.filter((hook) => hook !== first)]
}
