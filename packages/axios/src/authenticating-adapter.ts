import {
  type Auth,
  type AuthForRequest,
  authenticatedSend,
  type HostGuard,
  hasOwnSecrets,
  refuseProxiedFetch,
  type WireRequest,
  wireUrl,
} from "@countersign/auth-core"
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import { adapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
import { errorForCache, refuseSharedKey } from "./cache-key.ts"
import { callLimits } from "./call-limits.ts"
import { guardedTransport } from "./guarded-transport.ts"
import { restoreUndefined } from "./keep-undefined.ts"
import { type Outcome, outcomeOf } from "./outcome.ts"
import { callersTransforms } from "./own-transform.ts"
import { fetchRedirectError, redirectError } from "./redirect-error.ts"
import { bodyError, unsendableError } from "./request-body.ts"
import {
  basicCredentials,
  headersOf,
  keepBytes,
  redirectLimit,
  resolved,
  secretHeadersOf,
  sentConfig,
  sentHeaders,
  urlOf,
} from "./request-config.ts"
import { tellRedirect } from "./tell-redirect.ts"

type Config = InternalAxiosRequestConfig

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
    restoreUndefined(config)
    const chosen = authFor(config)
    if (chosen === undefined) return adapter(config)
    let url: URL | undefined
    try {
      url = urlOf(config)
    } catch (error) {
      return refusedBy(adapter, config, error)
    }
    if (url === undefined || isBare(url, config, guard)) return adapter(config)
    return authenticated(config, wireUrl(url), adapter, chosen, guard)
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

/** Whether axios sends a request by itself: what is not HTTP, or may see no credentials and has none of the caller's own. */
function isBare(url: URL, config: Config, guard: HostGuard): boolean {
  if (!/^https?:$/.test(url.protocol)) return true
  return !guard(url, resolved(config.baseURL)) && !hasOwnSecrets(headersOf(config, "other", undefined))
}

async function authenticated(
  config: Config,
  url: URL,
  ownAdapter: AxiosAdapter,
  auth: Auth,
  guard: HostGuard,
): Promise<AxiosResponse> {
  const [kind, adapter] = adapterKind(ownAdapter, config)
  const unsendable = kind === "http" ? unsendableError(config) : undefined
  if (unsendable !== undefined) throw unsendable
  const maxRedirects = redirectLimit(config, kind)
  const secretHeaders = secretHeadersOf(config, kind)
  const basic = basicCredentials(config, url)
  const headers = headersOf(config, kind, basic)
  const limits = callLimits(config)
  let last: { wire: WireRequest; response: AxiosResponse } | undefined
  const send = async (wire: WireRequest): Promise<Outcome> => {
    keepBytes(config, wire)
    const sending = sentHeaders(config, headers, wire, kind)
    let hopBasic = wire.redirects === 0 || wire.url.origin === url.origin ? basic : undefined
    if (last !== undefined && wire.redirects > last.wire.redirects && kind !== "fetch") {
      hopBasic = tellRedirect(config, last.wire, last.response, wire, sending) ?? hopBasic
    }
    const sent = sentConfig(config, wire, sending, hopBasic, limits.timeLeft(), kind)
    if (sent.transport !== undefined && wire.authenticated) {
      sent.transport = guardedTransport(sent.transport, wire.url, guard)
    }
    if (kind === "fetch" && wire.authenticated) refuseProxiedFetch(wire.url, config.fetchOptions ?? {}, guard)
    const outcome = await outcomeOf(adapter, sent, config, wire, kind)
    last = { wire, response: outcome.response }
    return outcome
  }
  const tooManyRedirects = ({ response: { request } }: Outcome): never => {
    if (kind === "fetch" && config.maxRedirects === undefined) throw fetchRedirectError(config, request)
    throw redirectError(config, request, "ERR_FR_TOO_MANY_REDIRECTS")
  }
  const request = {
    method: (config.method ?? "get").toUpperCase(),
    url,
    headers,
    body: config.data,
    baseUrl: resolved(config.baseURL),
    signal: limits.signal,
  }
  const options = { guard, maxRedirects, tooManyRedirects, secretHeaders }
  try {
    refuseSharedKey(config, auth)
    return (await authenticatedSend(auth, request, send, options)).settle()
  } catch (error) {
    throw (kind === "other" ? undefined : bodyError(config, error)) ?? errorForCache(error, config)
  } finally {
    limits.end()
  }
}
