import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import * as core from "@countersign/auth-core/adapter"
import type { AxiosAdapter } from "axios"
import { axiosError, axiosOf, CLEAR_HTTPS_CURE, limitedBody, prepareForOldFetch } from "./axios-releases.ts"
import { type Outcome, redirectError } from "./outcome.ts"
import { asGiven, basicHeader, byLowerCase, type Config, type HeadersByName, urlParts } from "./wire.ts"

type OnResponse = (response: IncomingMessage) => void

/** A way in which axios sends. */
export interface Kind {
  readonly adapter: AxiosAdapter
  /** The adapter may record an attempt, as mocks do. Other adapters do not need its headers once it is over. */
  readonly keepsAttempts: boolean
  /** Turns headers, by lower-case name, into those that the adapter sends. */
  headers(headers: HeadersByName, config: Config): HeadersByName
  /** How redirects are followed: as by axios. */
  redirects(config: Config): Omit<core.CallOptions<Outcome>, "guard">
  /** Changes an attempt so that the adapter sends it unaltered. */
  prepare(attempt: Config, config: Config, wire: core.WireRequest, guard: core.HostGuard): void
}

/** The kind of an adapter. It is fetch in place of xhr, which always follows redirects with all headers. */
export function kindOf(adapter: AxiosAdapter, config: Config): Kind {
  const name: unknown = Reflect.get(adapter, "adapterName")
  if (name === "http") return { ...http, adapter }
  if (name !== "xhr" && typeof fetch !== "function") return { ...other, adapter }
  const fetchAdapter = axiosOf(config).getAdapter("fetch", config)
  const isFetch = name === "xhr" || adapter === fetchAdapter
  return isFetch ? { ...fetching, adapter: fetchAdapter } : { ...other, adapter }
}

/** An adapter of the caller, perhaps one that wraps axios' own. */
const other: Omit<Kind, "adapter"> = {
  keepsAttempts: true,
  headers: (headers) => headers,
  redirects(config) {
    const { maxRedirects = 21, transport, httpVersion, sensitiveHeaders = [] } = config
    return {
      maxRedirects: transport === undefined && Number(httpVersion) !== 2 ? maxRedirects : 0,
      tooManyRedirects({ response: { request } }) {
        throw redirectError(config, request, "ERR_FR_TOO_MANY_REDIRECTS", "Maximum number of redirects exceeded")
      },
      onRedirect: config.beforeRedirect && ((event) => tellBeforeRedirect(config, event)),
      secretHeaders: [sensitiveHeaders].flat().map((name) => String(name).toLowerCase()),
    }
  },
  prepare(attempt, config, wire, guard) {
    prepareForNode(attempt, wire, guard)
    // Mocks match a redirected request by the part after the base.
    const parts = wire.redirects === 0 ? urlParts(config) : { baseURL: config.baseURL, allowAbsoluteUrls: true }
    Object.assign(attempt, parts)
  },
}

/** axios' http adapter. */
const http: Omit<Kind, "adapter"> = {
  keepsAttempts: false,
  headers(headers, config) {
    refuseAsAxios(config)
    return headers
  },
  redirects: other.redirects,
  prepare: (attempt, _config, wire, guard) => prepareForNode(attempt, wire, guard),
}

/** axios' fetch adapter. */
const fetching: Omit<Kind, "adapter"> = {
  keepsAttempts: false,
  // fetch always sends the URL's own authority, so that is the one to sign.
  headers: ({ host: _, ...headers }) => headers,
  redirects(config) {
    const { maxRedirects = 20, fetchOptions } = config
    const limit = isFollowing(fetchOptions) ? maxRedirects : 0
    const options = { ...other.redirects(config), maxRedirects: limit, onRedirect: undefined }
    if (config.maxRedirects !== undefined) return options
    // Then fetch would give up, and axios would not say why.
    const tooManyRedirects = ({ response: { request } }: Outcome): never => {
      const cause = new Error("redirect count exceeded")
      throw Object.assign(axiosError(config, "Network Error", "ERR_NETWORK", request), { cause })
    }
    return { ...options, tooManyRedirects }
  },
  prepare(attempt, { fetchOptions }, wire, guard) {
    if (wire.authenticated) core.refuseProxiedFetch(wire.url, fetchOptions ?? {}, guard)
    attempt.data = core.webBody(wire.body) ?? undefined
    if (isFollowing(fetchOptions)) attempt.maxRedirects = 0
    prepareForOldFetch(attempt)
  },
}

function isFollowing(fetchOptions: Config["fetchOptions"]): boolean {
  return (fetchOptions?.redirect ?? "follow") === "follow"
}

/** Refuses what the http adapter would not accept, before a token is fetched or a body is read for it. */
function refuseAsAxios(config: Config): void {
  const { data, sensitiveHeaders: names = [] } = config
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw axiosError(config, "sensitiveHeaders must be an array of strings", "ERR_BAD_OPTION_VALUE")
  }
  if (!data || typeof data === "string" || core.isArrayBuffer(data) || ArrayBuffer.isView(data)) return
  if (core.isStream(data) || core.isFormData(data) || core.isBlob(data)) return
  const message = "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
  throw axiosError(config, message, "ERR_BAD_REQUEST")
}

/** Reports a hop to the caller's `beforeRedirect`, as axios does, and lets it change the headers that it sees. */
function tellBeforeRedirect(config: Config, { from, response, to }: core.RedirectEvent<Outcome>): HeadersByName {
  const { urlToHttpOptions } = process.getBuiltinModule("node:url")
  const spelled = (headers: HeadersByName): Record<string, string> => asGiven(headers, config.headers)
  const options = { ...urlToHttpOptions(to.url), method: to.method, headers: spelled(to.headers) }
  const { status, headers, request } = response.response
  const answer = { statusCode: status, headers: { ...headers } as Record<string, string> }
  try {
    config.beforeRedirect?.(options, answer, { ...from, url: from.url.href, headers: spelled(from.headers) })
  } catch (cause) {
    const message = `Redirected request failed: ${(cause as Error).message}`
    throw redirectError(config, request, "ERR_FR_REDIRECTION_FAILURE", message, cause)
  }
  return { ...byLowerCase(options.headers), ...(options.auth ? basicHeader(options.auth) : undefined) }
}

/** Has Node send an attempt once, by a transport that lets no secret be seen. */
function prepareForNode(attempt: Config, wire: core.WireRequest, guard: core.HostGuard): void {
  const { transport: own, timeout = 0 } = attempt
  const request = (given: RequestOptions, onResponse: OnResponse): ClientRequest => {
    const options = given as RequestOptions & { headers: Record<string, unknown> }
    const send = (): ClientRequest =>
      own ? own.request(options, onResponse) : sendByNode(options, onResponse, wire.url, timeout)
    return core.sendNatively(send, { options, wire, guard, isOwn: own !== undefined, cure: CLEAR_HTTPS_CURE })
  }
  const data = core.nodeBody(limitedBody(wire.body, attempt)) ?? undefined
  Object.assign(attempt, { data, maxRedirects: 0, transport: { request } })
}

/** The timeout runs from here to the response, as in axios by default. Node's own counts only silence, once connected. */
function sendByNode(options: RequestOptions, onResponse: OnResponse, { href }: URL, timeoutMs: number): ClientRequest {
  const { request: send } = process.getBuiltinModule(options.protocol === "https:" ? "node:https" : "node:http")
  // Users look here for the URL that answered.
  const request = send(options, (response) => onResponse(Object.assign(response, { responseUrl: href })))
  const limit = core.limitCall({ timeoutMs: timeoutMs || undefined, timedOut: () => request.emit("timeout") })
  for (const event of ["response", "error", "close"]) request.once(event, () => limit?.end())
  return request
}
