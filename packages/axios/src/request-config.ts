import { isStream, type WireRequest } from "@countersign/auth-core"
import axios, { type AxiosHeaders, type InternalAxiosRequestConfig } from "axios"
import type { AdapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
import { concealingTransport } from "./concealing-transport.ts"
import { adapterBody, hasOwnContentType, ownContentType } from "./request-body.ts"

type Config = InternalAxiosRequestConfig

/** Knows no defaults: those of the instance are in the config already. */
const plain = new axios.Axios({})

/** What follow-redirects, which axios' http adapter uses by itself, follows; and fetch. */
const MAX_REDIRECTS = { http: 21, fetch: 20, other: 21 }

/** The URL of a request, with its base and its params; relative only where nothing says to what. */
export function urlOf(config: Config): string {
  const { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } = config
  const parts = { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config
  return resolved(plain.getUri(parts)) ?? ""
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

/** What the caller wants to stay at the first origin, by lower-case name. */
export function secretHeadersOf({ sensitiveHeaders = [] }: Config): string[] {
  return [sensitiveHeaders].flat().map((name) => String(name).toLowerCase())
}

/** What axios is about to send, by lower-case name. */
export function headersOf({ headers, data }: Config, kind: AdapterKind): Record<string, string> {
  const byName: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers.toJSON(true))) {
    byName[name.toLowerCase()] = String(value)
  }
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
  for (const [name, value] of Object.entries(sent)) {
    // By these the caller keeps axios from its own default.
    if (value !== false && value !== null && !(name.toLowerCase() in wire.headers)) sent.delete(name)
  }
  for (const [name, value] of Object.entries(wire.headers)) {
    // The type may stand in the place of a stopgap.
    if (given[name] !== value || name === "content-type") sent.set(name, value, true)
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
  timeout: number,
  kind: AdapterKind,
): Config {
  const sent: Config = {
    ...config,
    method: wire.method.toLowerCase(),
    url: wire.url.href,
    baseURL: "",
    params: undefined,
    headers,
    data: adapterBody(wire.body ?? undefined, kind === "fetch"),
    timeout,
  }
  if (wire.headers.authorization !== undefined || wire.redirects > 0) delete sent.auth
  // In the place of any Authorization axios would put a user and a password.
  if (wire.headers.authorization !== undefined && wire.url.username !== "") sent.url = withoutUser(wire.url)
  if (kind === "http") sent.transport = concealingTransport(config.transport, wire.url, timeout)
  if (kind !== "fetch" || followsByFetch(config)) sent.maxRedirects = 0
  // The oldest fetch adapters know no maxRedirects.
  if (kind === "fetch" && followsByFetch(config)) sent.fetchOptions = { ...config.fetchOptions, redirect: "manual" }
  return sent
}

function followsByFetch({ fetchOptions }: Config): boolean {
  return (fetchOptions?.redirect ?? "follow") === "follow"
}

function withoutUser(url: URL): string {
  const other = new URL(url)
  other.username = ""
  other.password = ""
  return other.href
}

/** A type that says nothing of the body: axios' default, or a form without its boundary. */
function isStopgap(contentType = ""): boolean {
  return /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i.test(contentType)
}
