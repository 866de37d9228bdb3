import * as core from "@countersign/auth-core/adapter"
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from "axios"
import { authenticatingAdapter } from "./adapter.ts"
import { keyCacheByAuth } from "./cache-key.ts"
import { callersTransforms, sendingExactBody } from "./wire.ts"

declare module "axios" {
  interface AxiosRequestConfig {
    /** Another auth for this request, or `false` for none. Omit it to use that of `withAuth`; `undefined` is refused. */
    countersign?: core.Auth | false
  }
}

/** An interceptor for `interceptors.request.use`. */
export type AuthInterceptor = (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig

/** The ids of the interceptors that `withAuth` added. */
const added = new WeakMap<object, number>()

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
  auth: core.Auth | false,
  options: core.GuardOptions = {},
): Instance {
  const { request } = instance.interceptors
  const interceptor = authInterceptor(auth, options)
  keyCacheByAuth(instance, auth)
  keepUndefined(instance)
  for (const handler of [...(request.handlers ?? [])]) {
    const id = added.get(handler?.fulfilled ?? instance)
    if (id !== undefined) request.eject(id)
  }
  // If an earlier interceptor throws, axios skips the remaining ones, and still sends the request if that interceptor's own
  // error handler allows it. Then the transformation authenticates.
  const runWhen = (config: InternalAxiosRequestConfig): boolean => {
    config.transformRequest = [sendingExactBody(interceptor), ...callersTransforms(config)]
    return true
  }
  added.set(interceptor, request.use(interceptor, null, { synchronous: true, runWhen }))
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
export function authInterceptor(auth: core.Auth | false, options: core.GuardOptions = {}): AuthInterceptor {
  const gate = core.createGate("countersign", auth, options)
  return (config) => {
    const { adapter, transitional } = config
    if (Object.is(config.countersign, EXPLICIT)) Reflect.set(config, "countersign", undefined)
    const beneath = core.functionBeneath(adapter)
    // The interceptor added last runs first, unless axios is told otherwise.
    const lastRunsFirst = transitional?.legacyInterceptorReqResOrdering !== false
    if (beneath !== adapter && lastRunsFirst) return config
    config.adapter = authenticatingAdapter(beneath, gate)
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
export function iamFetch(instance: AxiosInstance): core.IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const adapter = core.functionBeneath(instance.defaults.adapter)
    const answer = await instance.request<string>({
      url,
      method,
      data: body,
      signal,
      adapter: authenticatingAdapter(adapter, core.createIamGate(url, headers)),
      baseURL: "",
      params: null,
      maxRedirects: 0,
      responseType: "text",
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
    })
    return core.toIamFetchResponse(answer.status, answer.headers, async () => answer.data)
  }
}

/** Stands for `countersign: undefined`, which axios would drop. */
const EXPLICIT = Symbol("undefined")

/** The instances that keep it. */
const keeping = new WeakSet<object>()

/** Makes an instance keep `countersign: undefined` of a request and of its defaults. */
function keepUndefined(instance: AxiosInstance): void {
  if (keeping.has(instance)) return
  keeping.add(instance)
  const { defaults } = instance
  const kept = (value: unknown): unknown => (value === undefined ? EXPLICIT : value)
  const set = (value: unknown): void => {
    Object.defineProperty(defaults, "countersign", { value: kept(value), enumerable: true, writable: true })
  }
  // If a request names a key as `undefined`, axios uses its default. If the request does not name it, axios uses only an
  // enumerable default.
  if (Object.hasOwn(defaults, "countersign")) set(defaults.countersign)
  else Object.defineProperty(defaults, "countersign", { configurable: true, get: () => EXPLICIT, set })
  // The methods such as `get` drop it before axios reads the defaults. Their last parameter is the config.
  for (const [name, { length }] of Object.entries(axios.Axios.prototype as object)) {
    const method: unknown = Reflect.get(instance, name)
    if (typeof method !== "function") continue
    Reflect.set(instance, name, (...given: unknown[]): unknown => {
      const config = Object(given[length - 1])
      if ("countersign" in config) given[length - 1] = { ...config, countersign: kept(config.countersign) }
      return Reflect.apply(method, instance, given)
    })
  }
}
