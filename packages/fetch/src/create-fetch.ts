import {
  type Auth,
  AuthError,
  authenticatedSend,
  createHostGuard,
  type GuardOptions,
  MAX_SIGNED_BODY_BYTES,
  readableStreamOf,
  readBody,
  type WireRequest,
} from "@countersign/auth-core"

type Fetch = typeof globalThis.fetch

/** What fetch takes, and which auth this one request uses. */
export interface AuthRequestInit extends RequestInit {
  /** Another auth for this request, or `false` for none. @default the auth given to `createFetch` */
  auth?: Auth | false | undefined
}

/** A fetch that authenticates. Goes wherever a fetch goes. */
export type AuthFetch = (input: RequestInfo | URL, init?: AuthRequestInit) => Promise<Response>

export interface FetchOptions extends GuardOptions {
  /** The fetch that sends. @default `globalThis.fetch`, looked up at each request */
  fetch?: Fetch | undefined
}

/** The limit that fetch itself has. */
const MAX_REDIRECTS = 20

/**
 * A fetch whose requests go out authenticated: the first attempt, each redirect hop, and one replay after a 401 that a
 * fresh token or the right time cures.
 *
 * @throws {AuthError} (as a rejection, before anything is sent) when a request cannot be authenticated.
 * @throws {AuthError} `AUTH_INVALID_OPTION`, at once, for a malformed host list.
 */
export function createFetch(auth: Auth, options: FetchOptions = {}): AuthFetch {
  const guard = createHostGuard(options)
  return async (input, init = {}) => {
    const send = options.fetch ?? globalThis.fetch
    const { auth: chosen = auth, ...rest } = init
    if (chosen === false) return send(input, rest)
    const given = isRequest(input) ? await initOf(input, rest) : rest
    given.signal?.throwIfAborted()
    const request = {
      method: normalizedMethod(given.method),
      url: urlOf(input),
      headers: headersOf(given.headers),
      body: given.body,
      signal: given.signal ?? undefined,
    }
    const { redirect = "follow" } = given
    return authenticatedSend(chosen, request, (wire) => sendByFetch(send, wire, input, given), {
      guard,
      maxRedirects: redirect === "follow" ? MAX_REDIRECTS : 0,
    })
  }
}

/**
 * Wraps a fetch, so that its requests go out authenticated. The wrapped function itself is left alone.
 *
 * @see createFetch
 */
export function withAuth<F extends Fetch>(fetch: F, auth: Auth, options: GuardOptions = {}): F & AuthFetch {
  return createFetch(auth, { ...options, fetch }) as F & AuthFetch
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
    ...fetchArguments(wire, input, body, {
      ...init,
      method: wire.method,
      headers: wire.headers,
      // Where no secret is at stake the client's own way with redirects does, and browsers know no other.
      redirect: wire.authenticated && redirect === "follow" ? "manual" : redirect,
    }),
  )
  if (response.type === "opaqueredirect" && redirect === "follow") {
    throw new AuthError(
      "AUTH_REDIRECT_BLOCKED",
      `${wire.url.origin}${wire.url.pathname} answers with a redirect, and a browser hides where it leads, so the next request could not be authenticated: call the final URL.`,
    )
  }
  // A caller who asks whether it was redirected means: by anyone.
  if (wire.redirects > 0 && !response.redirected) Object.defineProperty(response, "redirected", { value: true })
  return response
}

function fetchArguments(
  wire: WireRequest,
  input: RequestInfo | URL,
  given: RequestInit["body"],
  init: RequestInit,
): [RequestInfo | URL, RequestInit & { duplex?: "half" }] {
  const { body } = wire
  // Only a Request that is passed on keeps the length that its stream had when it was bytes.
  if (isRequest(input) && body === input.body && input.url === wire.url.href) return [new Request(input, init), init]
  if (body === null || body === undefined) return [wire.url.href, init]
  if (body === given) return [wire.url.href, { ...init, body: given, ...(isStream(body) ? { duplex: "half" } : {}) }]
  if (isStream(body)) return [wire.url.href, { ...init, body: readableStreamOf(body), duplex: "half" }]
  return [wire.url.href, { ...init, body: body as BodyInit }]
}

function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "url" in input
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body
}

/** A Request taken apart; what `init` says prevails, as it does in fetch. */
async function initOf(request: Request, init: RequestInit): Promise<RequestInit> {
  const {
    method,
    headers,
    signal,
    redirect,
    credentials,
    cache,
    mode,
    referrer,
    referrerPolicy,
    integrity,
    keepalive,
  } = request
  const own = { method, headers, signal, redirect, credentials, cache, referrer, referrerPolicy, integrity, keepalive }
  const body = init.body ?? (await bodyOf(request))
  return { ...own, ...(mode === "navigate" ? {} : { mode }), ...init, body }
}

/** A Request can be sent once only: its bytes when they are few enough to be kept for a replay, else its stream. */
async function bodyOf(request: Request): Promise<BodyInit | null> {
  if (request.body === null) return null
  const { bytes, content } = await readBody(request.clone().body, MAX_SIGNED_BODY_BYTES)
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

function urlOf(input: RequestInfo | URL): string | URL {
  const url = isRequest(input) ? input.url : input
  const page = globalThis.location?.href
  return page !== undefined && URL.canParse(url, page) ? new URL(url, page) : url
}

function headersOf(init: HeadersInit | undefined): Record<string, string> {
  const headers = Object.fromEntries(new Headers(init))
  // fetch sends the URL's own authority whatever the caller says, so that is what must be signed.
  delete headers["host"]
  return headers
}
