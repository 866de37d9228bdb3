import type { Auth } from "../auth/auth.ts"
import { andThen } from "../identity/and-then.ts"
import type { Fetch, FetchInit } from "../identity/fetch.ts"
import { lazily } from "../identity/lazily.ts"
import { authenticatedSend } from "./authenticated-send.ts"
import type { ChooseAuth } from "./chosen-auth.ts"
import { parse } from "./finished-url.ts"
import type { HostGuard } from "./host-guard.ts"
import { isStream } from "./is-stream.ts"
import { hasOwnSecrets } from "./secret-headers.ts"
import type { WireRequest } from "./wire-request.ts"

export interface AuthenticatedFetchOptions {
  /** The fetch that sends. */
  fetch: Fetch
  guard: HostGuard
  /** The client's own base URL. */
  baseUrl?: string | URL | undefined
}

/** Code that programs do without which pass no Request and no stream. */
const onDemand = lazily(() => import("./on-demand-bodies.ts"))

/** The limit that fetch itself has. */
const MAX_REDIRECTS = 20

/**
 * One call of fetch, authenticated: the first attempt, each redirect hop, and one replay. A URL that may not see
 * credentials goes to fetch as it is, and so does what wants no auth; only redirects are followed here where the caller's
 * headers hold secrets.
 *
 * @param request may name an auth of its own, as `chooseAuth` reads it.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated; `AUTH_REDIRECT_BLOCKED` in
 * browsers, which hide where a redirect leads.
 */
export function authenticatedFetch(
  chooseAuth: ChooseAuth,
  request: object,
  input: string | URL | Request,
  init: FetchInit,
  options: AuthenticatedFetchOptions,
): Promise<Response> {
  try {
    const { fetch, guard, baseUrl } = options
    const chosen = chooseAuth(request)
    const url = chosen && parse(isRequest(input) ? input.url : String(input), globalThis.location?.href)
    if (chosen === undefined || url === undefined || (!guard(url, baseUrl) && !followsHere(url, input, init))) {
      return Promise.resolve(fetch(input, init))
    }
    return Promise.resolve(
      andThen(initOf(input, init), (given) => authenticatedInit(chosen, url, input, given, options)),
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Whether a request goes through the engine though it may see no credentials: fetch would take the caller's own along. */
function followsHere({ protocol }: URL, input: RequestInfo | URL, init: RequestInit): boolean {
  if (!/^https?:$/.test(protocol)) return false
  const headers = init.headers ?? (isRequest(input) ? input.headers : undefined)
  return headers !== undefined && hasOwnSecrets(headersOf(headers))
}

function initOf(input: RequestInfo | URL, init: RequestInit): RequestInit | Promise<RequestInit> {
  return isRequest(input) ? andThen(onDemand(), ({ requestInit }) => requestInit(input, init)) : init
}

function authenticatedInit(
  auth: Auth,
  url: URL,
  input: RequestInfo | URL,
  init: RequestInit,
  { fetch, guard, baseUrl }: AuthenticatedFetchOptions,
): Promise<Response> {
  const { redirect, signal, body } = init
  signal?.throwIfAborted()
  const method = normalizedMethod(init.method)
  const headers = headersOf(init.headers)
  const maxRedirects = (redirect ?? "follow") === "follow" ? MAX_REDIRECTS : 0
  const send = (wire: WireRequest): Promise<Response> => sendByFetch(fetch, wire, input, init)
  return authenticatedSend(auth, { method, url, headers, body, baseUrl, signal: signal ?? undefined }, send, {
    guard,
    maxRedirects,
  })
}

function sendByFetch(
  fetch: Fetch,
  { method, url, headers, body, authenticated }: WireRequest,
  input: RequestInfo | URL,
  given: RequestInit,
): Promise<Response> {
  const { body: own, redirect = "follow", ...rest } = given
  const init: RequestInit & { duplex?: "half" } = {
    ...rest,
    method,
    headers,
    // Where no secret is at stake the client's own way with redirects does, and browsers know no other.
    redirect: redirect === "follow" && (authenticated || hasOwnSecrets(headers)) ? "manual" : redirect,
  }
  const send = (): Promise<Response> => fetch(destination(fetch, input, url, init), init)
  if (body === null || body === undefined || (isRequest(input) && body === input.body)) return send()
  init.body = body as BodyInit
  if (!isStream(body)) return send()
  init.duplex = "half"
  if (body === own) return send()
  return Promise.resolve(onDemand()).then(({ readableStreamOf }) => {
    init.body = readableStreamOf(body as AsyncIterable<Uint8Array>)
    return send()
  })
}

/** A Request itself as long as it is for this URL, for what else it has: undici's dispatcher, the length of its stream. */
function destination(fetch: Fetch, input: RequestInfo | URL, { href }: URL, init: RequestInit): RequestInfo {
  if (!isRequest(input) || input.url !== href) return href
  // The platform's own fetch is sure to read `init` beside it.
  return fetch === globalThis.fetch ? input : new Request(input, init)
}

function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "url" in input
}

function normalizedMethod(method = "GET"): string {
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method
}

function entriesOf(init: HeadersInit): Iterable<[string, unknown]> {
  if (!(Symbol.iterator in init)) return Object.entries(init)
  return init instanceof Headers ? init : new Headers(init)
}

/** As Headers would have them, which take their time to make. */
function headersOf(init: HeadersInit = {}): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [given, value] of entriesOf(init)) {
    const name = given.toLowerCase()
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : String(value)
  }
  // fetch sends the URL's own authority whatever the caller says, so that is what must be signed.
  delete headers.host
  return headers
}
