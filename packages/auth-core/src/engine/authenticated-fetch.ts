import type { Auth } from "../auth/auth.ts"
import { authenticatedSend, type WireRequest } from "./authenticated-send.ts"
import { MAX_REPLAYABLE_BYTES, readBody } from "./body.ts"
import { chosenAuth } from "./chosen-auth.ts"
import { parse } from "./finished-url.ts"
import type { HostGuard } from "./host-guard.ts"
import { isStream } from "./is-stream.ts"
import { readableStreamOf } from "./readable-stream.ts"

/** A function with the signature of the platform's fetch. */
export type Fetch = typeof globalThis.fetch

export interface AuthenticatedFetchOptions {
  /** The fetch that sends. */
  fetch: Fetch
  guard: HostGuard
  /** The client's own base URL. */
  baseUrl?: string | URL | undefined
}

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
export async function authenticatedFetch(
  auth: Auth,
  own: unknown,
  input: RequestInfo | URL,
  init: RequestInit,
  { fetch, guard, baseUrl }: AuthenticatedFetchOptions,
): Promise<Response> {
  const chosen = chosenAuth(own, auth)
  if (chosen === undefined) return await fetch(input, init)
  const url = parse(isRequest(input) ? input.url : String(input), globalThis.location?.href)
  if (!guard(url, baseUrl)) return await fetch(input, init)
  const given = isRequest(input) ? await initOf(input, init) : init
  given.signal?.throwIfAborted()
  const request = {
    method: normalizedMethod(given.method),
    url,
    headers: headersOf(given.headers),
    body: given.body,
    baseUrl,
    signal: given.signal ?? undefined,
  }
  const maxRedirects = (given.redirect ?? "follow") === "follow" ? MAX_REDIRECTS : 0
  const send = (wire: WireRequest): Promise<Response> => sendByFetch(fetch, wire, input, given)
  return await authenticatedSend(chosen, request, send, { guard, maxRedirects })
}

async function sendByFetch(
  fetch: Fetch,
  wire: WireRequest,
  input: RequestInfo | URL,
  given: RequestInit,
): Promise<Response> {
  const { redirect = "follow" } = given
  const { body, ...init } = given
  const response = await fetch(
    ...fetchArguments(fetch, wire, input, body, {
      ...init,
      method: wire.method,
      headers: wire.headers,
      // Where no secret is at stake the client's own way with redirects does, and browsers know no other.
      redirect: wire.authenticated && redirect === "follow" ? "manual" : redirect,
    }),
  )
  if (response.type === "opaqueredirect" && redirect === "follow") {
    const { hiddenRedirect } = await import("./redirect.ts")
    throw hiddenRedirect(wire.url)
  }
  // A caller who asks whether it was redirected means: by anyone.
  if (wire.redirects > 0 && !response.redirected) Object.defineProperty(response, "redirected", { value: true })
  return response
}

function fetchArguments(
  fetch: Fetch,
  { body, url: { href } }: WireRequest,
  input: RequestInfo | URL,
  given: RequestInit["body"],
  init: RequestInit,
): [RequestInfo | URL, RequestInit & { duplex?: "half" }] {
  // Only a Request that is passed on keeps what else it has: undici's dispatcher, the length of a stream that was bytes.
  if (isRequest(input) && body === input.body && input.url === href) {
    // What is in `init` is read by the platform's own fetch for sure.
    return [fetch === globalThis.fetch ? input : new Request(input, init), init]
  }
  if (body === null || body === undefined) return [href, init]
  const isOwnStream = body !== given && isStream(body)
  const sent = (isOwnStream ? readableStreamOf(body as AsyncIterable<Uint8Array>) : body) as BodyInit
  return [href, { ...init, body: sent, ...(isStream(body) ? { duplex: "half" } : undefined) }]
}

function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "url" in input
}

/** A Request taken apart; what `init` says prevails, as it does in fetch. */
async function initOf(request: Request, init: RequestInit): Promise<RequestInit> {
  const own: RequestInit = { method: request.method, headers: request.headers, signal: request.signal }
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = request[name as keyof typeof USUAL]
    // Only a browser itself may navigate.
    if (value !== usual && value !== "navigate") Object.assign(own, { [name]: value })
  }
  return { ...own, ...init, body: init.body ?? (await bodyOf(request, init.signal ?? request.signal)) }
}

/** What a Request is unless it was told otherwise, which takes fetch its time to read again. */
const USUAL = {
  redirect: "follow",
  credentials: "same-origin",
  cache: "default",
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
}

/** A Request can be sent once only: its bytes when they are few enough to be kept for a replay, else its stream. */
async function bodyOf(request: Request, signal: AbortSignal): Promise<BodyInit | null> {
  if (request.body === null) return null
  const { bytes, content } = await readBody(request.clone().body, MAX_REPLAYABLE_BYTES, signal)
  if (bytes === undefined) {
    await (content as AsyncGenerator).return(undefined)
    return request.body
  }
  await request.body.cancel()
  return bytes as BodyInit
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
