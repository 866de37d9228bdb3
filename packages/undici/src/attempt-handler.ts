import {
  AuthError,
  type AuthenticatedCall,
  type OutgoingRequest,
  type PeekLimits,
  type ResponseLike,
} from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { bodyText } from "./body-text.ts"
import type { CallController } from "./call-controller.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]

/** A response, as far as it has come. */
class Answer implements ResponseLike {
  readonly status: number
  readonly received: Headers
  readonly message: string | undefined
  readonly #handler: AttemptHandler
  /** While it is held back. */
  readonly chunks: Buffer[] = []
  size = 0
  trailers: Headers | undefined
  /** Set while the engine waits for the text of the body. */
  peeking: Peeking | undefined

  constructor(status: number, received: Headers, message: string | undefined, handler: AttemptHandler) {
    this.status = status
    this.received = received
    this.message = message
    this.#handler = handler
  }

  get headers(): this {
    return this
  }

  get(name: string): unknown {
    return this.received[name]
  }

  peek(limits: PeekLimits): Promise<string | undefined> {
    return this.#handler.peek(this, limits)
  }
}

interface Peeking {
  readonly limits: PeekLimits
  readonly tell: (text: string | undefined) => void
}

/** The call that an attempt belongs to. */
export interface Calling {
  /** The caller's. */
  readonly handler: Dispatcher.DispatchHandler
  readonly controller: CallController
  readonly call: AuthenticatedCall
  /** Its handler already knows that it has started. */
  readonly isStarted: boolean
  /** undici runs a handler in the async context of its socket, where other calls may have begun. This runs code in that of the call. */
  inContext<T>(act: () => T): T
  /** Sends the next attempt. */
  attempt(request: OutgoingRequest): boolean | Promise<boolean>
}

/**
 * Handles one attempt. Passes everything on except a rejection, which is held back until the engine has judged it. If the
 * body of a rejection is too long or too slow, the rest of it waits on the wire.
 */
export class AttemptHandler implements Dispatcher.DispatchHandler {
  readonly #of: Calling
  #attempt: Dispatcher.DispatchController | undefined
  #held: Answer | undefined
  #isDropped = false

  constructor(of: Calling) {
    this.#of = of
  }

  onRequestStart(attempt: Dispatcher.DispatchController, context: { history?: unknown[] } | null): void {
    this.#attempt = attempt
    this.#of.controller.follow(attempt)
    // An interceptor beneath follows a redirect with the headers that were made for the first URL.
    if (context?.history?.length) attempt.abort(redirectBeneath())
    else if (!this.#of.isStarted) this.#of.handler.onRequestStart?.(this.#of.controller, context)
  }

  onRequestUpgrade(...[, ...rest]: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#of.inContext(() => this.#of.call.answered({ status: 101, headers: NO_HEADERS }))
    this.#of.handler.onRequestUpgrade?.(this.#of.controller, ...rest)
  }

  onBodySent(chunk: Buffer): void {
    this.#of.handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#of.handler.onRequestSent?.()
  }

  onResponseStarted(): void {
    this.#of.handler.onResponseStarted?.()
  }

  onResponseStart(_attempt: unknown, status: number, headers: Headers, statusMessage?: string): void {
    // Such as 103: the response is still to come.
    if (status < 200) {
      this.#of.handler.onResponseStart?.(this.#of.controller, status, headers, statusMessage)
      return
    }
    this.#of.inContext(() => this.#answer(status, headers, statusMessage))
  }

  #answer(status: number, headers: Headers, statusMessage: string | undefined): void {
    const answer = new Answer(status, headers, statusMessage, this)
    const next = this.#of.call.answered(answer)
    if (next === undefined) {
      this.#of.call.end()
      this.#of.handler.onResponseStart?.(this.#of.controller, status, headers, statusMessage)
    } else {
      this.#held = answer
      void this.#judge(answer, next)
    }
  }

  onResponseData(_attempt: unknown, chunk: Buffer): void {
    if (this.#isDropped) return
    const held = this.#held
    if (held === undefined) {
      this.#of.handler.onResponseData?.(this.#of.controller, chunk)
      return
    }
    held.chunks.push(chunk)
    held.size += chunk.length
    if (held.peeking !== undefined && held.size > held.peeking.limits.length) this.#stopPeeking(held)
  }

  onResponseEnd(_attempt: unknown, trailers: Headers): void {
    if (this.#isDropped) return
    const held = this.#held
    if (held === undefined) {
      // A retry or a redirect may be sent from there.
      this.#of.inContext(() => this.#of.handler.onResponseEnd?.(this.#of.controller, trailers))
      return
    }
    held.trailers = trailers
    held.peeking?.tell(textOf(held, held.peeking.limits))
  }

  onResponseError(_attempt: unknown, error: Error): void {
    if (!this.#isDropped) this.#of.inContext(() => this.#fail(error))
  }

  #fail(error: Error): void {
    if (this.#held === undefined) this.#of.call.failed(error)
    else {
      this.#isDropped = true
      this.#held.peeking?.tell(undefined)
    }
    this.#of.call.end()
    this.#of.handler.onResponseError?.(this.#of.controller, error)
  }

  /** The text of a held body; `undefined` if it is too long or too slow. */
  peek(held: Answer, limits: PeekLimits): Promise<string | undefined> {
    if (held.trailers !== undefined) return Promise.resolve(textOf(held, limits))
    return new Promise((resolve) => {
      const overdue = setTimeout(() => this.#stopPeeking(held), limits.ms)
      const tell = (text: string | undefined): void => {
        clearTimeout(overdue)
        held.peeking = undefined
        resolve(text)
      }
      held.peeking = { limits, tell }
      if (held.size > limits.length) this.#stopPeeking(held)
    })
  }

  #stopPeeking({ peeking }: Answer): void {
    this.#attempt?.pause()
    peeking?.tell(undefined)
  }

  async #judge(held: Answer, judged: OutgoingRequest | Promise<OutgoingRequest | undefined>): Promise<void> {
    try {
      const next = await judged
      if (this.#isDropped) return
      if (next !== undefined) {
        this.#isDropped = true
        await this.#of.attempt(next)
        if (held.trailers === undefined) this.#attempt?.abort(new Error("The response is not needed any more."))
        return
      }
    } catch (error) {
      this.#isDropped = true
      if (held.trailers === undefined) this.#attempt?.abort(error as Error)
      this.#of.call.end()
      this.#of.handler.onResponseError?.(this.#of.controller, reasonOf(error))
      return
    }
    this.#passOn(held)
  }

  #passOn({ status, received, message, chunks, trailers }: Answer): void {
    this.#held = undefined
    this.#of.call.end()
    try {
      this.#of.handler.onResponseStart?.(this.#of.controller, status, received, message)
      for (const chunk of chunks) this.#of.handler.onResponseData?.(this.#of.controller, chunk)
      if (trailers !== undefined) this.#of.handler.onResponseEnd?.(this.#of.controller, trailers)
      else if (!this.#of.controller.paused) this.#attempt?.resume()
    } catch (error) {
      // An interceptor refuses a response by throwing, and undici then reports that error to it.
      if (trailers === undefined) this.#attempt?.abort(error as Error)
      else this.#of.handler.onResponseError?.(this.#of.controller, reasonOf(error))
    }
  }
}

const NO_HEADERS = { get: () => undefined }

function redirectBeneath(): AuthError {
  return new AuthError(
    "AUTH_REDIRECT_BLOCKED",
    "The redirect interceptor runs beneath the authentication and would send its headers elsewhere: compose it on the dispatcher that withAuth returns, or after authInterceptor.",
  )
}

function textOf({ received, chunks }: Answer, { length }: PeekLimits): string | undefined {
  return bodyText(Buffer.concat(chunks), received["content-encoding"], length)
}

/** undici's functions would take a failure without a reason for a success. */
export function reasonOf(error: unknown): Error {
  return (error ?? new Error("The request failed without a reason: an auth threw nothing.")) as Error
}
