import { AsyncLocalStorage } from "node:async_hooks"
import { EventEmitter, once } from "node:events"
import {
  type Auth,
  type AuthenticatedAttempt,
  AuthenticatedCall,
  andThen,
  type CallOptions,
  isPromise,
  loadFollowUp,
  type OutgoingRequest,
  passesBare,
  type ResponseLike,
  refuseProxied,
  wireUrl,
} from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { AttemptHandler, type Calling, reasonOf } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { type DispatchHeaders, dispatchHeaders } from "./dispatch-headers.ts"
import type { WatchedCall, WatchingHandler } from "./redirect-trail.ts"
import { withSendableBody } from "./sendable-body.ts"
import { UnparsedUrl } from "./unparsed-url.ts"

/** The options that undici's own functions add to a dispatch. */
interface AddedOptions {
  readonly signal?: unknown
  readonly maxRedirections?: unknown
  __mockAgentBodyForDispatch?: unknown
}

/** Runs code in an async context. */
type InContext = <T>(act: () => T) => T

/** While nobody listens, no event needs a context. */
const inPlace: InContext = (act) => act()

/** Shared by all calls of an interceptor. */
export interface Dispatching {
  readonly dispatch: Dispatcher["dispatch"]
  /** The one that sends, if it is known. */
  readonly dispatcher: Dispatcher | undefined
  readonly options: CallOptions<ResponseLike>
}

/**
 * One call of a dispatcher. It dispatches the attempts of an engine's call.
 *
 * The state of a call is a class, not object literals. If many calls begin at once, V8 expects such literals to live long,
 * allocates later ones in its old space, and keeps what they hold until it collects that space.
 */
export class DispatchedCall implements OutgoingRequest, Calling, WatchedCall {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly signal: AbortSignal
  readonly redirected: boolean
  readonly #by: Dispatching
  readonly #auth: Auth
  readonly #options: Dispatcher.DispatchOptions & AddedOptions
  readonly #handler: WatchingHandler
  readonly #sentWith: DispatchHeaders["sentWith"]
  readonly #controller = new CallController()
  readonly #call: AuthenticatedCall
  readonly #context: InContext
  #isStarted = false
  #isSent = false

  /** @param redirected it comes from a redirect of another origin */
  constructor(
    by: Dispatching,
    auth: Auth,
    url: URL,
    redirected: boolean,
    options: Dispatcher.DispatchOptions & AddedOptions,
    handler: WatchingHandler,
  ) {
    const { method, headers, body } = options
    const { record, sentWith } = dispatchHeaders(headers)
    this.method = method
    // An unparsed one has its wire form.
    this.url = url instanceof UnparsedUrl ? url : wireUrl(url)
    this.headers = record
    this.#sentWith = sentWith
    this.body = body
    this.signal = this.#controller.signal
    this.redirected = redirected
    this.#by = by
    this.#auth = auth
    // The caller may use its own object for the next request.
    this.#options = { ...options }
    this.#handler = handler
    this.#call = new AuthenticatedCall(by.options)
    this.#context = this.#call.isWatched ? AsyncLocalStorage.snapshot() : inPlace
  }

  get handler(): Dispatcher.DispatchHandler {
    return this.#handler
  }

  get controller(): CallController {
    return this.#controller
  }

  get call(): AuthenticatedCall {
    return this.#call
  }

  get isStarted(): boolean {
    return this.#isStarted || this.#call.isReplayed
  }

  get isWatched(): boolean {
    return Boolean(this.#call.isWatched)
  }

  inContext<T>(act: () => T): T {
    return this.#context(act)
  }

  /** Tells of a redirect that a fetch or an interceptor above follows. */
  tellRedirect(status: number, to: URL): void {
    void andThen(loadFollowUp(), ({ tellFollowed }) => tellFollowed(this.#call, status, to))
  }

  /**
   * Sends the first attempt, or a request that may not see credentials as it is. Synchronous if nothing has to be awaited. Then
   * it returns the result of undici.
   */
  begin(): boolean | Promise<boolean> {
    const { dispatch, dispatcher, options } = this.#by
    const isBare = passesBare(this.#auth, this, options.guard)
    if (isBare !== false) return andThen(isBare, () => dispatch(this.#options, this.#handler))
    this.#handler.call = this
    refuseProxied(dispatcher, this.url, options.guard)
    const isRead = this.#auth.bodyLimit(this.headers) !== undefined
    const request = withSendableBody(this, isRead)
    const begun = isPromise(request) ? request.then((sendable) => this.attempt(sendable)) : this.attempt(request)
    if (isPromise(begun)) void this.#watchForAbort(begun)
    return begun
  }

  /**
   * Notices an abort while the call waits for its credential or its body. undici's functions listen to the signal, but
   * abort only a call that has started. A fetch passes no signal on, so it starts at once. It alone sets
   * `maxRedirections: 0`, and undici refuses none of its requests.
   */
  async #watchForAbort(begun: Promise<unknown>): Promise<void> {
    const { signal, maxRedirections } = this.#options
    if (maxRedirections === 0 || (signal instanceof AbortSignal && signal.aborted)) this.#start()
    else if (signal instanceof EventTarget || signal instanceof EventEmitter) {
      const over = new AbortController()
      const aborted = once(signal as EventEmitter, "abort", { signal: over.signal })
      aborted.then(() => this.#start()).catch(() => undefined)
      await begun.catch(() => undefined)
      over.abort()
    }
  }

  #start(): void {
    this.#isStarted = true
    try {
      this.#handler.onRequestStart?.(this.#controller, null)
    } catch (error) {
      this.#controller.abort(error as Error)
    }
  }

  fail(error: unknown): void {
    this.#call.failed(error)
    this.#handler.onResponseError?.(this.#controller, reasonOf(error))
  }

  attempt(request: OutgoingRequest): boolean | Promise<boolean> {
    const attempt = this.#call.next(this.#auth, request)
    return isPromise(attempt) ? attempt.then((prepared) => this.#send(prepared)) : this.#send(attempt)
  }

  #send(attempt: AuthenticatedAttempt): boolean {
    if (this.signal.aborted) {
      this.#call.failed(this.signal.reason)
      throw this.signal.reason
    }
    // A dispatcher may keep the options of an attempt.
    const options = this.#isSent ? { ...this.#options } : this.#options
    this.#isSent = true
    options.path = targetOf(attempt.url)
    options.headers = this.#sentWith(attempt.headers)
    options.body = attempt.body as NonNullable<Dispatcher.DispatchOptions["body"]>
    // The query is already part of the path.
    if ("query" in options) delete options.query
    // With it, a MockAgent that lets a fetch through sends the original body.
    if ("__mockAgentBodyForDispatch" in options) delete options.__mockAgentBodyForDispatch
    return this.#by.dispatch(options, new AttemptHandler(this))
  }
}

/** Path and query unchanged, even an empty query. */
function targetOf(url: URL): string {
  return url instanceof UnparsedUrl ? url.target : url.href.slice(url.origin.length)
}
