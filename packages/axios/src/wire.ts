import {
  type AuthenticatedRequest,
  isBlob,
  isFormData,
  isStream,
  nodeBody,
  type WireRequest,
} from "@countersign/auth-core/adapter"
import axios, {
  type AxiosBasicCredentials,
  type AxiosHeaders,
  type AxiosRequestTransformer,
  type InternalAxiosRequestConfig,
} from "axios"
import { axiosOf } from "./axios-releases.ts"

export type Config = InternalAxiosRequestConfig
export type HeadersByName = Record<string, string>

/** Has no defaults: the config already contains those of the instance. */
const plain = new axios.Axios({})

/** The URL of a request, with its base and its params; `undefined` if it is relative and has no base. */
export function urlOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls }: Config): URL | undefined {
  return parsed(plain.getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config))
}

/** Parses a URL. In a browser it may be relative to the page. */
export function parsed(text = ""): URL | undefined {
  const page = globalThis.location?.href
  return text !== "" && URL.canParse(text, page) ? new URL(text, page) : undefined
}

/** Headers that axios is about to send, by lower-case name. */
export function headersOf({ headers }: Config): HeadersByName {
  const byName: HeadersByName = {}
  for (const [name, value] of Object.entries(headers.toJSON(true))) byName[name.toLowerCase()] = String(value)
  return byName
}

/** A request as the engine takes it, and each attempt of it as axios takes it. */
interface Translation {
  readonly request: AuthenticatedRequest & { readonly headers: HeadersByName }
  sent(wire: WireRequest, timeoutMs: number): Config
}

/**
 * Translates between axios and the engine.
 *
 * @param adjustHeaders turns headers into those that the adapter sends.
 */
export function translate(config: Config, url: URL, adjustHeaders?: (headers: HeadersByName) => void): Translation {
  showOwnType(config)
  const given = headersOf(config)
  const basic = basicAuth(config, url)
  const authorization = basic ? basicHeader(basic.username, basic.password) : given.authorization
  const headers = authorization === undefined ? { ...given } : { ...given, authorization }
  adjustHeaders?.(headers)
  const { method = "get", data: body, baseURL } = config
  return {
    request: { method: method.toUpperCase(), url: withoutUser(url), headers, body, baseUrl: parsed(baseURL) },
    sent(wire, timeout) {
      keepBytes(config, wire)
      return {
        ...config,
        url: wire.url.href,
        baseURL: "",
        params: undefined,
        method: wire.method.toLowerCase(),
        headers: sentHeaders(config, given, wire),
        // Not in place of a signature, and not for another origin.
        auth: wire.headers.authorization === authorization ? basic : undefined,
        timeout,
      } as Config
    },
  }
}

/** A type that does not describe the body: axios' default, or that of a form without its boundary. */
const STOPGAP = /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i

/** Shows the type that a body brings along, or none for a form not yet encoded. axios shows a stopgap until it sends. */
function showOwnType({ headers, data }: Config): void {
  if (typeof data !== "object" || data === null) return
  const type = isBlob(data) ? data.type || "application/octet-stream" : npmFormHeaders(data)?.["content-type"]
  if ((type === undefined && !isFormData(data)) || !STOPGAP.test(String(headers.getContentType() ?? ""))) return
  if (type === undefined) headers.delete("content-type")
  else headers.setContentType(type)
}

/** The headers of a form of npm's form-data. */
export function npmFormHeaders(data: unknown): HeadersByName | undefined {
  const { getHeaders } = Object(data)
  return typeof getHeaders === "function" ? getHeaders.call(data) : undefined
}

/** The user and password that axios would send: those of the config, else of the URL. */
function basicAuth({ auth }: Config, { username, password }: URL): AxiosBasicCredentials | undefined {
  if (auth || (username === "" && password === "")) return auth
  return { username: decoded(username), password: decoded(password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The Authorization header for a user and password. */
export function basicHeader(username = "", password = ""): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))}`
}

/** axios would replace any Authorization by the user of the URL. */
function withoutUser(url: URL): URL {
  return url.username === "" && url.password === "" ? url : new URL(url.href.replace(/\/\/[^/]*@/, "//"))
}

/** A stream can be read only once. The bytes that were read stay in the config, in case it is sent again. */
function keepBytes(config: Config, { body, headers }: WireRequest): void {
  if (!isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = nodeBody(body)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** The caller's headers, with those that this attempt adds and without those that a redirect removed. */
function sentHeaders(config: Config, given: HeadersByName, { headers }: WireRequest): AxiosHeaders {
  // Not made by its constructor, which would check every value again.
  const { AxiosHeaders } = axiosOf(config)
  const sent = Object.assign(new AxiosHeaders(), config.headers)
  for (const [name, value] of Object.entries(sent)) {
    // `false` and `null` suppress axios' own default header.
    if (value !== false && value !== null && !(name.toLowerCase() in headers)) delete sent[name]
  }
  for (const [name, value] of Object.entries(headers)) if (given[name] !== value) sent.set(name, value, true)
  return sent
}

/**
 * The URL in the caller's own parts, by which mocks match requests. Together they are the signed URL: a space is `%20`,
 * because servers disagree on a plus.
 */
export function urlParts({ url, baseURL, params, paramsSerializer }: Config): Partial<Config> {
  const escaped = (query: string): string => query.replaceAll("+", "%20")
  const bare = (text: string): string => text.replace(/^([a-z]+:)?\/\/[^/?#]*@/i, "$1//")
  const serialize = (): string => {
    const query = plain.getUri({ url: "", params, paramsSerializer } as Config)
    return escaped(new URL(query, "http://any").search.slice(1))
  }
  return {
    ...(url === undefined ? undefined : { url: bare(url).replace(/\?[^#]*/, escaped) }),
    ...(baseURL === undefined ? undefined : { baseURL: bare(baseURL) }),
    ...(params ? { params, paramsSerializer: { serialize } } : undefined),
  }
}

/** Set on a transformation of this package. */
const own = Symbol("own")

/**
 * Makes axios send the exact body. Otherwise it sends the whole buffer for a view of a part, and an empty JSON object for
 * an async generator. Comes before all transformations of the caller and of axios.
 *
 * @param first is called before, with the config.
 */
export function sendingExactBody(first?: (config: Config) => unknown): AxiosRequestTransformer {
  const transform: AxiosRequestTransformer = function (data) {
    first?.(this)
    if (isStream(data)) return "pipe" in data || "getReader" in data ? data : nodeBody(data)
    if (!ArrayBuffer.isView(data) || data.byteLength === data.buffer.byteLength) return data
    const bytes = nodeBody(data)
    // A browser has no Buffer, which axios would send as it is.
    return bytes === data ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : bytes
  }
  return Object.assign(transform, { [own]: true })
}

/** The transformations without those of this package. */
export function callersTransforms({ transformRequest = [] }: Config): AxiosRequestTransformer[] {
  return [transformRequest].flat().filter((transform) => !(own in transform))
}
