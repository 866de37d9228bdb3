import * as core from "@countersign/auth-core/adapter"
import type { AxiosInstance, InternalAxiosRequestConfig as Config } from "axios"

/** The key function that axios-cache-interceptor keeps on an instance. */
type GenerateKey = (request: Pick<Config, "countersign">, meta?: unknown) => string

/** The key function that was set on an instance, beneath the one that it shows. */
const generators = new WeakMap<object, GenerateKey | undefined>()

/**
 * Makes axios-cache-interceptor keep the requests of different auths apart, whether it was added before or after. The
 * credential is added beneath it, so otherwise it would give one customer the response of another.
 */
export function keyCacheByAuth(instance: AxiosInstance & { generateKey?: GenerateKey }, auth: core.Auth | false): void {
  if (!generators.has(instance)) generators.set(instance, instance.generateKey)
  const keyed: GenerateKey = (request, meta) => {
    const key = generators.get(instance)?.(request, meta) ?? ""
    if (request.countersign === false) return key
    const prefix = `${core.authName(request.countersign ?? auth)}:`
    // A request that is sent again already has its key.
    return key.startsWith(prefix) ? key : prefix + key
  }
  Object.defineProperty(instance, "generateKey", {
    get: () => generators.get(instance) && keyed,
    set: (given: GenerateKey) => void generators.set(instance, given),
    configurable: true,
  })
}

/**
 * Refuses a request that such a cache keys by its URL alone, as it does if the auth was added by hand.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function refuseSharedCacheKey(config: Config & { id?: unknown }, auth: core.Auth): void {
  if (!isCached(config) || String(config.id).startsWith(`${core.authName(auth)}:`)) return
  throw new core.AuthError(
    "AUTH_INVALID_OPTION",
    "axios-cache-interceptor would give one customer the answer of another: add the auth by `withAuth`, or send the request with `cache: false`.",
  )
}

/** An AuthError as one of axios. Such a cache tells waiting requests of no other failure. Several may share the error. */
export function errorForCache(error: unknown, config: Config): unknown {
  if (!isCached(config) || !core.isAuthError(error)) return error
  return Object.create(error, { isAxiosError: { value: true }, config: { value: config } })
}

function isCached(config: Config & { cache?: unknown }): boolean {
  const { method = "get", cache } = config
  const { enabled, methods } = Object(cache)
  return enabled !== false && Array.isArray(methods) && methods.includes(method.toLowerCase())
}
