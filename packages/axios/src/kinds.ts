import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import {
  type HostGuard,
  isArrayBuffer,
  isBlob,
  isFormData,
  isStream,
  LONGEST_TIMER_MS,
  maskSecrets,
  nodeBody,
  type RedirectEvent,
  refuseProxiedFetch,
  sendNatively,
  type WireRequest,
  webBody,
} from "@countersign/auth-core/adapter"
import type { AxiosAdapter, AxiosError } from "axios"
import { axiosOf, CLEAR_HTTPS_CURE, limitedBody, prepareForOldFetch } from "./axios-releases.ts"
import { type Outcome, redirectError } from "./outcome.ts"
import { basicHeader, type Config, type HeadersByName, npmFormHeaders, urlParts } from "./wire.ts"

/** Everything that differs between the ways in which axios sends. */
export interface Kind {
  /** How many redirects are followed: as many as axios would. */
  maxRedirects(config: Config): number
  tooManyRedirects(config: Config, request: unknown): AxiosError
  /** Reports a redirect to the caller, and returns the headers to send on. */
  readonly onRedirect?: (config: Config, event: RedirectEvent<Outcome>) => HeadersByName
  /** The error of the adapter for a request that it does not accept. */
  readonly refusal?: (config: Config) => AxiosError | undefined
  /** Turns headers, by lower-case name, into those that the adapter sends. */
  readonly adjustHeaders?: (headers: HeadersByName, config: Config) => void
  /** The adapter may record an attempt, as mocks do. Other adapters do not need its headers once it is over. */
  readonly keepsAttempts: boolean
  /** Changes an attempt so that the adapter sends it unaltered. */
  prepare(attempt: Config, config: Config, wire: WireRequest, guard: HostGuard): void
}

/**
 * The kind of an adapter, and the adapter through which authenticated requests are sent. It is fetch in place of xhr, which
 * always follows redirects with all headers.
 */
export function kindOf(adapter: AxiosAdapter, config: Config): [Kind, AxiosAdapter] {
  const name: unknown = Reflect.get(adapter, "adapterName")
  if (name === "http") return [http, adapter]
  if (name !== "xhr" && typeof fetch !== "function") return [other, adapter]
  const fetchAdapter = axiosOf(config).getAdapter("fetch", config)
  return name === "xhr" || adapter === fetchAdapter ? [fetching, fetchAdapter] : [other, adapter]
}

/** An adapter of the caller, perhaps one that wraps axios' own. */
const other: Kind = {
  maxRedirects({ maxRedirects = 21, transport, httpVersion }) {
    return transport === undefined && Number(httpVersion) !== 2 ? maxRedirects : 0
  },
  tooManyRedirects: (config, request) => redirectError(config, request, "ERR_FR_TOO_MANY_REDIRECTS"),
  onRedirect: tellBeforeRedirect,
  keepsAttempts: true,
  prepare(attempt, config, wire, guard) {
    attempt.data = nodeBody(wire.body) ?? undefined
    attempt.maxRedirects = 0
    attempt.transport = secretTransport(attempt, wire, guard)
    // Mocks match a redirected request by the part after the base.
    const parts = wire.redirects === 0 ? urlParts(config) : { baseURL: config.baseURL, allowAbsoluteUrls: true }
    Object.assign(attempt, parts)
  },
}

/** axios' http adapter. */
const http: Kind = {
  ...other,
  keepsAttempts: false,
  refusal(config) {
    const { data, sensitiveHeaders: names = [] } = config
    const { AxiosError } = axiosOf(config)
    if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
      return new AxiosError("sensitiveHeaders must be an array of strings", AxiosError.ERR_BAD_OPTION_VALUE, config)
    }
    if (!data || typeof data === "string") return undefined
    const isBytes = isArrayBuffer(data) || ArrayBuffer.isView(data)
    if (isBytes || isStream(data) || isFormData(data) || isBlob(data) || npmFormHeaders(data)) return undefined
    const message = "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
    return new AxiosError(message, AxiosError.ERR_BAD_REQUEST, config)
  },
  adjustHeaders(headers, { data, formDataHeaderPolicy }) {
    if (formDataHeaderPolicy === "content-only") return
    const { "content-type": _, ...others } = npmFormHeaders(data) ?? {}
    Object.assign(headers, others)
  },
  prepare(attempt, config, wire, guard) {
    attempt.data = nodeBody(limitedBody(wire.body, config)) ?? undefined
    attempt.maxRedirects = 0
    attempt.transport = secretTransport(attempt, wire, guard)
    // Over HTTP/2 axios uses no transport.
    if (Number(config.httpVersion) !== 2) maskSecrets(attempt.headers, wire.added)
  },
}

/** axios' fetch adapter. */
const fetching: Kind = {
  keepsAttempts: false,
  maxRedirects: ({ maxRedirects = 20, fetchOptions }) => (isFollowing(fetchOptions) ? maxRedirects : 0),
  tooManyRedirects(config, request) {
    if (config.maxRedirects !== undefined) return other.tooManyRedirects(config, request)
    const { AxiosError } = axiosOf(config)
    const error = new AxiosError("Network Error", AxiosError.ERR_NETWORK, config, request)
    return Object.assign(error, { cause: new Error("redirect count exceeded") })
  },
  adjustHeaders(headers) {
    // fetch always sends the URL's own authority, so that is the one to sign.
    delete headers.host
  },
  prepare(attempt, { fetchOptions }, wire, guard) {
    if (wire.authenticated) refuseProxiedFetch(wire.url, fetchOptions ?? {}, guard)
    attempt.data = webBody(wire.body) ?? undefined
    if (isFollowing(fetchOptions)) attempt.maxRedirects = 0
    prepareForOldFetch(attempt)
  },
}

function isFollowing(fetchOptions: Config["fetchOptions"]): boolean {
  return (fetchOptions?.redirect ?? "follow") === "follow"
}

/** Reports a hop to the caller's `beforeRedirect`, as axios does, and lets it change the headers that it sees. */
function tellBeforeRedirect(config: Config, { from, response, to }: RedirectEvent<Outcome>): HeadersByName {
  // The names as the caller spelled them.
  const spelled = new Map(Object.keys(config.headers).map((name) => [name.toLowerCase(), name]))
  const inSpelling = (headers: Readonly<HeadersByName>): HeadersByName =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [spelled.get(name) ?? name, value]))
  const { protocol, hostname, port, pathname, search, href } = to.url
  const parts = { protocol, hostname, port, pathname, search, path: pathname + search, href }
  const options = { ...parts, method: to.method, headers: inSpelling(to.headers), auth: undefined as unknown }
  const { status, headers, request } = response.response
  const answer = { statusCode: status, headers: { ...headers } as HeadersByName }
  const origin = { url: from.url.href, method: from.method, headers: inSpelling(from.headers) }
  try {
    config.beforeRedirect?.(options, answer, origin)
  } catch (cause) {
    throw redirectError(config, request, "ERR_FR_REDIRECTION_FAILURE", cause)
  }
  const changed = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value])
  const [username, ...password] = String(options.auth ?? "").split(":")
  if (username) changed.push(["authorization", basicHeader(username, password.join(":"))])
  return Object.fromEntries(changed)
}

/** Sends for axios' http adapter: Node's http and https modules, or the caller's own. */
interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

/** A transport that sends as axios' http adapter does, but lets no secret be seen. */
function secretTransport({ transport: own, timeout = 0 }: Config, wire: WireRequest, guard: HostGuard): Transport {
  return {
    request(options, onResponse) {
      const request = (): ClientRequest => (own ?? nativeTransport(wire, timeout)).request(options, onResponse)
      const native = options as RequestOptions & { headers: Record<string, unknown> }
      return sendNatively(request, { options: native, wire, guard, isOwn: own !== undefined, cure: CLEAR_HTTPS_CURE })
    },
  }
}

/**
 * @param timeoutMs runs from here to the response, as in axios by default. Node's own counts only silence, once connected.
 */
function nativeTransport({ url }: WireRequest, timeoutMs: number): Transport {
  return {
    request(options, onResponse) {
      const { request: send } = process.getBuiltinModule(options.protocol === "https:" ? "node:https" : "node:http")
      // Users look here for the URL that answered.
      const request = send(options, (response) => onResponse(Object.assign(response, { responseUrl: url.href })))
      if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS) {
        const timer = setTimeout(() => request.emit("timeout"), timeoutMs)
        for (const event of ["response", "error", "close"]) request.once(event, () => clearTimeout(timer))
      }
      return request
    },
  }
}
