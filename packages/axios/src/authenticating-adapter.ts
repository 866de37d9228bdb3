import {
  type Auth,
  authenticatedSend,
  chosenAuth,
  type HostGuard,
  isStream,
  staysAtOrigin,
  type WireRequest,
} from "@countersign/auth-core"
import axios, { type AxiosAdapter, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from "axios"
import { type CallLimits, callLimits } from "./call-limits.ts"
import { adapterBody } from "./exact-body.ts"
import { type Outcome, outcomeOf, tooManyRedirects } from "./outcome.ts"

type Config = InternalAxiosRequestConfig

/** Marks an adapter that authenticates. */
const mark = Symbol("countersign")

/** What follow-redirects, below axios' http adapter, allows; and fetch. */
const HTTP_REDIRECTS = 21
const FETCH_REDIRECTS = 20

export function isAuthenticating(adapter: Config["adapter"]): boolean {
  return typeof adapter === "function" && mark in adapter
}

/** An adapter that authenticates every attempt, and sends it through another. */
export function authenticatingAdapter(original: Config["adapter"], auth: Auth, guard: HostGuard): AxiosAdapter {
  const adapter: AxiosAdapter = async (config) => {
    const send = resolveAdapter(original ?? axios.defaults.adapter, config)
    const chosen = chosenAuth(config.countersign, auth)
    const url = urlOf(config)
    const isForeign = URL.canParse(url) && !guard(new URL(url), config.baseURL)
    if (chosen === undefined || isForeign) return send(config)
    return authenticated(chosen, guard, url, send, config)
  }
  return Object.assign(adapter, { [mark]: true })
}

async function authenticated(
  auth: Auth,
  guard: HostGuard,
  url: string,
  adapter: AxiosAdapter,
  config: Config,
): Promise<AxiosResponse> {
  const isHttp = Reflect.get(adapter, "adapterName") === "http"
  const limits = callLimits(config)
  let last: Outcome | undefined
  const send = async (wire: WireRequest): Promise<Outcome> => {
    keepBytes(wire, config)
    const headers = headersOf(wire, config)
    if (wire.redirects > 0 && last !== undefined && isHttp) tellRedirect(wire, headers, last, config)
    last = await outcomeOf(adapter, sentConfig(wire, headers, config, limits, isHttp), config)
    nameFinalUrl(last.response, wire.url)
    return last
  }
  try {
    const request = {
      method: (config.method ?? "get").toUpperCase(),
      url,
      headers: headerRecord(config),
      body: config.data,
      baseUrl: config.baseURL,
      signal: limits.signal,
    }
    const outcome = await authenticatedSend(auth, request, send, {
      guard,
      maxRedirects: config.maxRedirects ?? (isHttp ? HTTP_REDIRECTS : FETCH_REDIRECTS),
      tooManyRedirects: tooManyRedirects(config),
    })
    return outcome.settle()
  } catch (error) {
    throw limits.explain(error)
  } finally {
    limits.end()
  }
}

/** What the adapter is given: the finished URL, the very bytes, and no redirects of its own. */
function sentConfig(
  wire: WireRequest,
  headers: AxiosHeaders,
  config: Config,
  limits: CallLimits,
  isHttp: boolean,
): Config {
  const { countersign: _, params: __, baseURL: ___, auth, ...rest } = config
  const isSigned = wire.authenticated && wire.headers.authorization !== undefined
  return {
    ...rest,
    ...(auth === undefined || isSigned || wire.redirects > 0 ? {} : { auth }),
    url: wire.url.href,
    method: wire.method,
    headers,
    data: adapterBody(wire.body ?? undefined, isHttp),
    timeout: limits.timeLeft(),
    maxRedirects: 0,
  }
}

/** A stream was read to be signed: a retry of this config could not read it again. */
function keepBytes({ body, headers }: WireRequest, config: Config): void {
  if (!isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = adapterBody(body, true)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** The caller's headers, in the caller's spelling, with what this attempt adds and without what a redirect took away. */
function headersOf(wire: WireRequest, { headers: own }: Config): AxiosHeaders {
  const headers = new AxiosHeaders(own)
  for (const name of Object.keys(headers.toJSON())) {
    if (!(name.toLowerCase() in wire.headers)) headers.delete(name)
  }
  return headers.set({ ...wire.headers })
}

function headerRecord({ headers, data }: Config): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [name, value] of Object.entries(AxiosHeaders.from(headers).toJSON())) {
    record[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : String(value)
  }
  // The type shown for a form or a Blob is a stopgap of axios, which learns their own type only when it sends them.
  if (data instanceof FormData || data instanceof Blob || isNpmFormData(data)) delete record["content-type"]
  if (isNpmFormData(data)) Object.assign(record, data.getHeaders())
  return record
}

/** The npm package form-data, which knows its own boundary. */
function isNpmFormData(data: unknown): data is { getHeaders(): Record<string, string> } {
  return typeof data === "object" && data !== null && "getHeaders" in data && typeof data.getHeaders === "function"
}

/** Tells the caller's `beforeRedirect` of a hop, and lets it change the headers, but for those of the authentication. */
function tellRedirect(wire: WireRequest, headers: AxiosHeaders, { response }: Outcome, config: Config): void {
  if (config.beforeRedirect === undefined) return
  const { url, method } = wire
  const { protocol, hostname, port, pathname, search, href } = url
  const shown = Object.fromEntries(Object.entries(wire.headers).filter(([name]) => !staysAtOrigin(name)))
  const options = {
    protocol,
    hostname,
    port,
    pathname,
    search,
    path: pathname + search,
    href,
    method,
    headers: { ...shown },
  }
  const details = { headers: response.headers as Record<string, string>, statusCode: response.status as never }
  config.beforeRedirect(options, details, { headers: shown, url: href, method })
  for (const name of Object.keys(shown)) {
    if (!(name in options.headers)) headers.delete(name)
  }
  headers.set(options.headers)
}

/** Where users look for the URL that answered in the end. */
function nameFinalUrl({ request }: AxiosResponse, url: URL): void {
  if (typeof request?.res === "object" && request.res !== null) request.res.responseUrl ??= url.href
}

function urlOf(config: Config): string {
  const url = axios.getUri(config)
  const page = globalThis.location?.href
  return page === undefined ? url : new URL(url, page).href
}

/** Its types know no second argument, which the fetch adapter needs. */
const resolveAdapter = axios.getAdapter as (adapters: Config["adapter"], config: Config) => AxiosAdapter
