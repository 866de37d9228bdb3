import { isStream, maskSecrets, type WireRequest } from "@countersign/auth-core"
import axios, { type AxiosBasicCredentials, type AxiosHeaders, type InternalAxiosRequestConfig } from "axios"
import type { AdapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
import { maskingTransport } from "./masking-transport.ts"
import { adapterBody, formHeaders, hasOwnContentType, limitedBody, ownContentType } from "./request-body.ts"

type Config = InternalAxiosRequestConfig

/** Knows no defaults: those of the instance are in the config already. */
const plain = new axios.Axios({})

/** What follow-redirects, which axios' http adapter uses by itself, follows; and fetch. */
const MAX_REDIRECTS = { http: 21, fetch: 20, other: 21 }

/** The URL of a request, with its base and its params; `undefined` where it is relative and nothing says to what. */
export function urlOf(config: Config): URL | undefined {
  const { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } = config
  const parts = { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config
  const text = plain.getUri(parts)
  const page = globalThis.location?.href
  return URL.canParse(text, page) ? new URL(text, page) : undefined
}

/** Made absolute, where there is a page. */
export function resolved(url: string | undefined): string | undefined {
  const page = globalThis.location?.href
  return url !== undefined && page !== undefined && URL.canParse(url, page) ? new URL(url, page).href : url
}

/** How many redirects are followed: as many as axios would. */
export function redirectLimit(config: Config, kind: AdapterKind): number {
  const { maxRedirects = MAX_REDIRECTS[kind], transport, httpVersion } = config
  const follows = kind === "fetch" ? followsByFetch(config) : transport === undefined && httpVersion !== 2
  return follows ? maxRedirects : 0
}

/**
 * What the caller wants to stay at the first origin, by lower-case name.
 *
 * @throws {AxiosError} as axios' http adapter does, which checks it where it follows redirects itself.
 */
export function secretHeadersOf(config: Config, kind: AdapterKind): string[] {
  const names: unknown = config.sensitiveHeaders ?? []
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) {
    return names.map((name) => name.toLowerCase())
  }
  if (kind === "fetch") return []
  const { AxiosError } = axiosOf(config)
  const code = AxiosError.ERR_BAD_OPTION_VALUE
  throw new AxiosError("sensitiveHeaders must be an array of strings", code, config)
}

/** User and password that axios sends: of the config, else of the URL. */
export function basicCredentials({ auth }: Config, { username, password }: URL): AxiosBasicCredentials | undefined {
  if (auth) return auth
  if (username === "" && password === "") return undefined
  return { username: decoded(username), password: decoded(password) }
}

/** What axios is about to send, by lower-case name. */
export function headersOf(
  config: Config,
  kind: AdapterKind,
  basic: AxiosBasicCredentials | undefined,
): Record<string, string> {
  const { headers, data } = config
  const byName: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers.toJSON(true))) {
    byName[name.toLowerCase()] = String(value)
  }
  if (kind === "http") Object.assign(byName, formHeaders(config))
  // axios puts them in its place.
  if (basic !== undefined) delete byName.authorization
  // fetch sends the URL's own authority whatever the caller says, so that is what must be signed.
  if (kind === "fetch") delete byName.host
  if (hasOwnContentType(data) && isStopgap(byName["content-type"])) {
    delete byName["content-type"]
    const contentType = ownContentType(data)
    if (contentType !== undefined) byName["content-type"] = contentType
  }
  return byName
}

/** A stream can be read once only: what was read of it is there for whoever sends this config once more. */
export function keepBytes(config: Config, { body, headers }: WireRequest): void {
  if (!isStream(config.data) || !(body instanceof Uint8Array)) return
  config.data = adapterBody(body, false)
  const contentType = headers["content-type"]
  if (contentType !== undefined) config.headers.set("content-type", contentType)
}

/** Shows on the caller's config what the adapter added by itself, as axios does. */
export function showAddedHeaders(config: Config, sent: Config, wire: WireRequest): void {
  for (const [name, value] of Object.entries(sent.headers)) {
    if (config.headers[name] === undefined && !(name.toLowerCase() in wire.headers)) config.headers[name] = value
  }
}

/**
 * The caller's headers as they are, but for what this attempt adds, and what a redirect took away.
 *
 * @param given the caller's headers by name, as the attempt was made from them
 */
export function sentHeaders(
  config: Config,
  given: Readonly<Record<string, string>>,
  wire: WireRequest,
  kind: AdapterKind,
): AxiosHeaders {
  // Not by its constructor, which would look at every value anew.
  const { AxiosHeaders } = axiosOf(config)
  const sent = Object.assign(new AxiosHeaders(), config.headers)
  const there = new Set<string>()
  for (const [name, value] of Object.entries(sent)) {
    const lowerCase = name.toLowerCase()
    // By these the caller keeps axios from its own default.
    if (value !== false && value !== null && !(lowerCase in wire.headers)) sent.delete(name)
    else there.add(lowerCase)
  }
  for (const [name, value] of Object.entries(wire.headers)) {
    if (!there.has(name)) sent[name] = value
    // The type may stand in the place of a stopgap.
    else if (given[name] !== value || name === "content-type") sent.set(name, value, true)
  }
  // Left to itself, axios' oldest fetch adapter names a form's type, but not its boundary, which fetch knows.
  if (kind === "fetch" && !("content-type" in wire.headers) && hasOwnContentType(wire.body)) sent.setContentType(false)
  return sent
}

/** What the adapter is given: the finished URL, the very bytes, and no redirects of its own. */
export function sentConfig(
  config: Config,
  wire: WireRequest,
  headers: AxiosHeaders,
  basic: AxiosBasicCredentials | undefined,
  timeout: number,
  kind: AdapterKind,
): Config {
  const { username, password } = wire.url
  const keepsParts = kind === "other" && wire.redirects === 0 && username === "" && password === ""
  const sent: Config = {
    ...config,
    ...(keepsParts ? urlParts(config) : wholeUrl(wire.url, kind)),
    method: wire.method.toLowerCase(),
    headers,
    data: adapterBody((kind === "http" ? limitedBody(wire.body, config) : wire.body) ?? undefined, kind === "fetch"),
    timeout,
    auth: wire.headers.authorization === undefined ? basic : undefined,
  } as Config
  // The caller's own adapter may be one around axios' http adapter.
  if (kind !== "fetch") sent.transport = maskingTransport(config.transport, wire.url, wire.added, timeout)
  // Over HTTP/2 axios uses no transport.
  if (kind === "http" && Number(config.httpVersion) !== 2) maskSecrets(headers, wire.added)
  if (kind !== "fetch" || followsByFetch(config)) sent.maxRedirects = 0
  // The oldest fetch adapters know no maxRedirects.
  if (kind === "fetch" && followsByFetch(config)) sent.fetchOptions = { ...config.fetchOptions, redirect: "manual" }
  return sent
}

/** The URL as the caller gave it, by which mocks tell requests. Put together, it is the one that is signed. */
function urlParts({ url, params, paramsSerializer }: Config): Partial<Config> {
  const serialize = (): string => {
    const query = plain.getUri({ url: "", params, paramsSerializer } as Config)
    return spacesEscaped(new URL(query, "http://any").search.slice(1))
  }
  return {
    ...(url === undefined ? {} : { url: url.replace(/\?[^#]*/, spacesEscaped) }),
    ...(params ? { paramsSerializer: { serialize } } : {}),
  }
}

/** In a query. Servers disagree on what a plus means. */
function spacesEscaped(query: string): string {
  return query.replaceAll("+", "%20")
}

function wholeUrl(url: URL, kind: AdapterKind): Partial<Config> {
  // A user and a password in it would be put in the place of any Authorization.
  const whole = { url: withoutUser(url).href, params: undefined }
  // Mocks tell a redirected request by what is behind the base.
  return kind === "other" ? { ...whole, allowAbsoluteUrls: true } : { ...whole, baseURL: "" }
}

function followsByFetch({ fetchOptions }: Config): boolean {
  return (fetchOptions?.redirect ?? "follow") === "follow"
}

function withoutUser(url: URL): URL {
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

/** A type that says nothing of the body: axios' default, or a form without its boundary. */
function isStopgap(contentType = ""): boolean {
  return /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i.test(contentType)
}
