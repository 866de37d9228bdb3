import { AuthError } from "../errors/auth-error.ts"
import type { OutgoingRequest } from "./authenticate-attempt.ts"
import { staysAtOrigin } from "./send-secrets.ts"
import { type ResponseLike, wireUrl } from "./wire-request.ts"

type HeadersByName = Readonly<Record<string, string>>

/** The parts of a request that a redirect changes. */
export interface RedirectableRequest {
  readonly method: string
  readonly url: URL
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The request that a redirect asks for. */
interface Redirect {
  readonly request: RedirectableRequest
  readonly keepsBody: boolean
  /** The redirect leads to another origin. */
  readonly crosses: boolean
}

const DESCRIBES_THE_BODY = /^content-(?:encoding|language|location|type|length)$/

/**
 * The request that follows a redirect, by fetch's rules. POST becomes GET after 301 and 302. Everything but GET and HEAD
 * becomes GET after 303. A request that becomes GET loses its body; 307 and 308 repeat the request. Secrets do not cross to
 * another origin.
 *
 * @param secretHeaders more names of secret headers, in lower case.
 * @returns `undefined` when there is no Location, or none that can be followed.
 * @see WHATWG Fetch, "HTTP-redirect fetch"
 */
export function followRedirect(
  request: RedirectableRequest,
  status: number,
  location: string | undefined,
  secretHeaders: readonly string[] = [],
): Redirect | undefined {
  if (location === undefined) return undefined
  const target = inUtf8(location)
  if (!URL.canParse(target, request.url)) return undefined
  const url = new URL(target, request.url)
  // A signed request does not need them, and fetch refuses a URL that has them.
  url.username = ""
  url.password = ""
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined
  const { method, body } = request
  const becomesGet = status < 304 && (method === "POST" || (status === 303 && method !== "GET" && method !== "HEAD"))
  const crosses = url.origin !== request.url.origin
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) =>
        !(becomesGet && DESCRIBES_THE_BODY.test(name)) &&
        !(crosses && (staysAtOrigin(name) || secretHeaders.includes(name))),
    ),
  )
  if (becomesGet) return { request: { method: "GET", url, headers, body: null }, keepsBody: false, crosses }
  return { request: { method, url, headers, body }, keepsBody: body !== null && body !== undefined, crosses }
}

/** Clients decode headers as Latin-1. Servers that do not escape a Location mean UTF-8. */
function inUtf8(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(text, (unit) => unit.charCodeAt(0)))
  } catch {
    return text
  }
}

/** The error for a redirect that a browser did not follow, and whose target it hides. */
export function hiddenRedirect({ origin, pathname }: URL): AuthError {
  return new AuthError(
    "AUTH_REDIRECT_BLOCKED",
    `${origin}${pathname} answers with a redirect, and a browser hides where it leads, so the next request could not be authenticated: call the final URL.`,
  )
}

/** How a redirect is followed. */
export interface HopOptions<R extends ResponseLike> {
  readonly location: string | undefined
  /** The limit of redirects is reached. */
  readonly isLast: boolean
  /** The body can be sent again. */
  readonly canRepeat: boolean
  readonly maxRedirects: number
  readonly tooManyRedirects?: ((response: R, limit: number) => never) | undefined
  readonly secretHeaders?: readonly string[] | undefined
  readonly onRedirect?: OnRedirect<R> | undefined
}

/**
 * The request that a redirect asks for, `undefined` when it leads nowhere.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` when it would send a spent stream again.
 */
export function nextHop<R extends ResponseLike>(
  request: OutgoingRequest,
  response: R,
  options: HopOptions<R>,
): OutgoingRequest | undefined {
  const { isLast, canRepeat, maxRedirects, tooManyRedirects = tooManyRedirectsAsFetch, secretHeaders } = options
  const next = followRedirect(request, response.status, options.location, secretHeaders)
  if (next === undefined) return undefined
  if (isLast) tooManyRedirects(response, maxRedirects)
  if (next.keepsBody && !canRepeat) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      `${request.url.origin} redirects with ${response.status}, but the body was a stream that is already spent: send bytes, or call the final URL.`,
    )
  }
  const redirected = request.redirected === true || next.crosses
  const hop = { ...request, ...next.request, url: wireUrl(next.request.url), redirected }
  return options.onRedirect === undefined ? hop : tellRedirect(options.onRedirect, request, response, hop)
}

function tooManyRedirectsAsFetch(_response: ResponseLike, limit: number): never {
  throw new TypeError("fetch failed", { cause: new Error(`redirect count exceeded: more than ${limit}`) })
}

/** One side of a redirect, without secrets. */
export type ShownRequest = Pick<OutgoingRequest, "method" | "url" | "headers">

/** A redirect that is about to be followed. It is reported once, even if the hop is sent twice. */
export interface RedirectEvent<R> {
  /** The request that was answered with a redirect. */
  readonly from: ShownRequest
  /** The client's response. */
  readonly response: R
  /** The request that follows. */
  readonly to: ShownRequest
}

/** May return headers that replace those it is shown. */
export type OnRedirect<R> = (event: RedirectEvent<R>) => HeadersByName | undefined

/** Reports a redirect to the client before the hop is authenticated. */
function tellRedirect<R>(
  onRedirect: OnRedirect<R>,
  from: OutgoingRequest,
  response: R,
  to: OutgoingRequest,
): OutgoingRequest {
  const headers = onRedirect({ from: shown(from), response, to: shown(to) })
  if (headers === undefined) return to
  return { ...to, headers: { ...headersOf(to, staysAtOrigin), ...headers } }
}

function shown(request: OutgoingRequest): ShownRequest {
  const { method, url } = request
  return { method, url, headers: headersOf(request, (name) => !staysAtOrigin(name)) }
}

function headersOf({ headers }: OutgoingRequest, isWanted: (name: string) => boolean): HeadersByName {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isWanted(name)))
}
