import {
  isArrayBuffer,
  isBlob,
  isFormData,
  isStream,
  maskSecrets,
  nodeBody,
  type RedirectEvent,
  refuseProxiedFetch,
  webBody,
} from "@countersign/auth-core"
import type { AxiosAdapter, AxiosError } from "axios"
import { axiosOf, limitedBody, prepareForOldFetch } from "./axios-releases.ts"
import { type Outcome, redirectError } from "./outcome.ts"
import { type Attempt, basicHeader, type Config, escapedParts, hidingTransport, npmFormHeaders } from "./wire.ts"

type HeadersByName = Record<string, string>
type BeforeRedirect = NonNullable<Config["beforeRedirect"]>

/** What differs between the ways in which axios sends. */
export interface Kind {
  /** How many redirects are followed: as many as axios would. */
  maxRedirects(config: Config): number
  /** The error of axios where there are more. */
  tooManyRedirects(config: Config, request: unknown): AxiosError
  /** Tells the caller of a redirect, and gives the headers that go on. */
  readonly onRedirect?: (config: Config, event: RedirectEvent<Outcome>) => HeadersByName
  /** The error of the adapter for a request that it does not take. */
  readonly refusal?: (config: Config) => AxiosError | undefined
  /** Makes of headers, by lower-case name, those that the adapter sends. */
  readonly adjustHeaders?: (headers: HeadersByName, config: Config) => void
  /** Makes of a config one that the adapter sends as it stands. */
  prepare(sent: Config, attempt: Attempt): void
}

/**
 * The kind of an adapter, and the adapter to send authenticated requests through: in place of xhr, which follows redirects
 * with all headers and cannot be told otherwise, it is fetch.
 */
export function kindOf(adapter: AxiosAdapter, config: Config): [Kind, AxiosAdapter] {
  const name: unknown = Reflect.get(adapter, "adapterName")
  if (name === "http") return [http, adapter]
  if (name !== "xhr" && typeof fetch !== "function") return [other, adapter]
  const fetchAdapter = axiosOf(config).getAdapter("fetch", config)
  return name === "xhr" || adapter === fetchAdapter ? [fetching, fetchAdapter] : [other, adapter]
}

/** An adapter of the caller's, perhaps one around axios' own. */
const other: Kind = {
  maxRedirects({ maxRedirects = 21, transport, httpVersion }) {
    return transport === undefined && Number(httpVersion) !== 2 ? maxRedirects : 0
  },
  tooManyRedirects(config, request) {
    return redirectError(config, request, "ERR_FR_TOO_MANY_REDIRECTS", "Maximum number of redirects exceeded")
  },
  onRedirect: tellBeforeRedirect,
  prepare(sent, attempt) {
    const { config, given, wire } = attempt
    sent.data = nodeBody(wire.body) ?? undefined
    sent.maxRedirects = 0
    sent.transport = hidingTransport(attempt)
    // A user in the URL would be put in the place of any Authorization.
    if (wire.redirects === 0 && given.username === "" && given.password === "") {
      Object.assign(sent, escapedParts(config), { baseURL: config.baseURL })
    } else {
      // Mocks tell a redirected request by what is behind the base.
      Object.assign(sent, { baseURL: config.baseURL, allowAbsoluteUrls: true })
    }
  },
}

/** axios' http adapter. */
const http: Kind = {
  ...other,
  refusal(config) {
    const { data, sensitiveHeaders: names = [] } = config
    const { AxiosError } = axiosOf(config)
    if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
      return new AxiosError("sensitiveHeaders must be an array of strings", AxiosError.ERR_BAD_OPTION_VALUE, config)
    }
    const isBytes = typeof data === "string" || isArrayBuffer(data) || ArrayBuffer.isView(data)
    if (!data || isBytes || isStream(data) || isFormData(data) || isBlob(data) || npmFormHeaders(data)) return undefined
    const message = "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
    return new AxiosError(message, AxiosError.ERR_BAD_REQUEST, config)
  },
  adjustHeaders(headers, { data, formDataHeaderPolicy }) {
    if (formDataHeaderPolicy === "content-only") return
    const { "content-type": _, ...others } = npmFormHeaders(data) ?? {}
    Object.assign(headers, others)
  },
  prepare(sent, attempt) {
    const { config, wire } = attempt
    sent.data = nodeBody(limitedBody(wire.body, config)) ?? undefined
    sent.maxRedirects = 0
    sent.transport = hidingTransport(attempt)
    // Over HTTP/2 axios uses no transport.
    if (Number(config.httpVersion) !== 2) maskSecrets(sent.headers, wire.added)
  },
}

/** axios' fetch adapter. */
const fetching: Kind = {
  maxRedirects: ({ maxRedirects = 20, fetchOptions }) => (isFollowing(fetchOptions) ? maxRedirects : 0),
  tooManyRedirects(config, request) {
    if (config.maxRedirects !== undefined) return other.tooManyRedirects(config, request)
    const { AxiosError } = axiosOf(config)
    const error = new AxiosError("Network Error", AxiosError.ERR_NETWORK, config, request)
    return Object.assign(error, { cause: new Error("redirect count exceeded") })
  },
  adjustHeaders(headers) {
    // fetch sends the URL's own authority whatever the caller says, so that is what must be signed.
    delete headers.host
  },
  prepare(sent, { config, wire, guard }) {
    if (wire.authenticated) refuseProxiedFetch(wire.url, config.fetchOptions ?? {}, guard)
    sent.data = webBody(wire.body) ?? undefined
    if (isFollowing(config.fetchOptions)) sent.maxRedirects = 0
    prepareForOldFetch(sent)
  },
}

function isFollowing(fetchOptions: Config["fetchOptions"]): boolean {
  return (fetchOptions?.redirect ?? "follow") === "follow"
}

/** Tells the caller's `beforeRedirect` of a hop, as axios does, and lets it change the headers that it sees. */
function tellBeforeRedirect(config: Config, { from, response, to }: RedirectEvent<Outcome>): HeadersByName {
  // The caller's spelling.
  const spelled = new Map(Object.keys(config.headers).map((name) => [name.toLowerCase(), name]))
  const inSpelling = (headers: Readonly<HeadersByName>): HeadersByName =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [spelled.get(name) ?? name, value]))
  const { protocol, hostname, port, pathname, search, href } = to.url
  const parts = { protocol, hostname, port, pathname, search, path: pathname + search, href }
  const options = { ...parts, method: to.method, headers: inSpelling(to.headers), auth: undefined as unknown }
  const { status, headers, request } = response.response
  const answer = { headers: { ...headers }, statusCode: status } as Parameters<BeforeRedirect>[1]
  try {
    const { method, url } = from
    config.beforeRedirect?.(options, answer, { url: url.href, method, headers: inSpelling(from.headers) })
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : ""
    throw redirectError(config, request, "ERR_FR_REDIRECTION_FAILURE", `Redirected request failed${reason}`, cause)
  }
  const changed = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value])
  if (typeof options.auth === "string") changed.push(["authorization", basicHeader(options.auth)])
  return Object.fromEntries(changed)
}
