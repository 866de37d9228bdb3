import {
  type Auth,
  type AuthenticatedAttempt,
  andThen,
  authenticateAttempt,
  finishedUrl,
  type HostGuard,
  type OutgoingRequest,
  type ResponseLike,
  shouldReplay,
  tellOutcome,
} from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { AttemptHandler } from "./attempt-handler.ts"
import { CallController } from "./call-controller.ts"
import { type DispatchHeaders, dispatchHeaders } from "./dispatch-headers.ts"
import { withSendableBody } from "./sendable-body.ts"

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
  readonly #options: Dispatcher.DispatchOptions
  readonly #handler: Dispatcher.DispatchHandler
  readonly #given: DispatchHeaders
  readonly #controller = new CallController()

  constructor(
    auth: Auth,
    url: URL,
    dispatch: Dispatcher["dispatch"],
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    const { method, headers, body } = options
    this.#given = dispatchHeaders(headers)
    this.method = method
    this.url = finishedUrl(url)
    this.headers = this.#given.record
    this.body = body
    this.signal = this.#controller.signal
    this.#auth = auth
    this.#dispatch = dispatch
    this.#options = options
    this.#handler = handler
  }

  /** At once when everything is at hand. */
  begin(): void | Promise<void> {
    return this.#attempt(this, false)
  }

  /** So that an abort is heard while there is nothing on the wire yet. */
  tellStart(): void {
    this.#handler.onRequestStart?.(this.#controller, null)
  }

  fail(error: unknown): void {
    this.#handler.onResponseError?.(this.#controller, error as Error)
  }

  #attempt(request: OutgoingRequest, replayed: boolean): void | Promise<void> {
    return andThen(withSendableBody(request), (sendable) => {
      const prepared = authenticateAttempt(this.#auth, sendable, letThrough)
      return andThen(prepared, (attempt) => this.#send(sendable, attempt, replayed))
    })
  }

  #send(request: OutgoingRequest, attempt: AuthenticatedAttempt, replayed: boolean): void {
    if (this.signal.aborted) {
      tellOutcome(attempt)
      throw this.signal.reason
    }
    const judge = {
      ended: (status?: number): void => tellOutcome(attempt, status),
      rejected: (response: ResponseLike): Promise<boolean> => this.#judge(request, attempt, response, replayed),
    }
    // It is part of the path by now.
    const { query: _, ...rest } = this.#options
    this.#dispatch(
      {
        ...rest,
        path: request.url.pathname + request.url.search,
        headers: this.#given.sentWith(attempt.headers),
        body: attempt.body.content as NonNullable<typeof rest.body>,
      },
      new AttemptHandler(this.#handler, this.#controller, judge, () => attempt.body.release?.()),
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

/** The same request, with the bytes that were read of its body, and their type. */
function again(request: OutgoingRequest, { headers, body }: AuthenticatedAttempt): OutgoingRequest {
  const contentType = headers["content-type"]
  return {
    ...request,
    headers: contentType === undefined ? request.headers : { ...request.headers, "content-type": contentType },
    body: body.content,
  }
}
