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

/** Knows no defaults: those of the instance are in the config already. */
const plain = new axios.Axios({})

/** The URL of a request, with its base and its params; `undefined` where it is relative and nothing says to what. */
export function urlOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls }: Config): URL | undefined {
  return parsed(plain.getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config))
}

/** A URL, in a browser relative to the page. */
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
 * @param adjustHeaders makes of headers those that the adapter sends.
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
        // Neither in the place of a signature, nor for another origin.
        auth: wire.headers.authorization === authorization ? basic : undefined,
        timeout,
      } as Config
    },
  }
}

/** A type that says nothing of the body: axios' default, or a form without its boundary. */
const STOPGAP = /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i

/** Has a body of its own Content-Type show that, or none until it is written; axios shows a stopgap until it sends it. */
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

/** User and password that axios would send: of the config, else of the URL. */
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

/** An Authorization by user and password. */
export function basicHeader(username = "", password = ""): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))}`
}

/** axios would put a user in the URL in the place of any Authorization. */
function withoutUser(url: URL): URL {
  return url.username === "" && url.password === "" ? url : new URL(url.href.replace(/\/\/[^/]*@/, "//"))
}

/** A stream can be read once only: what was read of it is there for whoever sends this config once more. */
function keepBytes(config: Config, { body, headers }: WireRequest): void {
  if (!isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = nodeBody(body)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** The caller's headers as they are, but for what this attempt adds, and what a redirect took away. */
function sentHeaders(config: Config, given: HeadersByName, { headers }: WireRequest): AxiosHeaders {
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

/**
 * The URL in the caller's own parts, by which mocks tell requests. Put together, it is the one that is signed: a space is
 * `%20`, since servers disagree on what a plus means.
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

/** On a transformation of this package. */
const own = Symbol("own")

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
  return [transformRequest].flat().filter((transform) => !(own in transform))
}
