import { EventEmitter, errorMonitor } from "node:events"
import type { IncomingMessage } from "node:http"
import {
  type Auth,
  type AuthenticatedAttempt,
  AuthenticatedCall,
  andThen,
  bodyAtHand,
  createGate,
  type GuardOptions,
  isRejection,
  loadFollowUp,
  passesBare,
  type ResponseLike,
  staysAtOrigin,
  wireUrl,
} from "@countersign/auth-core/adapter"
import type { AfterResponseHook, BeforeErrorHook, BeforeRedirectHook, BeforeRequestHook, Hooks, InitHook } from "got"
import { isLastToAuthenticate, markAsAuthenticating } from "./authenticating-hook.ts"
import { bodyOf, mayPipeBody, refuseBody, sendBody } from "./request-body.ts"
import { sendWithHeaders } from "./send-with-headers.ts"
import { showTimeout, withinTimeout } from "./within-timeout.ts"

/** The hooks that authenticate, as `got.extend({ hooks })` takes them. */
export type AuthHooks = Pick<Hooks, "init" | "beforeRequest" | "beforeRedirect" | "beforeError" | "afterResponse">

type GotOptions = Parameters<BeforeRequestHook>[0]
type GotResponse = Parameters<AfterResponseHook>[0]

/**
 * Set in `context`, which got copies from attempt to attempt: a key that stands for the call to which the next attempt belongs.
 * Hooks and errors show the context, and a call holds the credential.
 */
const continued = Symbol("call")

/** The calls to continue, by key. */
const continuedCalls = new WeakMap<object, AuthenticatedCall>()

/** Set in `context`: a redirect from another origin led here. */
const redirected = Symbol("redirected")

/**
 * Hooks that authenticate every attempt on the wire: `got.extend({ hooks: authHooks(auth) })`. Hooks that are added later
 * still run before the authentication. If you add two auths to one instance, the last one wins.
 *
 * @param auth with `false` each request must bring its own in `context`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`. A request that
 * cannot be authenticated rejects, before anything is sent, with got's RequestError: its `code` is that of the AuthError,
 * its `cause` the AuthError.
 */
export function authHooks(auth: Auth | false, options: GuardOptions = {}): AuthHooks {
  const [authFor, guard] = createGate("countersign", auth, options)
  const baseOrigins = new Set<string>()
  /** By options. */
  const calls = new WeakMap<object, AuthenticatedCall>()
  /** The options of attempts that carry a credential. */
  const authenticated = new WeakSet<object>()
  const failures = new WeakMap<object, unknown>()

  const init: InitHook = (given, own) => {
    const prefix = given.prefixUrl ?? own.prefixUrl
    if (prefix && URL.canParse(prefix)) baseOrigins.add(new URL(prefix).origin)
  }

  // Each step is synchronous if nothing has to be awaited.
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
    // Runs before the caller's hooks, so that it keeps the headers that they set for another origin.
    hooks.beforeRedirect = withFirst(beforeRedirect, hooks.beforeRedirect)
    const crossed = Reflect.get(context, redirected) === true
    const call = continuedCall(context) ?? new AuthenticatedCall({ guard, maxRedirects: 0 })
    calls.set(request, call)
    const target = { method, url, baseUrl, redirected: crossed }
    return andThen(passesBare(chosen, target, guard), (isBare) => {
      if (isBare) return
      const given = headersOf(request)
      const isUnread = chosen.bodyLimit(given) === undefined
      return andThen(bodyOf(request, isUnread, signal), (body) => {
        // Reading the body may have set its type.
        const headers = body === undefined ? given : headersOf(request)
        const prepared = call.next(chosen, { ...target, headers, body, signal, asIs: true })
        return andThen(prepared, (attempt) => applyAttempt(request, call, attempt, !isUnread && mayPipeBody(request)))
      })
    })
  }

  const applyAttempt = (
    request: GotOptions,
    call: AuthenticatedCall,
    attempt: AuthenticatedAttempt,
    isSignedEmpty: boolean,
  ): void => {
    const { hooks } = request
    const { url } = request
    // Changed in place, because got would put its own base URL in front of an assigned one.
    if (url instanceof URL && url !== attempt.url) url.search = attempt.url.search
    sendBody(request, attempt)
    // got calls no hook with the response of such a stream.
    const isUntold = request.isStream && !request.throwHttpErrors
    const isAwaited = isUntold || attempt.as?.ended !== undefined
    const onSent = (native: object): void => {
      if (isAwaited || call.isWatched) {
        reportOutcomeOf(native, call, isUntold)
        reportFailureOf(native, call, request.signal)
      }
      if (isSignedEmpty) refuseBody(native, (error) => failures.set(request, error))
    }
    sendWithHeaders(request, attempt, guard, onSent, (error) => call.failed(error))
    authenticated.add(request)
    // Runs before the caller's hooks, so that they do not see a response that is replayed.
    hooks.afterResponse = withFirst(afterResponse, hooks.afterResponse)
  }

  const beforeRedirect: BeforeRedirectHook = (next, { request, url: from, statusCode }) => {
    if (next.url === undefined || authFor(request.options.context) === undefined) return
    const call = calls.get(request.options)
    if (call !== undefined) {
      if (authenticated.has(request.options)) reportRedirect(call, statusCode, new URL(next.url))
      continueCall(next.context, call)
    }
    if (new URL(next.url).origin === new URL(from).origin) return
    for (const name of Object.keys(next.headers)) if (staysAtOrigin(name)) delete next.headers[name]
    Reflect.set(next.context, redirected, true)
  }

  const afterResponse: AfterResponseHook = (response, retryWithMergedOptions) => {
    const { options: request } = response.request
    const call = authenticated.has(request) ? calls.get(request) : undefined
    if (call === undefined) return response
    if (response.isFromCache) {
      call.failed()
      return response
    }
    const answered = call.answered(responseLike(response))
    if (answered === undefined) return response
    return Promise.resolve(answered).then((next) =>
      next === undefined ? response : replay(call, response, retryWithMergedOptions),
    )
  }

  const beforeError: BeforeErrorHook = (error) => {
    const { options: request, response } = error
    // Another hook may have replaced got's error.
    if (request === undefined) return error
    const failure = failures.get(request)
    // got 14 keeps no cause.
    if (failure !== undefined && error.cause === undefined) Object.defineProperty(error, "cause", { value: failure })
    showTimeout(error, failure)
    const call = authenticated.has(request) ? calls.get(request) : undefined
    if (request.isStream && response !== undefined && call !== undefined) reportResponse(call, responseLike(response))
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

/** Has the next attempt of this context belong to a call, for a replay or a redirect. */
function continueCall(context: object, call: AuthenticatedCall): void {
  const key = Object.freeze({})
  continuedCalls.set(key, call)
  Reflect.set(context, continued, key)
}

/** The call that a replay or a redirect continues. Each retry by got is a call of its own. */
function continuedCall(context: object): AuthenticatedCall | undefined {
  const key: unknown = Reflect.get(context, continued)
  Reflect.deleteProperty(context, continued)
  return typeof key === "object" && key !== null ? continuedCalls.get(key) : undefined
}

/** Reports a response that is not replayed, such as that of a stream. The next request need not fail for the same reason. */
function reportResponse(call: AuthenticatedCall, response: ResponseLike): void {
  Promise.resolve(call.answered({ ...response, isLast: true })).catch(() => undefined)
}

/** Reports a redirect that got follows. */
function reportRedirect(call: AuthenticatedCall, status: number, to: URL): void {
  if (call.isWatched) void andThen(loadFollowUp(), ({ tellFollowed }) => tellFollowed(call, status, to))
}

/**
 * Learns the answer from the native request. got has no hook for the success of a stream, for a redirect that it follows
 * or refuses, and for a body that breaks off.
 *
 * @param learns also judges a rejection, but leaves its text for the caller to read
 */
function reportOutcomeOf(native: object, call: AuthenticatedCall, learns: boolean): void {
  if (!(native instanceof EventEmitter)) return
  native.once("response", (message: IncomingMessage) => {
    const { statusCode: status = 0, headers } = message
    const report = (): void => reportResponse(call, { status, headers: { get: (name) => headers[name] } })
    if (learns || !isRejection(status)) report()
    else message.once("close", () => message.complete === false && report())
  })
}

/** Reports a native request that ends without an answer. */
function reportFailureOf(native: object, call: AuthenticatedCall, signal: AbortSignal | undefined): void {
  if (!(native instanceof EventEmitter)) return
  let isAnswered = false
  let failure: unknown
  native.once("response", () => {
    isAnswered = true
  })
  // Handles nothing, so that got's own listener does.
  native.once(errorMonitor, (error) => {
    failure = error
  })
  native.once("close", () => {
    if (!isAnswered) call.failed(signal?.aborted ? signal.reason : failure)
  })
}

async function replay(
  call: AuthenticatedCall,
  response: GotResponse,
  retryWithMergedOptions: Parameters<AfterResponseHook>[1],
): Promise<GotResponse> {
  const { context, hooks, retry: retrying } = response.request.options
  const { afterResponse: every } = hooks
  const { calculateDelay = () => 0 } = retrying
  continueCall(context, call)
  try {
    return await retryWithMergedOptions({})
  } finally {
    // got omits these hooks from such a retry, and asks the caller's `calculateDelay` whether to make it.
    hooks.afterResponse = every
    retrying.calculateDelay = () => {
      retrying.calculateDelay = calculateDelay
      return 1
    }
  }
}

function headersOf({ headers }: GotOptions): Record<string, string> {
  const one: Record<string, string> = {}
  // got's headers are a proxy, whose entries take five times as long to read.
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
    ...bodyAtHand(rawBody),
  }
}

/** The list with one hook in front. The same list if it is there already. */
function withFirst<H>(first: H, hooks: H[]): H[] {
  return hooks[0] === first && hooks.lastIndexOf(first) === 0
    ? hooks
    : [first, ...hooks.filter((hook) => hook !== first)]
}
