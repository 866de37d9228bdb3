import * as core from "@countersign/auth-core/adapter"
import axios, { type AxiosHeaders, type AxiosRequestTransformer, type InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-releases.ts"

export type Config = InternalAxiosRequestConfig
export type HeadersByName = Readonly<Record<string, string>>

/** Has no defaults: the config already contains those of the instance. */
const plain = new axios.Axios({})

/** The URL of a request, with its base and its params; `undefined` if it is relative and has no base. */
export function urlOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls }: Config): URL | undefined {
  // Saves 2 us: axios would merge a config for it.
  if (!params && !baseURL) return core.urlIfValid(url)
  return core.urlIfValid(plain.getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config))
}

/** The headers that axios would send, by lower-case name, as its `toJSON(true)` gives them. */
export function byLowerCase(headers: object): HeadersByName {
  const found: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const text = textOf(Reflect.get(headers, name))
    if (text !== undefined) found[name.toLowerCase()] = text
  }
  return found
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === false) return undefined
  return Array.isArray(value) ? value.join(", ") : String(value)
}

/** Headers under the caller's names, and with the caller's values unless their text has changed. */
export function asGiven(headers: HeadersByName, given: Config["headers"], sent = {} as Record<string, string>) {
  const names = new Map<string, string>()
  for (const name of Object.keys(given)) names.set(name.toLowerCase(), name)
  for (const lowerCase of Object.keys(headers)) {
    const name = names.get(lowerCase) ?? lowerCase
    sent[name] = textOf(given[name]) === headers[lowerCase] ? given[name] : headers[lowerCase]
  }
  return sent
}

/** A request as the engine takes it. */
export function toRequest(config: Config, url: URL): core.AuthenticatedRequest {
  const { method = "get", data: body, baseURL } = config
  const headers = withBodyHeaders(Object.assign(byLowerCase(config.headers), basicAuth(config, url)), config)
  // axios would replace any Authorization by the user of the URL.
  if (url.username || url.password) Object.assign(url, { username: "", password: "" })
  return { method: method.toUpperCase(), url, headers, body, baseUrl: core.urlIfValid(baseURL) }
}

/** An attempt as axios takes it. */
export function toConfig(config: Config, wire: core.WireRequest, timeout: number): Config {
  keepBytes(config, wire)
  return {
    ...config,
    url: wire.url.href,
    baseURL: "",
    params: undefined,
    method: wire.method.toLowerCase(),
    headers: sentHeaders(config, wire),
    // The headers hold the user and password, unless there is a signature or another origin.
    auth: undefined as never,
    timeout,
  }
}

/** A type that does not describe the body: axios' default, or that of a form without its boundary. */
const STOPGAP = /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i

/** Adds the headers that a body brings along. A form not yet encoded has no type; axios shows a stopgap until it sends. */
function withBodyHeaders(headers: HeadersByName, { data: body, formDataHeaderPolicy }: Config): HeadersByName {
  if (typeof body !== "object" || body === null) return headers
  const own = core.isBlob(body)
    ? { "content-type": body.type || "application/octet-stream" }
    : core.ownBodyHeaders(body)
  if (own === undefined && !core.isFormData(body)) return headers
  const { "content-type": shown = "", ...others } = headers
  const { "content-type": brought, ...more } = own ?? {}
  const type = STOPGAP.test(shown) ? brought : shown
  if (formDataHeaderPolicy !== "content-only") Object.assign(others, more)
  return type === undefined ? others : { ...others, "content-type": type }
}

/** The Authorization header for the user and password that axios would send: those of the config, else of the URL. */
function basicAuth({ auth }: Config, { username, password }: URL): HeadersByName | undefined {
  if (auth) return basicHeader(`${auth.username ?? ""}:${auth.password ?? ""}`)
  return username || password ? basicHeader(`${decoded(username)}:${decoded(password)}`) : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The Authorization header for `user:password`. */
export function basicHeader(user: string): HeadersByName {
  return { authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(user)))}` }
}

/** A stream can be read only once. The bytes that were read stay in the config, in case it is sent again. */
function keepBytes(config: Config, { body, headers }: core.WireRequest): void {
  if (!core.isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = core.nodeBody(body)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** The caller's headers, with those that this attempt adds and without those that a redirect removed. */
function sentHeaders(config: Config, { headers }: core.WireRequest): AxiosHeaders {
  const { headers: given } = config
  // Not filled by its own methods, which would check every value again.
  const sent = new (axiosOf(config).AxiosHeaders)()
  // `false` and `null` suppress axios' own default headers.
  for (const name of Object.keys(given)) if (given[name] === false || given[name] === null) sent[name] = given[name]
  asGiven(headers, given, sent)
  return sent
}

/**
 * The URL in the caller's own parts, by which mocks match requests. Together they are the signed URL: a space is `%20`,
 * because servers disagree on a plus.
 */
export function urlParts({ url, baseURL, params, paramsSerializer }: Config): object {
  const escaped = (query: string): string => query.replaceAll("+", "%20")
  const bare = (text: string): string => text.replace(/^([a-z]+:)?\/\/[^/?#]*@/i, "$1//")
  const serialize = (): string => {
    const query = plain.getUri({ url: "", params, paramsSerializer } as Config)
    return escaped(new URL(query, "http://any").search.slice(1))
  }
  const own = { url: url && bare(url).replace(/\?[^#]*/, escaped), baseURL: baseURL && bare(baseURL) }
  return params ? { ...own, params, paramsSerializer: { serialize } } : own
}

/** Set on a transformation of this package. */
const own = Symbol("own")

/**
 * The first transformation: makes axios send the exact body. Otherwise it sends the whole buffer for a view of a part, and
 * an empty JSON object for an async generator. `first` is called before, with the config.
 */
export function sendingExactBody(first?: (config: Config) => unknown): AxiosRequestTransformer {
  const transform: AxiosRequestTransformer = function (data) {
    first?.(this)
    return core.isStream(data) && "getReader" in data ? data : core.nodeBody(data)
  }
  return Object.assign(transform, { [own]: true })
}

/** The transformations without those of this package. */
export function callersTransforms({ transformRequest = [] }: Config): AxiosRequestTransformer[] {
  const all = Array.isArray(transformRequest) ? transformRequest : [transformRequest]
  return all.filter((transform) => !(own in transform))
}
