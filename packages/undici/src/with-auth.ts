import type { Auth, GuardOptions } from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { trackedInterceptor } from "./auth-interceptor.ts"

/**
 * A dispatcher whose requests go out authenticated, for `undici.request`, `undici.fetch` and, with `setGlobalDispatcher`,
 * for every library that uses the global fetch. It has all that the given one has, which is left alone, and still sends.
 *
 * @param auth `false`: each request brings its own as `countersign`, else it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or what is no auth. A request that cannot be
 * authenticated fails with an AuthError before anything is sent.
 */
export function withAuth<D extends Dispatcher>(dispatcher: D, auth: Auth | false, options: GuardOptions = {}): D {
  const origin = originOf(dispatcher)
  const pending = new Set<Promise<void>>()
  const track = (attempt: Promise<void>): void => {
    pending.add(attempt)
    void attempt.finally(() => pending.delete(attempt))
  }
  const intercept = trackedInterceptor(auth, options, track, dispatcher)
  const composed = dispatcher.compose((dispatch) => {
    const authenticated = intercept(dispatch)
    if (origin === undefined) return authenticated
    return (own, handler) => authenticated(own.origin === undefined ? { ...own, origin } : own, handler)
  })
  // undici composes by a proxy of the dispatcher itself.
  return closingAfter(pending, composed as D)
}

/** The one origin that a Client or a Pool is for. undici 8 gives it to interceptors with each request, undici 7 does not. */
function originOf(dispatcher: Dispatcher): string | undefined {
  const key = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === "url")
  const url: unknown = key === undefined ? undefined : Reflect.get(dispatcher, key)
  return url instanceof URL ? url.origin : undefined
}

/** `close` lets requests finish. Those that wait for their credential are not known to undici yet. */
function closingAfter<D extends Dispatcher>(pending: ReadonlySet<Promise<void>>, dispatcher: D): D {
  const close = (callback?: () => void): Promise<void> | void => {
    const closed = pending.size === 0 ? dispatcher.close() : Promise.allSettled(pending).then(() => dispatcher.close())
    if (callback === undefined) return closed
    void closed.then(callback)
  }
  return new Proxy(dispatcher, {
    get: (target, name) => (name === "close" ? close : Reflect.get(target, name)),
  })
}
