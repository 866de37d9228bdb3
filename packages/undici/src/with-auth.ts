import type { Auth, GuardOptions } from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import { authInterceptor } from "./auth-interceptor.ts"

/**
 * A dispatcher whose requests go out authenticated, for `undici.request`, `undici.fetch` and, with `setGlobalDispatcher`,
 * for every library that uses the global fetch. It has all that the given one has, which is left alone, and still sends.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list. A request that cannot be authenticated fails with an
 * AuthError before anything is sent.
 */
export function withAuth<D extends Dispatcher>(dispatcher: D, auth: Auth, options: GuardOptions = {}): D {
  const origin = originOf(dispatcher)
  const intercept = authInterceptor(auth, options)
  const composed = dispatcher.compose((dispatch) => {
    const authenticated = intercept(dispatch)
    if (origin === undefined) return authenticated
    return (own, handler) => authenticated(own.origin === undefined ? { ...own, origin } : own, handler)
  })
  // undici composes by a proxy of the dispatcher itself.
  return composed as D
}

/** The one origin that a Client or a Pool is for. undici 8 gives it to interceptors with each request, undici 7 does not. */
function originOf(dispatcher: Dispatcher): string | undefined {
  const key = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === "url")
  const url: unknown = key === undefined ? undefined : Reflect.get(dispatcher, key)
  return url instanceof URL ? url.origin : undefined
}
