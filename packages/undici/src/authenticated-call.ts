import { EventEmitter, once } from "node:events"
import {
  type Auth,
  type AuthenticatedAttempt,
  andThen,
  authenticateAttempt,
  type HostGuard,
  type OutgoingRequest,
  type ResponseLike,
  shouldReplay,
  tellOutcome,
  wireUrl,
} from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { AttemptHandler } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { type DispatchHeaders, dispatchHeaders } from "./dispatch-headers.ts"
import { withSendableBody } from "./sendable-body.ts"

/** The options that undici's own functions add to a dispatch. */
interface AddedOptions {
  readonly signal?: unknown
  readonly maxRedirections?: unknown
  readonly __mockAgentBodyForDispatch?: unknown
}

/** Every attempt of a call goes to the URL that was let through. */
const letThrough: HostGuard = () => true

/**
 * One call of a dispatcher: its first attempt, and the one replay of a refused one.
 *
 * What lives as long as a call is of a class, not literals: where many calls begin at once V8 takes literals for lasting,
 * allocates those of later calls in its old space, and keeps what they hold until it collects that.
 */
export class AuthenticatedCall implements OutgoingRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly signal: AbortSignal
  readonly #auth: Auth
  readonly #dispatch: Dispatcher["dispatch"]
  readonly #options: Dispatcher.DispatchOptions & AddedOptions
  readonly #handler: Dispatcher.DispatchHandler
  readonly #given: DispatchHeaders
  readonly #controller = new CallController()
  #isStarted = false

  constructor(
    auth: Auth,
    url: URL,
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
    this.#auth = auth
    this.#dispatch = dispatch
    this.#options = options
    this.#handler = handler
  }

  /** At once when everything is at hand: then it gives what undici gives. */
  begin(): boolean | Promise<boolean> {
    return this.#attempt(this, false)
  }

  /**
   * Hears an abort while the call waits for what it needs. undici's functions listen to the signal themselves, but abort only
   * what has started. A fetch hands no signal on; it alone says that it wants no redirects, and is refused nothing.
   */
  async heed(begun: Promise<unknown>): Promise<void> {
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
    this.#handler.onResponseError?.(this.#controller, error as Error)
  }

  #attempt(request: OutgoingRequest, replayed: boolean): boolean | Promise<boolean> {
    const isRead = this.#auth.bodyLimit(request.headers) !== undefined
    return andThen(withSendableBody(request, isRead), (sendable) => {
      const prepared = authenticateAttempt(this.#auth, sendable, letThrough)
      return andThen(prepared, (attempt) => this.#send(sendable, attempt, replayed))
    })
  }

  #send(request: OutgoingRequest, attempt: AuthenticatedAttempt, replayed: boolean): boolean {
    if (this.signal.aborted) {
      tellOutcome(attempt)
      throw this.signal.reason
    }
    const judge = {
      ended: (status?: number): void => tellOutcome(attempt, status),
      rejected: (response: ResponseLike): Promise<boolean> => this.#judge(request, attempt, response, replayed),
    }
    // The query is part of the path by now. A MockAgent that lets a fetch through would send the body of before.
    const { query: _, __mockAgentBodyForDispatch: __, ...rest } = this.#options
    return this.#dispatch(
      {
        ...rest,
        path: targetOf(attempt.url),
        headers: this.#given.sentWith(attempt.headers),
        body: attempt.body.content as NonNullable<typeof rest.body>,
      },
      new AttemptHandler(this.#handler, this.#controller, judge, this.#isStarted || replayed, () =>
        attempt.body.release?.(),
      ),
    )
  }

  async #judge(
    request: OutgoingRequest,
    attempt: AuthenticatedAttempt,
    response: ResponseLike,
    replayed: boolean,
  ): Promise<boolean> {
    if (!(await shouldReplay(attempt, response, replayed, this.signal))) return false
    await this.#attempt(again(request, attempt), true)
    return true
  }
}

/** Path and query as they are, also an empty query. */
function targetOf({ href, origin }: URL): string {
  return href.slice(origin.length)
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
