import { type Auth, AuthError, isAuthError } from "@countersign/auth-core"
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios"

/** As axios-cache-interceptor keeps it on an instance. */
type GenerateKey = (request: Pick<InternalAxiosRequestConfig, "countersign">, meta?: unknown) => string

/** The key function that an instance was given, beneath the one that it shows. */
const generators = new WeakMap<object, unknown>()

/** An auth, and by what name caches know it: of random, since processes may share a cache, and no secret. */
interface NamedAuth {
  readonly auth: object
  readonly name: string
}

/** By the function that authenticates. axios hands on a copy of an auth, of which functions are what stays the same. */
const named = new WeakMap<object, NamedAuth[]>()

/**
 * Makes axios-cache-interceptor, put on an instance before or after, tell requests by whose they are: the credential is added
 * beneath it, so it would give one customer the answer of another.
 */
export function keyCacheByAuth(instance: AxiosInstance, auth: Auth | false): void {
  if (!generators.has(instance)) generators.set(instance, Reflect.get(instance, "generateKey"))
  const keyed: GenerateKey = (request, meta) => {
    const key = (generators.get(instance) as GenerateKey)(request, meta)
    if (request.countersign === false) return key
    const prefix = `${nameOf(request.countersign ?? auth)}:`
    // A request that is sent once more has its key already.
    return key.startsWith(prefix) ? key : prefix + key
  }
  Object.defineProperty(instance, "generateKey", {
    get: () => (typeof generators.get(instance) === "function" ? keyed : undefined),
    set: (given: unknown) => void generators.set(instance, given),
    configurable: true,
  })
}

/**
 * Refuses a request that such a cache keeps under a key of its URL alone, as it does where the auth was added by hand.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function refuseSharedKey(config: InternalAxiosRequestConfig, auth: Auth): void {
  if (!isCached(config) || String(config.id).startsWith(`${nameOf(auth)}:`)) return
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "axios-cache-interceptor would give one customer the answer of another: add the auth by `withAuth`, or send the request with `cache: false`.",
  )
}

/** An error of the auth, for such a cache too: others that wait for a request are told of its end only by an error of axios. */
export function errorForCache(error: unknown, config: InternalAxiosRequestConfig): unknown {
  if (!isCached(config) || !isAuthError(error)) return error
  // Many requests may have one error.
  return Object.create(error, { isAxiosError: { value: true }, config: { value: config } })
}

function isCached(config: InternalAxiosRequestConfig): config is InternalAxiosRequestConfig & { id: unknown } {
  if (!("id" in config && "cache" in config)) return false
  const { enabled, methods } = Object(config.cache)
  return enabled !== false && Array.isArray(methods) && methods.includes(config.method?.toLowerCase() ?? "get")
}

function nameOf(given: unknown): string {
  // A value that is no auth is refused later.
  const auth: object = Object(given)
  const known = Object(Reflect.get(auth, "authenticate"))
  const alike = named.get(known) ?? []
  const found = alike.find((one) => isSame(one.auth, auth))
  if (found !== undefined) return found.name
  const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("")
  named.set(known, [...alike, { auth, name }])
  return name
}

/** Whether two values are one, or copies of one as axios makes them. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => isSame(Reflect.get(one, key), Reflect.get(other, key)))
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
