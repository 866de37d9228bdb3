import { type Auth, AuthError, authName, isAuthError } from "@countersign/auth-core/adapter"
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios"

/** The key function that axios-cache-interceptor keeps on an instance. */
type GenerateKey = (request: Pick<InternalAxiosRequestConfig, "countersign">, meta?: unknown) => string

/** The key function that was set on an instance, beneath the one that it shows. */
const generators = new WeakMap<object, unknown>()

/**
 * Makes axios-cache-interceptor keep the requests of different auths apart, whether it was added before or after. The
 * credential is added beneath it, so otherwise it would give one customer the response of another.
 */
export function keyCacheByAuth(instance: AxiosInstance, auth: Auth | false): void {
  if (!generators.has(instance)) generators.set(instance, Reflect.get(instance, "generateKey"))
  const keyed: GenerateKey = (request, meta) => {
    const key = (generators.get(instance) as GenerateKey)(request, meta)
    if (request.countersign === false) return key
    const prefix = `${authName(request.countersign ?? auth)}:`
    // A request that is sent again already has its key.
    return key.startsWith(prefix) ? key : prefix + key
  }
  Object.defineProperty(instance, "generateKey", {
    get: () => (typeof generators.get(instance) === "function" ? keyed : undefined),
    set: (given: unknown) => void generators.set(instance, given),
    configurable: true,
  })
}

/**
 * Refuses a request that such a cache keys by its URL alone, as it does if the auth was added by hand.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function refuseSharedCacheKey(config: InternalAxiosRequestConfig, auth: Auth): void {
  if (!isCached(config) || String(config.id).startsWith(`${authName(auth)}:`)) return
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "axios-cache-interceptor would give one customer the answer of another: add the auth by `withAuth`, or send the request with `cache: false`.",
  )
}

/**
 * Makes an AuthError one of axios for such a cache, which otherwise never tells waiting requests that theirs has failed.
 */
export function errorForCache(error: unknown, config: InternalAxiosRequestConfig): unknown {
  if (!isCached(config) || !isAuthError(error)) return error
  // Several requests may share one error.
  return Object.create(error, { isAxiosError: { value: true }, config: { value: config } })
}

function isCached(config: InternalAxiosRequestConfig): config is InternalAxiosRequestConfig & { id: unknown } {
  if (!("id" in config && "cache" in config)) return false
  const { enabled, methods } = Object(config.cache)
  return enabled !== false && Array.isArray(methods) && methods.includes(config.method?.toLowerCase() ?? "get")
}
