import {
  type Auth,
  authenticatedSend,
  chosenAuth,
  type HostGuard,
  hiddenRedirect,
  type WireRequest,
} from "@countersign/auth-core"
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import { adapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
import { callLimits } from "./call-limits.ts"
import { type Outcome, outcomeOf } from "./outcome.ts"
import {
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
export function authenticatingAdapter(own: Config["adapter"], auth: Auth, guard: HostGuard): AxiosAdapter {
  const authenticating: AxiosAdapter = async (config) => {
    const axios = axiosOf(config)
    const { AxiosHeaders } = axios
    // What they hold, where they are of a copy that cannot be found.
    if (!(config.headers instanceof AxiosHeaders)) config.headers = AxiosHeaders.from(Object.assign({}, config.headers))
    const original = own ?? axios.defaults.adapter
    // For whoever sends this config once more, through this instance or another.
    Object.assign(config, { adapter: original })
    const adapter = axios.getAdapter(original, config)
    const chosen = chosenAuth(config.countersign, auth)
    if (chosen === undefined) return adapter(config)
    const url = urlOf(config)
    const isBare = URL.canParse(url) && !guard(new URL(url), resolved(config.baseURL))
    return isBare ? adapter(config) : authenticated(config, url, adapter, chosen, guard)
  }
  return Object.assign(authenticating, { [beneath]: own })
}

async function authenticated(
  config: Config,
  url: string,
  ownAdapter: AxiosAdapter,
  auth: Auth,
  guard: HostGuard,
): Promise<AxiosResponse> {
  const [kind, adapter] = adapterKind(ownAdapter, config)
  const maxRedirects = redirectLimit(config, kind)
  const secretHeaders = secretHeadersOf(config)
  const headers = headersOf(config, kind)
  const limits = callLimits(config)
  let last: { wire: WireRequest; response: AxiosResponse } | undefined
  const send = async (wire: WireRequest): Promise<Outcome> => {
    keepBytes(config, wire)
    const sending = sentHeaders(config, headers, wire, kind)
    if (last !== undefined && wire.redirects > last.wire.redirects && kind !== "fetch") {
      tellRedirect(config, last.wire, last.response, wire, sending)
    }
    const sent = sentConfig(config, wire, sending, limits.timeLeft(), kind)
    const outcome = await outcomeOf(adapter, sent, config, kind)
    if (kind === "fetch" && outcome.status === 0 && maxRedirects > 0) throw hiddenRedirect(wire.url)
    last = { wire, response: outcome.response }
    return outcome
  }
  const tooManyRedirects = ({ response }: Outcome): never => {
    const { AxiosError } = axiosOf(config)
    const code = "ERR_FR_TOO_MANY_REDIRECTS"
    throw new AxiosError("Maximum number of redirects exceeded", code, config, response.request)
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
    return (await authenticatedSend(auth, request, send, options)).settle()
  } finally {
    limits.end()
  }
}
