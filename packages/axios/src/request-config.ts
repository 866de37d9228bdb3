import { isStream, type WireRequest } from "@countersign/auth-core"
import axios, { AxiosHeaders, type InternalAxiosRequestConfig } from "axios"
import type { AdapterKind } from "./adapter-kind.ts"
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
  const { maxRedirects = MAX_REDIRECTS[kind], transport, httpVersion, fetchOptions } = config
  const follows =
    kind === "fetch" ? (fetchOptions?.redirect ?? "follow") === "follow" : transport === undefined && httpVersion !== 2
  return follows ? maxRedirects : 0
}

/** What axios is about to send, by lower-case name. */
export function headersOf({ headers, data }: Config, kind: AdapterKind): Record<string, string> {
  const byName = headersByName(AxiosHeaders.from(headers))
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

/** The caller's headers as they are, but for what this attempt adds, and what a redirect took away. */
export function sentHeaders(config: Config, wire: WireRequest, kind: AdapterKind): AxiosHeaders {
  const sent = new AxiosHeaders({ ...config.headers })
  const own = headersByName(sent)
  for (const name of Object.keys(own)) if (!(name in wire.headers)) sent.delete(name)
  for (const [name, value] of Object.entries(wire.headers)) if (own[name] !== value) sent.set(name, value, true)
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
  const { baseURL: _, params: __, paramsSerializer: ___, countersign: ____, auth, ...rest } = config
  const url = new URL(wire.url)
  const sent: Config = { ...rest, method: wire.method.toLowerCase(), headers, timeout }
  sent.data = adapterBody(wire.body ?? undefined, kind === "fetch")
  // axios would put a user and a password in the place of any other Authorization.
  if (wire.headers.authorization !== undefined) [url.username, url.password] = ["", ""]
  else if (auth !== undefined && wire.redirects === 0) sent.auth = auth
  sent.url = url.href
  const redirect = kind === "fetch" ? (config.fetchOptions?.redirect ?? "follow") : "follow"
  if (redirect === "follow") sent.maxRedirects = 0
  // The oldest fetch adapters know no maxRedirects.
  if (kind === "fetch" && redirect === "follow") sent.fetchOptions = { ...config.fetchOptions, redirect: "manual" }
  if (kind === "http") sent.transport = concealingTransport(config.transport, wire.url, timeout)
  return sent
}

function headersByName(headers: AxiosHeaders): Record<string, string> {
  const byName: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers.toJSON(true))) byName[name.toLowerCase()] = String(value)
  return byName
}

/** A type that says nothing of the body: axios' default, or a form without its boundary. */
function isStopgap(contentType = ""): boolean {
  return /^(?:|application\/x-www-form-urlencoded\b.*|multipart\/form-data(?!.*boundary=).*)$/i.test(contentType)
}
