import {
  AuthError,
  type AuthenticatedCall,
  type OutgoingRequest,
  type PeekLimits,
} from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { bodyText } from "./body-text.ts"
import type { CallController } from "./call-controller.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]

/** A rejection that is held back until it is judged. */
interface HeldResponse {
  readonly status: number
  readonly headers: Headers
  readonly statusMessage: string | undefined
  readonly chunks: Buffer[]
  size: number
  trailers: Headers | undefined
  /** Set while the engine waits for the text of the body. */
  peeking: Peeking | undefined
}

/** Runs code in an async context. */
export type InContext = <T>(act: () => T) => T

interface Peeking {
  readonly limits: PeekLimits
  readonly tell: (text: string | undefined) => void
}

/**
 * Handles one attempt. Passes everything on except a rejection, which is held back until the engine has judged it. If the
 * body of a rejection is too long or too slow, the rest of it waits on the wire.
 */
export class AttemptHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #controller: CallController
  readonly #call: AuthenticatedCall
  readonly #isStarted: boolean
  readonly #replay: (request: OutgoingRequest) => boolean | Promise<boolean>
  readonly #inContext: InContext
  #attempt: Dispatcher.DispatchController | undefined
  #held: HeldResponse | undefined
  #isDropped = false

  /**
   * @param isStarted the handler already knows that the call has started.
   * @param inContext undici runs a handler in the async context of its socket, where other calls may have begun. This runs
   * code in that of the call.
   */
  constructor(
    handler: Dispatcher.DispatchHandler,
    controller: CallController,
    call: AuthenticatedCall,
    isStarted: boolean,
    replay: (request: OutgoingRequest) => boolean | Promise<boolean>,
    inContext: InContext,
  ) {
    this.#handler = handler
    this.#controller = controller
    this.#call = call
    this.#isStarted = isStarted
    this.#replay = replay
    this.#inContext = inContext
  }

  onRequestStart(attempt: Dispatcher.DispatchController, context: { history?: unknown[] } | null): void {
    this.#attempt = attempt
    this.#controller.follow(attempt)
    // An interceptor beneath follows a redirect with the headers that were made for the first URL.
    if (context?.history?.length) attempt.abort(redirectBeneath())
    else if (!this.#isStarted) this.#handler.onRequestStart?.(this.#controller, context)
  }

  onRequestUpgrade(...[, ...rest]: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#inContext(() => this.#call.answered({ status: 101, headers: NO_HEADERS }))
    this.#handler.onRequestUpgrade?.(this.#controller, ...rest)
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.()
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onResponseStart(_attempt: unknown, status: number, headers: Headers, statusMessage?: string): void {
    // Such as 103: the response is still to come.
    if (status < 200) {
      this.#handler.onResponseStart?.(this.#controller, status, headers, statusMessage)
      return
    }
    this.#inContext(() => this.#answer(status, headers, statusMessage))
  }

  #answer(status: number, headers: Headers, statusMessage: string | undefined): void {
    const held: HeldResponse = {
      status,
      headers,
      statusMessage,
      chunks: [],
      size: 0,
      trailers: undefined,
      peeking: undefined,
    }
    const peek = (limits: PeekLimits): Promise<string | undefined> => this.#peek(held, limits)
    const next = this.#call.answered({ status, headers: { get: (name) => headers[name] }, peek })
    if (next === undefined) {
      this.#call.end()
      this.#handler.onResponseStart?.(this.#controller, status, headers, statusMessage)
    } else {
      this.#held = held
      void this.#judge(held, next)
    }
  }

  onResponseData(_attempt: unknown, chunk: Buffer): void {
    if (this.#isDropped) return
    const held = this.#held
    if (held === undefined) {
      this.#handler.onResponseData?.(this.#controller, chunk)
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
      this.#inContext(() => this.#handler.onResponseEnd?.(this.#controller, trailers))
      return
    }
    held.trailers = trailers
    held.peeking?.tell(textOf(held, held.peeking.limits))
  }

  onResponseError(_attempt: unknown, error: Error): void {
    if (!this.#isDropped) this.#inContext(() => this.#fail(error))
  }

  #fail(error: Error): void {
    if (this.#held === undefined) this.#call.failed(error)
    else {
      this.#isDropped = true
      this.#held.peeking?.tell(undefined)
    }
    this.#call.end()
    this.#handler.onResponseError?.(this.#controller, error)
  }

  /** The text of a held body; `undefined` if it is too long or too slow. */
  #peek(held: HeldResponse, limits: PeekLimits): Promise<string | undefined> {
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

  #stopPeeking({ peeking }: HeldResponse): void {
    this.#attempt?.pause()
    peeking?.tell(undefined)
  }

  async #judge(held: HeldResponse, judged: OutgoingRequest | Promise<OutgoingRequest | undefined>): Promise<void> {
    try {
      const next = await judged
      if (this.#isDropped) return
      if (next !== undefined) {
        this.#isDropped = true
        await this.#replay(next)
        if (held.trailers === undefined) this.#attempt?.abort(new Error("The response is not needed any more."))
        return
      }
    } catch (error) {
      this.#isDropped = true
      if (held.trailers === undefined) this.#attempt?.abort(error as Error)
      this.#call.end()
      this.#handler.onResponseError?.(this.#controller, error as Error)
      return
    }
    this.#passOn(held)
  }

  #passOn({ status, headers, statusMessage, chunks, trailers }: HeldResponse): void {
    this.#held = undefined
    this.#call.end()
    try {
      this.#handler.onResponseStart?.(this.#controller, status, headers, statusMessage)
      for (const chunk of chunks) this.#handler.onResponseData?.(this.#controller, chunk)
      if (trailers !== undefined) this.#handler.onResponseEnd?.(this.#controller, trailers)
      else if (!this.#controller.paused) this.#attempt?.resume()
    } catch (error) {
      // An interceptor refuses a response by throwing, and undici then reports that error to it.
      if (trailers === undefined) this.#attempt?.abort(error as Error)
      else this.#handler.onResponseError?.(this.#controller, error as Error)
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

function textOf({ headers, chunks }: HeldResponse, { length }: PeekLimits): string | undefined {
  return bodyText(Buffer.concat(chunks), headers["content-encoding"], length)
}
