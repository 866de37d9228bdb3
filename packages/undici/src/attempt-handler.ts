import { AuthError, LONGEST_ERROR_BODY, LONGEST_ERROR_WAIT_MS, type ResponseLike } from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { bodyText } from "./body-text.ts"
import type { CallController } from "./call-controller.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]

interface HeldResponse {
  readonly status: number
  readonly headers: Headers
  readonly statusMessage: string | undefined
  readonly chunks: Buffer[]
  size: number
  trailers: Headers | undefined
  isJudged: boolean
  readonly overdue: NodeJS.Timeout
}

/** Is told what came of an attempt. */
export interface Judge {
  /** An answer that is no rejection, or none at all. */
  ended(status?: number): void
  /** Whether the request is sent again; then the answer is dropped. */
  rejected(response: ResponseLike): Promise<boolean>
}

/**
 * Handles one attempt: passes everything on, but for a rejection, which is held back until it is judged. Its body is waited
 * for a second, and kept up to 64 kB; what is left of it waits on the wire.
 */
export class AttemptHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #controller: CallController
  readonly #judgeAttempt: Judge
  readonly #isStarted: boolean
  readonly #release: () => void
  #attempt: Dispatcher.DispatchController | undefined
  #held: HeldResponse | undefined
  #isDropped = false

  /**
   * @param isStarted the start of the call was told before.
   * @param release is called when no further attempt follows.
   */
  constructor(
    handler: Dispatcher.DispatchHandler,
    controller: CallController,
    judge: Judge,
    isStarted: boolean,
    release: () => void,
  ) {
    this.#handler = handler
    this.#controller = controller
    this.#judgeAttempt = judge
    this.#isStarted = isStarted
    this.#release = release
  }

  onRequestStart(attempt: Dispatcher.DispatchController, context: { history?: unknown[] } | null): void {
    this.#attempt = attempt
    this.#controller.follow(attempt)
    // An interceptor beneath follows a redirect, with the headers that were made for the first URL.
    if (context?.history?.length) attempt.abort(redirectBeneath())
    else if (!this.#isStarted) this.#handler.onRequestStart?.(this.#controller, context)
  }

  onRequestUpgrade(...[, ...rest]: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#judgeAttempt.ended(101)
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

  onResponseStart(
    attempt: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
    statusMessage?: string,
  ): void {
    if (isHeld(status)) {
      const overdue = setTimeout(() => this.#judgeUnread(attempt), LONGEST_ERROR_WAIT_MS)
      this.#held = {
        status,
        headers,
        statusMessage,
        chunks: [],
        size: 0,
        trailers: undefined,
        isJudged: false,
        overdue,
      }
    } else {
      this.#judgeAttempt.ended(status)
      this.#release()
      this.#handler.onResponseStart?.(this.#controller, status, headers, statusMessage)
    }
  }

  onResponseData(attempt: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isDropped) return
    const held = this.#held
    if (held === undefined) {
      this.#handler.onResponseData?.(this.#controller, chunk)
      return
    }
    held.chunks.push(chunk)
    held.size += chunk.length
    if (held.size > LONGEST_ERROR_BODY) this.#judgeUnread(attempt)
  }

  onResponseEnd(_attempt: unknown, trailers: Headers): void {
    if (this.#isDropped) return
    const held = this.#held
    if (held === undefined) {
      this.#handler.onResponseEnd?.(this.#controller, trailers)
      return
    }
    held.trailers = trailers
    if (!held.isJudged) void this.#judge(held, textOf(held))
  }

  onResponseError(_attempt: unknown, error: Error): void {
    clearTimeout(this.#held?.overdue)
    this.#judgeAttempt.ended()
    if (this.#isDropped) return
    this.#release()
    this.#handler.onResponseError?.(this.#controller, error)
  }

  /** Without its body, which is too long, or too long in coming. */
  #judgeUnread(attempt: Dispatcher.DispatchController): void {
    if (this.#held === undefined || this.#held.isJudged) return
    attempt.pause()
    void this.#judge(this.#held, undefined)
  }

  async #judge(held: HeldResponse, text: string | undefined): Promise<void> {
    held.isJudged = true
    clearTimeout(held.overdue)
    const { status, headers } = held
    try {
      this.#isDropped = await this.#judgeAttempt.rejected({
        status,
        headers: { get: (name) => headers[name] },
        peek: () => text,
      })
      if (this.#isDropped) {
        if (held.trailers === undefined) this.#attempt?.abort(new Error("The answer is not wanted any more."))
        return
      }
    } catch (error) {
      this.#isDropped = true
      this.#release()
      this.#handler.onResponseError?.(this.#controller, error as Error)
      return
    }
    this.#passOn(held)
  }

  #passOn({ status, headers, statusMessage, chunks, trailers }: HeldResponse): void {
    this.#held = undefined
    this.#release()
    try {
      this.#handler.onResponseStart?.(this.#controller, status, headers, statusMessage)
      for (const chunk of chunks) this.#handler.onResponseData?.(this.#controller, chunk)
      if (trailers !== undefined) this.#handler.onResponseEnd?.(this.#controller, trailers)
      else if (!this.#controller.paused) this.#attempt?.resume()
    } catch (error) {
      // Interceptors refuse an answer so, and undici then tells them of their own error.
      if (trailers === undefined) this.#attempt?.abort(error as Error)
      else this.#handler.onResponseError?.(this.#controller, error as Error)
    }
  }
}

function redirectBeneath(): AuthError {
  return new AuthError(
    "AUTH_REDIRECT_BLOCKED",
    "The redirect interceptor is beneath the authentication, and would take its headers elsewhere: compose it on the dispatcher that withAuth gives, or after authInterceptor.",
  )
}

/** Whether an answer has to be judged before anybody sees it. */
function isHeld(status: number): boolean {
  return status === 401 || status === 403
}

function textOf({ headers, chunks }: HeldResponse): string | undefined {
  return bodyText(Buffer.concat(chunks), headers["content-encoding"], LONGEST_ERROR_BODY)
}
