import { AsyncLocalStorage } from "node:async_hooks"
import { EventEmitter, once } from "node:events"
import {
  type Auth,
  type AuthenticatedAttempt,
  AuthenticatedCall,
  andThen,
  type HostGuard,
  loadFollowUp,
  type OutgoingRequest,
  wireUrl,
} from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { AttemptHandler, type InContext } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { type DispatchHeaders, dispatchHeaders } from "./dispatch-headers.ts"
import { withSendableBody } from "./sendable-body.ts"

/** The options that undici's own functions add to a dispatch. */
interface AddedOptions {
  readonly signal?: unknown
  readonly maxRedirections?: unknown
  __mockAgentBodyForDispatch?: unknown
}

/** While nobody listens, no event needs a context. */
const inPlace: InContext = (act) => act()

/** Interceptors or a fetch above follow redirects. */
const NO_REDIRECTS = 0

/**
 * One call of a dispatcher. It dispatches the attempts of an engine's call.
 *
 * The state of a call is a class, not object literals. If many calls begin at once, V8 expects such literals to live long,
 * allocates later ones in its old space, and keeps what they hold until it collects that space.
 */
export class DispatchedCall implements OutgoingRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly signal: AbortSignal
  readonly redirected: boolean
  readonly #auth: Auth
  readonly #call: AuthenticatedCall
  readonly #dispatch: Dispatcher["dispatch"]
  readonly #options: Dispatcher.DispatchOptions & AddedOptions
  readonly #handler: Dispatcher.DispatchHandler
  readonly #given: DispatchHeaders
  readonly #controller = new CallController()
  readonly #inContext: InContext
  #isStarted = false

  constructor(
    auth: Auth,
    guard: HostGuard,
    url: URL,
    redirected: boolean,
    dispatch: Dispatcher["dispatch"],
    options: Dispatcher.DispatchOptions & AddedOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    const { method, headers, body } = options
    this.#given = dispatchHeaders(headers)
    this.method = method
    this.url = wireUrl(url)
    this.headers = this.#given.record
    this.body = body
    this.signal = this.#controller.signal
    this.redirected = redirected
    this.#auth = auth
    this.#call = new AuthenticatedCall({ guard, maxRedirects: NO_REDIRECTS })
    this.#dispatch = dispatch
    this.#options = options
    this.#handler = handler
    this.#inContext = this.#call.isWatched ? AsyncLocalStorage.snapshot() : inPlace
  }

  /** Whether somebody listens to events. */
  get isWatched(): boolean {
    return Boolean(this.#call.isWatched)
  }

  /** Tells of a redirect that a fetch or an interceptor above follows. */
  tellRedirect(status: number, to: URL): void {
    void andThen(loadFollowUp(), ({ tellFollowed }) => tellFollowed(this.#call, status, to))
  }

  /** Synchronous if nothing has to be awaited. Then it returns the result of undici. */
  begin(): boolean | Promise<boolean> {
    const isRead = this.#auth.bodyLimit(this.headers) !== undefined
    return andThen(withSendableBody(this, isRead), (request) => this.attempt(request))
  }

  /**
   * Notices an abort while the call waits for its credential or its body. undici's functions listen to the signal, but
   * abort only a call that has started. A fetch passes no signal on, so it starts at once. It alone sets
   * `maxRedirections: 0`, and undici refuses none of its requests.
   */
  async watchForAbort(begun: Promise<unknown>): Promise<void> {
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
    this.#handler.onResponseError?.(this.#controller, error as Error)
  }

  attempt(request: OutgoingRequest): boolean | Promise<boolean> {
    return andThen(this.#call.next(this.#auth, request), (attempt) => this.#send(attempt))
  }

  #send(attempt: AuthenticatedAttempt): boolean {
    if (this.signal.aborted) {
      this.#call.failed(this.signal.reason)
      throw this.signal.reason
    }
    const options: Dispatcher.DispatchOptions & AddedOptions = {
      ...this.#options,
      path: targetOf(attempt.url),
      headers: this.#given.sentWith(attempt.headers),
      body: attempt.body as NonNullable<Dispatcher.DispatchOptions["body"]>,
    }
    // The query is already part of the path.
    if ("query" in options) delete options.query
    // With it, a MockAgent that lets a fetch through sends the original body.
    if ("__mockAgentBodyForDispatch" in options) delete options.__mockAgentBodyForDispatch
    return this.#dispatch(
      options,
      new AttemptHandler(
        this.#handler,
        this.#controller,
        this.#call,
        this.#isStarted || this.#call.isReplayed,
        (next) => this.attempt(next),
        this.#inContext,
      ),
    )
  }
}

/** Path and query unchanged, even an empty query. */
function targetOf({ href, origin }: URL): string {
  return href.slice(origin.length)
}
