import { AsyncLocalStorage } from "node:async_hooks"
import type { Dispatcher } from "undici"

/**
 * Tells which requests come from a redirect of another origin. undici's redirect interceptor and fetch dispatch the next
 * request like any other, and do not say where it comes from.
 */
export class RedirectTrail {
  /** The targets of redirects in this turn. A fetch follows a redirect at once, in the context of its call. */
  readonly #led = new Set<string>()
  /** The target of a redirect, for the code that its response runs: interceptors follow and retry from there. */
  readonly #context = new AsyncLocalStorage<string>()

  /** Whether a request for this URL comes from a redirect of another origin. */
  leadsTo(url: URL): boolean {
    const told = this.#context.getStore()
    if (told === undefined && this.#led.size === 0) return false
    const key = keyOf(url)
    return told === key || this.#led.has(key)
  }

  /** A handler that notes where the response leads. @param redirected the request itself comes from such a redirect */
  watch(url: URL, redirected: boolean, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    return new WatchingHandler(this, url, redirected, handler)
  }

  /** Notes where a redirect led. */
  tell(key: string): void {
    this.#led.add(key)
    setImmediate(() => this.#led.delete(key))
  }

  /** Runs the code that a response leads to. */
  follow(key: string, act: () => void): void {
    this.#context.run(key, act)
  }

  /** Runs code outside that context, because it may create something lasting, such as a connection. */
  leave<T>(act: () => T): T {
    return this.#context.getStore() === undefined ? act() : this.#context.exit(act)
  }
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Controller = Dispatcher.DispatchController

class WatchingHandler implements Dispatcher.DispatchHandler {
  readonly #trail: RedirectTrail
  readonly #url: URL
  readonly #redirected: boolean
  readonly #handler: Dispatcher.DispatchHandler
  /** The target from here on. A request that comes from a redirect leads to its own URL, because it may be retried. */
  #leads: string | undefined

  constructor(trail: RedirectTrail, url: URL, redirected: boolean, handler: Dispatcher.DispatchHandler) {
    this.#trail = trail
    this.#url = url
    this.#redirected = redirected
    this.#handler = handler
    if (redirected) this.#leads = keyOf(url)
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...given: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#handler.onRequestUpgrade?.(...given)
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

  onResponseStart(controller: Controller, status: number, headers: Headers, statusMessage?: string): void {
    if (status >= 300 && status < 400) this.#note(headers.location)
    this.#then(() => this.#handler.onResponseStart?.(controller, status, headers, statusMessage))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.#then(() => this.#handler.onResponseEnd?.(controller, trailers))
  }

  onResponseError(controller: Controller, error: Error): void {
    this.#then(() => this.#handler.onResponseError?.(controller, error))
  }

  #note(location: unknown): void {
    if (location === undefined || !URL.canParse(String(location), this.#url.href)) return
    const next = new URL(String(location), this.#url)
    if (!this.#redirected && next.origin === this.#url.origin) return
    this.#leads = keyOf(next)
    this.#trail.tell(this.#leads)
  }

  #then(act: () => void): void {
    if (this.#leads === undefined) act()
    else this.#trail.follow(this.#leads, act)
  }
}

function keyOf({ origin, pathname, search }: URL): string {
  return origin + pathname + search
}
