import { type Auth, createHostGuard, type GuardOptions } from "@countersign/auth-core"
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios"
import { authenticatingAdapter, isAuthenticating } from "./authenticating-adapter.ts"
import { exactBody } from "./exact-body.ts"

declare module "axios" {
  // The type parameter is axios' own.
  // biome-ignore lint/correctness/noUnusedVariables: it must be named to extend the interface
  interface AxiosRequestConfig<D> {
    /** Another auth for this request, or `false` for none. @default the auth given to `withAuth` or `authInterceptor` */
    countersign?: Auth | false | undefined
  }
}

/** The interceptor that each instance has now. */
const installed = new WeakMap<object, number>()

/**
 * Makes an axios instance authenticate: each attempt and retry, each redirect hop, and one replay after a 401 that a fresh
 * token or the right time cures. Changes the instance in place, and gives it back; a second call puts the new auth in the
 * place of the first.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list. A request that cannot be authenticated rejects
 * with an AuthError before anything is sent.
 */
export function withAuth<Instance extends AxiosInstance>(
  instance: Instance,
  auth: Auth,
  options: GuardOptions = {},
): Instance {
  const { request } = instance.interceptors
  const interceptor = authInterceptor(auth, options)
  const earlier = installed.get(request)
  if (earlier !== undefined) request.eject(earlier)
  installed.set(request, request.use(interceptor))
  return instance
}

/**
 * The same as a request interceptor: `instance.interceptors.request.use(authInterceptor(auth))`, in whatever order with
 * others. It only puts an authenticating adapter around the request's own, since the bytes are final there and not before.
 */
export function authInterceptor(
  auth: Auth,
  options: GuardOptions = {},
): (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig {
  const guard = createHostGuard(options)
  return (config) => {
    config.data = exactBody(config.data)
    // A retry comes with the adapter that its first attempt had; of two interceptors the one added later runs first.
    if (!isAuthenticating(config.adapter)) config.adapter = authenticatingAdapter(config.adapter, auth, guard)
    return config
  }
}
