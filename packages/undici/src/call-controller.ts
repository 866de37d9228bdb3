import type { Dispatcher } from "undici"

/** The controller of a whole call. It acts on the attempt that is on the wire. An abort also ends the work in between. */
export class CallController implements Dispatcher.DispatchController {
  readonly #abort = new AbortController()
  #current: Dispatcher.DispatchController | undefined
  #paused = false

  /** Aborts with the call. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted
  }

  get reason(): Error | null {
    return this.aborted ? (this.#abort.signal.reason as Error) : null
  }

  get paused(): boolean {
    return this.#current?.paused ?? this.#paused
  }

  get rawHeaders(): NonNullable<Dispatcher.DispatchController["rawHeaders"]> | null {
    return this.#current?.rawHeaders ?? null
  }

  get rawTrailers(): NonNullable<Dispatcher.DispatchController["rawTrailers"]> | null {
    return this.#current?.rawTrailers ?? null
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.#abort.abort(reason)
    this.#current?.abort(reason)
  }

  pause(): void {
    this.#paused = true
    this.#current?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#current?.resume()
  }

  /** An attempt goes on the wire. */
  follow(attempt: Dispatcher.DispatchController): void {
    this.#current = attempt
    if (this.aborted) attempt.abort(this.#abort.signal.reason as Error)
    else if (this.#paused) attempt.pause()
  }
}
