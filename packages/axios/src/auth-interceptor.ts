import {
  type Auth,
  createGate,
  createIamGuard,
  type GuardOptions,
  type IamFetch,
  toIamFetchResponse,
} from "@countersign/auth-core/adapter"
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios"
import { adapterBeneath, authenticatingAdapter, isAuthenticating } from "./adapter.ts"
import { keyCacheByAuth } from "./cache-key.ts"
import { callersTransforms, sendingExactBody } from "./wire.ts"

declare module "axios" {
  interface AxiosRequestConfig {
    /** Another auth for this request, or `false` for none. Omit it to use that of `withAuth`; `undefined` is refused. */
    countersign?: Auth | false
  }
}

/** An interceptor for `interceptors.request.use`. */
export type AuthInterceptor = (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig

/** The interceptor that `withAuth` added to the request interceptors of an instance. */
const added = new WeakMap<object, { id: number; interceptor: AuthInterceptor }>()

/**
 * Makes an axios instance authenticate: each attempt and retry, each redirect hop, and one replay after a 401 that a fresh
 * token or the right time cures. Changes the instance in place and returns it. A second call replaces the auth of the
 * first.
 *
 * @param auth with `false` each request must bring its own as `countersign`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`. A request that
 * cannot be authenticated rejects with an AuthError before anything is sent.
 */
export function withAuth<Instance extends AxiosInstance>(
  instance: Instance,
  auth: Auth | false,
  options: GuardOptions = {},
): Instance {
  const { request } = instance.interceptors
  const interceptor = authInterceptor(auth, options)
  keyCacheByAuth(instance, auth)
  keepUndefined(instance)
  const earlier = added.get(request)
  // After `clear()` its id may belong to another interceptor.
  const isThere = request.handlers?.some((handler) => handler?.fulfilled === earlier?.interceptor)
  if (earlier !== undefined && isThere) request.eject(earlier.id)
  // If an earlier interceptor throws, axios skips the remaining ones, and still sends the request if that interceptor's own
  // error handler allows it. Then the transformation authenticates.
  const runWhen = (config: InternalAxiosRequestConfig): boolean => {
    config.transformRequest = [sendingExactBody(interceptor), ...callersTransforms(config)]
    return true
  }
  added.set(request, { id: request.use(interceptor, null, { synchronous: true, runWhen }), interceptor })
  return instance
}

/**
 * The same as a request interceptor: `instance.interceptors.request.use(authInterceptor(auth))`, in any order with others.
 * It only wraps the request's adapter, because URL and bytes are final there and not before. If you add two auths to one
 * instance, the last one wins.
 *
 * axios drops an explicit `countersign: undefined` before any interceptor sees it. If each request must name its auth, use
 * {@link withAuth}, or pass `false` here.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`.
 */
export function authInterceptor(auth: Auth | false, options: GuardOptions = {}): AuthInterceptor {
  const [authFor, guard] = createGate("countersign", auth, options)
  return (config) => {
    const { adapter, transitional } = config
    if (Object.is(config.countersign, EXPLICIT)) Reflect.set(config, "countersign", undefined)
    // The interceptor added last runs first, unless axios is told otherwise.
    const lastRunsFirst = transitional?.legacyInterceptorReqResOrdering !== false
    if (isAuthenticating(adapter) && lastRunsFirst) return config
    config.adapter = authenticatingAdapter(adapterBeneath(adapter), authFor, guard)
    // After all interceptors, and before axios' own transformation.
    config.transformRequest = [sendingExactBody(), ...callersTransforms(config)]
    return config
  }
}

/**
 * Makes calls to IAM through an axios instance, with its agents and its proxy: for the option `fetch` of providers.
 *
 * The instance's own auth, base URL and params are not used. Nothing is retried or followed. A proxy that would read the
 * secrets is refused, as for any authenticated request.
 */
export function iamFetch(instance: AxiosInstance): IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const auth = authBy(headers)
    const answer = await instance.request<string>({
      url,
      method,
      data: body,
      signal,
      adapter: authenticatingAdapter(adapterBeneath(instance.defaults.adapter), () => auth, createIamGuard(url)),
      baseURL: "",
      params: null,
      maxRedirects: 0,
      responseType: "text",
      transformRequest: [(data: unknown) => data],
      transformResponse: [(data: unknown) => data],
      validateStatus: () => true,
    })
    return toIamFetchResponse(answer.status, answer.headers, async () => answer.data)
  }
}

/** An auth that adds the headers of a call to IAM, so that they are treated as secrets. */
function authBy(headers: Readonly<Record<string, string>>): Auth {
  return {
    bodyLimit: () => undefined,
    authenticate: () => ({ headers, used: undefined }),
    judge: () => false,
  }
}

/** Stands for `countersign: undefined` of a request. */
const EXPLICIT = Symbol("undefined")

/** Set on a method that has been changed. */
const keeps = Symbol("keeps undefined")

/** The methods that take a config, by its position: after the URL, or after the body. */
const METHODS = {
  1: ["delete", "get", "head", "options"],
  2: ["patch", "patchForm", "post", "postForm", "put", "putForm", "query"],
}

/** Makes an instance keep `countersign: undefined` of a request, which axios would drop. */
function keepUndefined(instance: AxiosInstance): void {
  const { defaults } = instance
  const set = (value: unknown): void => {
    Object.defineProperty(defaults, "countersign", { value: kept(value), enumerable: true, writable: true })
  }
  // axios reads the default of every key that a request names, and uses it for `undefined`. The property is not enumerable,
  // so axios does not read it for a request that does not name it.
  if (Object.hasOwn(defaults, "countersign")) {
    if (defaults.countersign === undefined) set(undefined)
  } else Object.defineProperty(defaults, "countersign", { configurable: true, get: () => EXPLICIT, set })
  // These methods drop it before axios reads the defaults.
  for (const [index, names] of Object.entries(METHODS)) for (const name of names) keepIn(instance, name, Number(index))
}

function keepIn(instance: AxiosInstance, name: string, index: number): void {
  const method: unknown = Reflect.get(instance, name)
  if (typeof method !== "function" || keeps in method) return
  const keeping = (...given: unknown[]): unknown => {
    const config = Object(given[index])
    if ("countersign" in config) given[index] = { ...config, countersign: kept(config.countersign) }
    return Reflect.apply(method, instance, given)
  }
  Reflect.set(instance, name, Object.assign(keeping, { [keeps]: true }))
}

function kept(value: unknown): unknown {
  return value === undefined ? EXPLICIT : value
}
