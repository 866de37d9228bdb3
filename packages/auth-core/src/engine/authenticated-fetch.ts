import type { Auth } from "../auth/auth.ts"
import { lazily } from "../identity/lazily.ts"
import { authenticatedSend } from "./authenticated-send.ts"
import { chosenAuth } from "./chosen-auth.ts"
import { parse } from "./finished-url.ts"
import type { HostGuard } from "./host-guard.ts"
import { isStream } from "./is-stream.ts"
import type { WireRequest } from "./wire-request.ts"

/** A function with the signature of the platform's fetch. */
export type Fetch = typeof globalThis.fetch

export interface AuthenticatedFetchOptions {
  /** The fetch that sends. */
  fetch: Fetch
  guard: HostGuard
  /** The client's own base URL. */
  baseUrl?: string | URL | undefined
}

/** Code that programs which pass no Request do without. */
const loadRequestInit = lazily(async () => (await import("./on-demand-bodies.ts")).requestInit)

/** The limit that fetch itself has. */
const MAX_REDIRECTS = 20

/**
 * One call of fetch, authenticated: the first attempt, each redirect hop, and one replay. A URL that may not see
 * credentials goes to fetch as it is, and so does what wants no auth.
 *
 * @param own the auth of this request alone, `false` for none; unchecked.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated; `AUTH_REDIRECT_BLOCKED` in
 * browsers, which hide where a redirect leads.
 */
export function authenticatedFetch(
  auth: Auth,
  own: unknown,
  input: RequestInfo | URL,
  init: RequestInit,
  options: AuthenticatedFetchOptions,
): Promise<Response> {
  try {
    const { fetch, guard, baseUrl } = options
    const chosen = chosenAuth(own, auth)
    const url = chosen && parse(isRequest(input) ? input.url : String(input), globalThis.location?.href)
    if (chosen === undefined || url === undefined || !guard(url, baseUrl)) return Promise.resolve(fetch(input, init))
    if (!isRequest(input)) return sendInit(chosen, url, input, init, options)
    return requestInitOf(input, init).then((given) => sendInit(chosen, url, input, given, options))
  } catch (error) {
    return Promise.reject(error)
  }
}

async function requestInitOf(request: Request, init: RequestInit): Promise<RequestInit> {
  return (await loadRequestInit())(request, init)
}

function sendInit(
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

function sendByFetch(fetch: Fetch, wire: WireRequest, input: RequestInfo | URL, given: RequestInit): Promise<Response> {
  const { body: own, ...rest } = given
  const { redirect = "follow" } = given
  const init: RequestInit & { duplex?: "half" } = {
    ...rest,
    method: wire.method,
    headers: wire.headers,
    // Where no secret is at stake the client's own way with redirects does, and browsers know no other.
    redirect: wire.authenticated && redirect === "follow" ? "manual" : redirect,
  }
  const { body, url, redirects } = wire
  const sendBody = (content: unknown): Promise<Response> => {
    if (content !== undefined) init.body = content as BodyInit
    const sent = fetch(destination(fetch, input, url, init), init)
    return redirects > 0 ? sent.then(toldRedirected) : sent
  }
  if (body === null || body === undefined || (isRequest(input) && body === input.body)) return sendBody(undefined)
  if (!isStream(body)) return sendBody(body)
  init.duplex = "half"
  return body === own ? sendBody(body) : webStreamOf(body).then(sendBody)
}

/** A caller who asks whether it was redirected means: by anyone. */
function toldRedirected(response: Response): Response {
  return response.redirected ? response : Object.defineProperty(response, "redirected", { value: true })
}

/** A Request itself as long as it is for this URL, for what else it has: undici's dispatcher, the length of its stream. */
function destination(fetch: Fetch, input: RequestInfo | URL, { href }: URL, init: RequestInit): RequestInfo {
  if (!isRequest(input) || input.url !== href) return href
  // The platform's own fetch is sure to read `init` beside it.
  return fetch === globalThis.fetch ? input : new Request(input, init)
}

/** Code that only a stream which was begun needs. */
async function webStreamOf(chunks: unknown): Promise<ReadableStream> {
  const { readableStreamOf } = await import("./on-demand-bodies.ts")
  return readableStreamOf(chunks as AsyncIterable<Uint8Array>)
}

function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "url" in input
}

function normalizedMethod(method = "GET"): string {
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method
}

/** As Headers would have them, which take their time to make. */
function headersOf(init: HeadersInit = {}): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [given, value] of Symbol.iterator in init ? new Headers(init) : Object.entries(init)) {
    const name = given.toLowerCase()
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : String(value)
  }
  // fetch sends the URL's own authority whatever the caller says, so that is what must be signed.
  delete headers.host
  return headers
}
