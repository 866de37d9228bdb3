import { AsyncLocalStorage } from "node:async_hooks"
import type { Dispatcher } from "undici"

/** Where a redirect leads. */
interface Lead {
  /** The URLs that its Location may mean. */
  readonly keys: readonly string[]
  /** Whether the redirect, or one before it, came from another origin. */
  readonly crosses: boolean
  /** Tells of the redirect, once. */
  readonly followed?: () => void
}

const MOST_TARGETS = 1_000

/**
 * Tells which requests come from a redirect. undici's redirect interceptor and fetch dispatch the next
 * request much like any other, and do not say where it comes from.
 */
export class RedirectTrail {
  /** The redirects of this turn. A fetch follows a redirect at once, in the context of its call. */
  readonly #led = new Map<string, Lead>()
  /** A redirect, for the code that its response runs: interceptors follow and retry from there. */
  readonly #context = new AsyncLocalStorage<Lead>()

  /** By URL: whether a recent redirect to it crossed origins. */
  readonly #targets = new Map<string, boolean>()

  /**
   * The redirect from which a request for this URL comes.
   *
   * @param isRedirect it is known to come from one. Where that was not seen, since a cache above answered, or an interceptor
   * changed the URL, it counts as one from another origin, unless earlier ones to this URL did not cross.
   */
  leadTo(url: URL, isRedirect: boolean): Lead | undefined {
    const told = this.#context.getStore()
    if (told === undefined && this.#led.size === 0 && !isRedirect) return undefined
    const key = keyOf(url)
    const led = this.#led.get(key)
    if (told?.keys.includes(key)) return { ...told, crosses: told.crosses || led?.crosses === true }
    return led ?? (isRedirect ? { keys: [key], crosses: this.#targets.get(key) ?? true } : undefined)
  }

  /** A handler that notes where the response leads. @param redirected the request comes from a redirect of another origin */
  watch(url: URL, redirected: boolean, handler: Dispatcher.DispatchHandler): WatchingHandler {
    return new WatchingHandler(this, url, redirected, handler)
  }

  /** Notes where a redirect led. */
  tell(lead: Lead): void {
    for (const key of lead.keys) {
      // Redirects of several requests may lead to one URL. A caller's secrets stay back if any of them crossed.
      const led = { ...lead, crosses: lead.crosses || this.#led.get(key)?.crosses === true }
      this.#led.set(key, led)
      setImmediate(() => {
        if (this.#led.get(key) === led) this.#led.delete(key)
      })
      this.#remember(key, led.crosses)
    }
  }

  #remember(key: string, crosses: boolean): void {
    const crossed = this.#targets.get(key) === true
    this.#targets.delete(key)
    this.#targets.set(key, crosses || crossed)
    const [oldest] = this.#targets.keys()
    if (this.#targets.size > MOST_TARGETS && oldest !== undefined) this.#targets.delete(oldest)
  }

  /** Runs the code that a response leads to. */
  follow(lead: Lead, act: () => void): void {
    this.#context.run(lead, act)
  }

  /** Whether code runs outside that context. */
  get isLeft(): boolean {
    return this.#context.getStore() === undefined
  }

  /** Runs code outside that context, because it may create something lasting, such as a connection. */
  leave<T>(act: () => T): T {
    return this.isLeft ? act() : this.#context.exit(act)
  }
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Controller = Dispatcher.DispatchController

/** The call whose response is watched. */
export interface WatchedCall {
  readonly isWatched: boolean
  tellRedirect(status: number, to: URL): void
}

/** A handler that notes where its response leads. */
export class WatchingHandler implements Dispatcher.DispatchHandler {
  readonly #trail: RedirectTrail
  readonly #url: URL
  readonly #redirected: boolean
  readonly #handler: Dispatcher.DispatchHandler
  /**
   * The lead under which later handlers run. A request that comes from a redirect of another origin leads to its own URL,
   * because it may be retried.
   */
  #lead: Lead | undefined
  /** Set where the request is authenticated. */
  call: WatchedCall | undefined

  constructor(trail: RedirectTrail, url: URL, redirected: boolean, handler: Dispatcher.DispatchHandler) {
    this.#trail = trail
    this.#url = url
    this.#redirected = redirected
    this.#handler = handler
    if (redirected) this.#lead = { keys: [keyOf(url)], crosses: true }
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
    if (status >= 300 && status < 400) this.#note(status, headers.location)
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

  #note(status: number, location: unknown): void {
    const targets = readingsOf(location)
      .filter((text) => URL.canParse(text, this.#url.href))
      .map((text) => new URL(text, this.#url))
    const [next] = targets
    if (next === undefined) return
    const crosses = this.#redirected || targets.some(({ origin }) => origin !== this.#url.origin)
    const { call } = this
    let isTold = !call?.isWatched
    const followed = (): void => {
      if (!isTold) call?.tellRedirect(status, next)
      isTold = true
    }
    const lead = { keys: [...new Set(targets.map(keyOf))], crosses, followed }
    this.#trail.tell(lead)
    // A context slows all promises of Node 22 down. Within an origin, nothing stays behind.
    if (crosses || call?.isWatched) this.#lead = lead
  }

  #then(act: () => void): void {
    if (this.#lead === undefined) act()
    else this.#trail.follow(this.#lead, act)
  }
}

/**
 * The texts that a Location may stand for. undici decodes its bytes as Latin-1 or UTF-8, and passes on repeated headers as a
 * list. fetch reads them as UTF-8, joined as the Headers class does.
 */
function readingsOf(location: unknown): string[] {
  if (location === undefined) return []
  const texts = [String(location), ...(Array.isArray(location) ? [location.join(", ")] : [])]
  return texts.flatMap((text) => [text, Buffer.from(text, "latin1").toString()])
}

function keyOf({ origin, pathname, search }: URL): string {
  return origin + pathname + search
}
