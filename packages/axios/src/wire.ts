import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import {
  type HostGuard,
  isBlob,
  isFormData,
  isStream,
  LONGEST_TIMER_MS,
  nodeBody,
  sendNatively,
  type WireRequest,
} from "@countersign/auth-core"
import axios, {
  type AxiosBasicCredentials,
  type AxiosHeaders,
  type AxiosRequestTransformer,
  type InternalAxiosRequestConfig,
} from "axios"
import { axiosOf, CLEAR_HTTPS_CURE } from "./axios-releases.ts"

export type Config = InternalAxiosRequestConfig
type HeadersByName = Record<string, string>

/** Knows no defaults: those of the instance are in the config already. */
const plain = new axios.Axios({})

/** On a transformation of this package. */
const own = Symbol("own")

/** The URL of a request, with its base and its params; `undefined` where it is relative and nothing says to what. */
export function urlOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls }: Config): URL | undefined {
  return parsed(plain.getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config))
}

/** A URL, in a browser relative to the page. */
export function parsed(text: string | undefined): URL | undefined {
  const page = globalThis.location?.href
  return text !== undefined && URL.canParse(text, page) ? new URL(text, page) : undefined
}

/**
 * A URL as the caller gave it in parts, by which mocks tell requests. Put together, it is the one that is signed: a space is
 * `%20`, since servers disagree on what a plus means.
 */
export function escapedParts({ url, params, paramsSerializer }: Config): Partial<Config> {
  const escaped = (query: string): string => query.replaceAll("+", "%20")
  const serialize = (): string => {
    const query = plain.getUri({ url: "", params, paramsSerializer } as Config)
    return escaped(new URL(query, "http://any").search.slice(1))
  }
  return {
    ...(url === undefined ? {} : { url: url.replace(/\?[^#]*/, escaped) }),
    ...(params ? { params, paramsSerializer: { serialize } } : {}),
  }
}

/**
 * Has axios send a body as it is meant: of a view into a larger buffer it would send the whole buffer, and of an async
 * generator an empty JSON object. Stands ahead of all transformations of the caller's and of axios.
 *
 * @param first is called before, with the config.
 */
export function sendingExactBody(first?: (config: Config) => unknown): AxiosRequestTransformer {
  const transform: AxiosRequestTransformer = function (data) {
    first?.(this)
    if (isStream(data)) return "pipe" in data || "getReader" in data ? data : nodeBody(data)
    if (!ArrayBuffer.isView(data) || data.byteLength === data.buffer.byteLength) return data
    const bytes = nodeBody(data)
    // A browser has no Buffer, which axios takes as it is.
    return bytes === data ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : bytes
  }
  return Object.assign(transform, { [own]: true })
}

/** Without those of this package. */
export function callersTransforms({ transformRequest = [] }: Config): AxiosRequestTransformer[] {
  const all = Array.isArray(transformRequest) ? transformRequest : [transformRequest]
  return all.filter((transform) => !(own in transform))
}

/** Headers that axios is about to send, by lower-case name. */
export function headersOf({ headers }: Config): HeadersByName {
  const byName: HeadersByName = {}
  for (const [name, value] of Object.entries(headers.toJSON(true))) byName[name.toLowerCase()] = String(value)
  return byName
}

/** User and password that axios would send: of the config, else of the URL. */
export function basicAuth({ auth }: Config, { username, password }: URL): AxiosBasicCredentials | undefined {
  if (auth || (username === "" && password === "")) return auth
  return { username: decoded(username), password: decoded(password) }
}

/** The URL to send to: a user in it would be put in the place of any Authorization. */
export function withoutUser(url: URL): URL {
  if (url.username === "" && url.password === "") return url
  const other = new URL(url)
  other.username = ""
  other.password = ""
  return other
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** An Authorization of user and password, with a colon between them. */
export function basicHeader(userAndPassword: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(userAndPassword)))}`
}

/** A type that says nothing of the body: axios' default, or a form without its boundary. */
const STOPGAP = /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i

/** Has a body of its own Content-Type show that, or none until it is written; axios shows a stopgap until it sends it. */
export function showOwnType({ headers, data }: Config): void {
  const isForm = isFormData(data)
  const type = isBlob(data) ? data.type || "application/octet-stream" : npmFormHeaders(data)?.["content-type"]
  if ((!isForm && type === undefined) || !STOPGAP.test(String(headers.getContentType() ?? ""))) return
  if (type === undefined) headers.delete("content-type")
  else headers.setContentType(type)
}

/** The headers of a form of npm's form-data. */
export function npmFormHeaders(data: unknown): HeadersByName | undefined {
  const isNpmForm = typeof data === "object" && data !== null && "getHeaders" in data
  return isNpmForm && typeof data.getHeaders === "function" ? data.getHeaders() : undefined
}

/** A stream can be read once only: what was read of it is there for whoever sends this config once more. */
export function keepBytes(config: Config, { body, headers }: WireRequest): void {
  if (!isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = nodeBody(body)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** The caller's headers as they are, but for what this attempt adds, and what a redirect took away. */
export function sentHeaders(config: Config, given: HeadersByName, { headers }: WireRequest): AxiosHeaders {
  // Not by its constructor, which would look at every value anew.
  const { AxiosHeaders } = axiosOf(config)
  const sent = Object.assign(new AxiosHeaders(), config.headers)
  for (const [name, value] of Object.entries(sent)) {
    // By false and null the caller keeps axios from its own default.
    if (value !== false && value !== null && !(name.toLowerCase() in headers)) delete sent[name]
  }
  for (const [name, value] of Object.entries(headers)) if (given[name] !== value) sent.set(name, value, true)
  return sent
}

/** One attempt on the wire. */
export interface Attempt {
  readonly config: Config
  /** The URL that the caller gave. */
  readonly given: URL
  readonly wire: WireRequest
  readonly guard: HostGuard
  /** What is left of the caller's timeout. */
  readonly timeoutMs: number
}

/** What axios' http adapter sends through: Node's http and https modules, or the caller's own. */
interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

/** A transport that sends as axios' http adapter does by itself, but lets no secret be seen. */
export function hidingTransport({ config, wire, guard, timeoutMs }: Attempt): Transport {
  const own: Transport | undefined = config.transport
  return {
    request(options, onResponse) {
      const request = (): ClientRequest =>
        own === undefined ? nativeRequest(options, onResponse, wire.url, timeoutMs) : own.request(options, onResponse)
      const native = options as RequestOptions & { headers: Record<string, unknown> }
      return sendNatively(request, { options: native, wire, guard, isOwn: own !== undefined, cure: CLEAR_HTTPS_CURE })
    },
  }
}

/** @param timeoutMs counts from here to the answer, as in axios by default; Node alone counts silence, once connected. */
function nativeRequest(
  options: RequestOptions,
  onResponse: (response: IncomingMessage) => void,
  url: URL,
  timeoutMs: number,
): ClientRequest {
  const { request: send } = process.getBuiltinModule(options.protocol === "https:" ? "node:https" : "node:http")
  // Where users look for the URL that answered.
  const request = send(options, (response) => onResponse(Object.assign(response, { responseUrl: url.href })))
  if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS) {
    const timer = setTimeout(() => request.emit("timeout"), timeoutMs)
    for (const event of ["response", "error", "close"]) request.once(event, () => clearTimeout(timer))
  }
  return request
}
