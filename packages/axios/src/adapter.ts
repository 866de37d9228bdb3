import {
  type Auth,
  type AuthForRequest,
  authenticatedSend,
  type CallLimit,
  type HostGuard,
  hasOwnSecrets,
  limitCall,
  type RedirectEvent,
  type WireRequest,
} from "@countersign/auth-core"
import type { AxiosAdapter, AxiosResponse } from "axios"
import { axiosOf } from "./axios-releases.ts"
import { errorForCache, refuseSharedKey } from "./cache-key.ts"
import { kindOf } from "./kinds.ts"
import { bodyError, type Outcome, outcomeOf, timeoutError } from "./outcome.ts"
import {
  basicAuth,
  basicHeader,
  type Config,
  callersTransforms,
  headersOf,
  keepBytes,
  parsed,
  sentHeaders,
  showOwnType,
  urlOf,
  withoutUser,
} from "./wire.ts"

/** On an adapter that authenticates: the one beneath it, which sends. */
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
    // What they hold, where they are of a copy that cannot be found.
    if (!(config.headers instanceof AxiosHeaders)) config.headers = AxiosHeaders.from(Object.assign({}, config.headers))
    const original = own ?? axios.defaults.adapter
    // For whoever sends this config once more, through this instance or another.
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
    // axios alone sends what is not HTTP, or may see no credentials and has none of the caller's own.
    if (url === undefined || !/^https?:$/.test(url.protocol)) return adapter(config)
    if (!guard(url, parsed(config.baseURL)) && !hasOwnSecrets(headersOf(config))) return adapter(config)
    return authenticated(config, url, adapter, auth, guard)
  }
  return Object.assign(authenticating, { [beneath]: own })
}

/** Has axios tell in its own way that no URL can be made of a request. */
async function refusedBy(adapter: AxiosAdapter, config: Config, error: unknown): Promise<AxiosResponse> {
  const { paramsSerializer } = config
  const serialize = (): never => {
    throw error
  }
  try {
    // Else what failed once might do the next time, and the request go out without authentication.
    return await adapter(Object.assign(config, { paramsSerializer: { serialize } }))
  } finally {
    Object.assign(config, { paramsSerializer })
  }
}

async function authenticated(
  config: Config,
  given: URL,
  ownAdapter: AxiosAdapter,
  auth: Auth,
  guard: HostGuard,
): Promise<AxiosResponse> {
  const [kind, adapter] = kindOf(ownAdapter, config)
  const refusal = kind.refusal?.(config)
  if (refusal !== undefined) throw refusal
  showOwnType(config)
  const own = headersOf(config)
  const headers = { ...own }
  const basic = basicAuth(config, given)
  // axios puts them in its place.
  if (basic !== undefined) headers.authorization = basicHeader(`${basic.username ?? ""}:${basic.password ?? ""}`)
  kind.adjustHeaders?.(headers, config)
  const limit = callLimit(config)
  const send = (wire: WireRequest): Promise<Outcome> => {
    keepBytes(config, wire)
    const timeoutMs = limit?.timeLeftMs() ?? config.timeout ?? 0
    const sent = {
      ...config,
      url: wire.url.href,
      baseURL: "",
      params: undefined,
      method: wire.method.toLowerCase(),
      headers: sentHeaders(config, own, wire),
      auth: wire.headers.authorization === headers.authorization ? basic : undefined,
      timeout: timeoutMs,
    } as Config
    kind.prepare(sent, { config, given, wire, guard, timeoutMs })
    return outcomeOf(adapter, sent, config, wire)
  }
  const { onRedirect } = kind
  const request = {
    method: (config.method ?? "get").toUpperCase(),
    url: withoutUser(given),
    headers,
    body: config.data,
    baseUrl: parsed(config.baseURL),
    signal: limit?.signal,
  }
  const options = {
    guard,
    maxRedirects: kind.maxRedirects(config),
    tooManyRedirects: ({ response }: Outcome): never => {
      throw kind.tooManyRedirects(config, response.request)
    },
    secretHeaders: namesIn(config.sensitiveHeaders),
    onRedirect:
      onRedirect && config.beforeRedirect ? (event: RedirectEvent<Outcome>) => onRedirect(config, event) : undefined,
  }
  try {
    refuseSharedKey(config, auth)
    return (await authenticatedSend(auth, request, send, options)).settle()
  } catch (error) {
    throw bodyError(config, error) ?? errorForCache(error, config)
  } finally {
    limit?.end()
  }
}

/** Ends what is done before and between attempts with axios' own errors; the attempts themselves axios ends. */
function callLimit(config: Config): CallLimit | undefined {
  const { timeout = 0, signal, cancelToken } = config
  if (!(timeout > 0) && !signal && !cancelToken) return undefined
  const { CanceledError } = axiosOf(config)
  const limit = limitCall({
    timeoutMs: timeout > 0 ? timeout : undefined,
    timedOut: () => timeoutError(config),
    signal: signal as AbortSignal | undefined,
    aborted: () => new CanceledError(undefined, config),
  })
  cancelToken?.subscribe(limit.abort)
  return {
    ...limit,
    end() {
      limit.end()
      cancelToken?.unsubscribe(limit.abort)
    },
  }
}

function namesIn(names: unknown): string[] {
  return Array.isArray(names) ? names.map((name) => String(name).toLowerCase()) : []
}
