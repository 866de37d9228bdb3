import {
  type Auth,
  type AuthForRequest,
  authenticatedSend,
  type HostGuard,
  hasOwnSecrets,
  limitCall,
  loadFollowUp,
  type RedirectEvent,
  type WireRequest,
} from "@countersign/auth-core/adapter"
import type { AxiosAdapter, AxiosResponse } from "axios"
import { axiosOf } from "./axios-releases.ts"
import { errorForCache, refuseSharedCacheKey } from "./cache-key.ts"
import { kindOf } from "./kinds.ts"
import { bodyError, type Outcome, outcomeOf, timeoutError } from "./outcome.ts"
import { type Config, callersTransforms, headersOf, parsed, translate, urlOf } from "./wire.ts"

/** Set on an adapter that authenticates: the adapter beneath it, which sends. */
const beneath = Symbol("adapter")

type AuthenticatingAdapter = AxiosAdapter & { readonly [beneath]: Config["adapter"] }

export function isAuthenticating(adapter: Config["adapter"]): adapter is AuthenticatingAdapter {
  return typeof adapter === "function" && beneath in adapter
}

export function adapterBeneath(adapter: Config["adapter"]): Config["adapter"] {
  return isAuthenticating(adapter) ? adapter[beneath] : adapter
}

/** An adapter that authenticates every attempt, and sends it through another. */
export function authenticatingAdapter(own: Config["adapter"], authFor: AuthForRequest, guard: HostGuard): AxiosAdapter {
  const authenticating: AxiosAdapter = async (config) => {
    const axios = axiosOf(config)
    const { AxiosHeaders } = axios
    // Copied if they belong to a copy of axios that cannot be found.
    if (!(config.headers instanceof AxiosHeaders)) config.headers = AxiosHeaders.from(Object.assign({}, config.headers))
    const original = own ?? axios.defaults.adapter
    // This config may be sent again, through this instance or another.
    config.adapter = original as NonNullable<typeof original>
    config.transformRequest = callersTransforms(config)
    const adapter = axios.getAdapter(original, config)
    const auth = authFor(config)
    if (auth === undefined) return adapter(config)
    let url: URL | undefined
    try {
      url = urlOf(config)
    } catch (error) {
      return refusedBy(adapter, config, error)
    }
    // axios sends these alone: other protocols, and hosts that may see no credentials unless the caller's headers hold
    // secrets.
    if (url === undefined || !/^https?:$/.test(url.protocol)) return adapter(config)
    const baseUrl = parsed(config.baseURL)
    const bare = guard.bareReason(url, baseUrl)
    if (bare !== undefined && !hasOwnSecrets(headersOf(config))) {
      const { tellBare } = await loadFollowUp()
      tellBare(auth, { method: (config.method ?? "get").toUpperCase(), url }, bare, guard)
      return adapter(config)
    }
    return authenticated(config, url, adapter, auth, guard)
  }
  return Object.assign(authenticating, { [beneath]: own })
}

/** Makes axios report in its own way that the params give no URL. They are not serialized again. */
async function refusedBy(adapter: AxiosAdapter, config: Config, error: unknown): Promise<AxiosResponse> {
  const serialize = (): never => {
    throw error
  }
  const sent = { ...config, paramsSerializer: { serialize } }
  return (await outcomeOf(adapter, sent, config, { headers: {}, added: {} })).settle()
}

async function authenticated(
  config: Config,
  url: URL,
  ownAdapter: AxiosAdapter,
  auth: Auth,
  guard: HostGuard,
): Promise<AxiosResponse> {
  const [kind, adapter] = kindOf(ownAdapter, config)
  const refusal = kind.refusal?.(config)
  if (refusal !== undefined) throw refusal
  const { timeout = 0, signal, cancelToken, sensitiveHeaders = [] } = config
  const { request, sent } = translate(config, url, (headers) => kind.adjustHeaders?.(headers, config))
  // Limits the work before and between attempts. axios ends the attempts.
  const limit = limitCall({
    timeoutMs: timeout > 0 ? timeout : undefined,
    timedOut: () => timeoutError(config),
    signal: signal as AbortSignal | undefined,
    aborted: () => new (axiosOf(config).CanceledError)(undefined, config),
    cancelToken,
  })
  const send = async (wire: WireRequest): Promise<Outcome> => {
    const attempt = sent(wire, limit?.timeLeftMs() ?? timeout)
    kind.prepare(attempt, config, wire, guard)
    try {
      return await outcomeOf(adapter, attempt, config, wire)
    } finally {
      // A later error of a streamed response may show the attempt.
      if (!kind.keepsAttempts) attempt.headers = config.headers
    }
  }
  const options = {
    guard,
    maxRedirects: kind.maxRedirects(config),
    tooManyRedirects: ({ response }: Outcome): never => {
      throw kind.tooManyRedirects(config, response.request)
    },
    onRedirect: (event: RedirectEvent<Outcome>) => kind.onRedirect?.(config, event),
    secretHeaders: [sensitiveHeaders].flat().map((name) => String(name).toLowerCase()),
  }
  try {
    if ("id" in config) refuseSharedCacheKey(config, auth)
    return (await authenticatedSend(auth, { ...request, signal: limit?.signal }, send, options)).settle()
  } catch (error) {
    throw bodyError(config, error) ?? errorForCache(error, config)
  } finally {
    limit?.end()
  }
}
