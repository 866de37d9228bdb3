import type { Auth, GuardOptions } from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import { trackedInterceptor } from "./auth-interceptor.ts"

/**
 * A dispatcher whose requests go out authenticated, for `undici.request`, `undici.fetch` and, with `setGlobalDispatcher`,
 * for every library that uses the global fetch. It has all members of the given one, which is not changed and still sends.
 *
 * @param auth with `false` each request must bring its own as `countersign`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`. A request that
 * cannot be authenticated fails with an AuthError before anything is sent.
 */
export function withAuth<D extends Dispatcher>(dispatcher: D, auth: Auth | false, options: GuardOptions = {}): D {
  const origin = originOf(dispatcher)
  const pending = new Set<Promise<unknown>>()
  const track = (attempt: Promise<unknown>): void => {
    pending.add(attempt)
    void attempt.finally(() => pending.delete(attempt))
  }
  const intercept = trackedInterceptor(auth, options, track, dispatcher)
  const { dispatch } = dispatcher.compose((dispatch) => {
    const authenticated = intercept(dispatch)
    if (origin === undefined) return authenticated
    // Wherever a request is for, such as after a redirect, it goes to that origin.
    return (own, handler) => authenticated(own.origin === origin ? own : { ...own, origin }, handler)
  })
  return dispatchingBy(dispatch, dispatcher, closingAfter(pending, dispatcher))
}

/** These methods call `dispatch` on their receiver. */
const DISPATCHING: ReadonlySet<unknown> = new Set(["request", "stream", "pipeline", "upgrade", "connect", "compose"])

/** All other methods run on the dispatcher itself, because only it has its private members. */
function dispatchingBy<D extends Dispatcher>(dispatch: Dispatcher["dispatch"], dispatcher: D, close: () => unknown): D {
  return new Proxy(dispatcher, {
    get(target, name) {
      if (name === "dispatch") return dispatch
      const member: unknown = name === "close" ? close : Reflect.get(target, name)
      if (typeof member !== "function" || name === "constructor" || DISPATCHING.has(name)) return member
      return function (this: unknown, ...given: unknown[]): unknown {
        const result: unknown = Reflect.apply(member, target, given)
        // For chained calls.
        return result === target ? this : result
      }
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

/** The only origin of a Client or a Pool. undici 8 passes it to interceptors with each request, undici 7 does not. */
function originOf(dispatcher: Dispatcher): string | undefined {
  const key = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === "url")
  const url: unknown = key === undefined ? undefined : Reflect.get(dispatcher, key)
  return url instanceof URL ? url.origin : undefined
}

/** `close` lets requests finish. undici does not know yet of those that wait for their credential. */
function closingAfter(pending: ReadonlySet<Promise<unknown>>, dispatcher: Dispatcher) {
  return (...given: unknown[]): unknown => {
    const close = (): unknown => Reflect.apply(dispatcher.close, dispatcher, given)
    const [callback] = given
    if (pending.size === 0 || (callback !== undefined && typeof callback !== "function")) return close()
    const closed = Promise.allSettled(pending).then(close)
    return callback === undefined ? closed : undefined
  }
}
