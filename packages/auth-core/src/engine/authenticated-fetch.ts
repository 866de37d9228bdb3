import type { Auth } from "../auth/auth.ts"
import { andThen } from "../identity/and-then.ts"
import type { Fetch, FetchInit } from "../identity/fetch.ts"
import { platformSignal } from "../identity/platform-signal.ts"
import { authenticatedSend } from "./authenticated-send.ts"
import { onDemandBodies } from "./body.ts"
import type { ChooseAuth } from "./chosen-auth.ts"
import { parse } from "./finished-url.ts"
import type { HostGuard } from "./host-guard.ts"
import { initMembers, otherMembers } from "./init-members.ts"
import { isRequest, requestClass } from "./is-request.ts"
import { isStream } from "./is-stream.ts"
import type { WireRequest } from "./wire-request.ts"

export interface AuthenticatedFetchOptions {
  /** The member of an init that names the auth of this request alone, `false` for none. */
  key: "auth" | "countersign"
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
 * credentials goes to fetch as it is, and so does what wants no auth; only redirects are followed here where the caller's
 * headers hold secrets.
 *
 * @param init may name an auth of its own under `key`; in any form that the platform's fetch takes.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated; `AUTH_REDIRECT_BLOCKED` in
 * browsers, which hide where a redirect leads.
 */
export function authenticatedFetch(
  chooseAuth: ChooseAuth,
  input: string | URL | Request,
  init: FetchInit | null | undefined,
  options: AuthenticatedFetchOptions,
): Promise<Response> {
  try {
    const { fetch, guard, baseUrl, key } = options
    const chosen = chooseAuth(namingAuth(input, init ?? {}, key))
    const url = chosen && destination(input, options)
    if (chosen === undefined || url === undefined || !/^https?:$/.test(url.protocol)) {
      return Promise.resolve(
        fetch(input, init && key in init ? initMembers(init, key) : (init as FetchInit | undefined)),
      )
    }
    const given = initMembers(init ?? {}, key)
    if (guard(url, baseUrl)) return sendGiven(chosen, url, { input, given, isBare: false }, options)
    const byFetch = (): Promise<Response> => fetch(input, init ? given : undefined)
    const headers = headersOf(given.headers ?? (isRequest(input) ? input.headers : undefined))
    if (!Object.keys(headers).some((name) => name.startsWith("x-"))) return Promise.resolve(byFetch())
    return import("./on-demand-follow-up.ts").then(({ hasOwnSecrets }) =>
      // A fetch would take them along on redirects.
      hasOwnSecrets(headers) ? sendGiven(chosen, url, { input, given, isBare: true }, options) : byFetch(),
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

/** What may name an auth. openapi-fetch puts options that it does not know on the Request itself. */
function namingAuth(input: string | URL | Request, init: FetchInit, key: string): object {
  return typeof input === "object" && key in input && !(key in init) ? input : init
}

/** Where a request goes; `undefined` where only a fetch of the caller's knows what its URL is relative to. */
function destination(input: string | URL | Request, { fetch, baseUrl }: AuthenticatedFetchOptions): URL | undefined {
  const text = isRequest(input) ? input.url : String(input)
  const base = globalThis.location?.href ?? baseUrl
  return fetch === globalThis.fetch || URL.canParse(text, base) ? parse(text, base) : undefined
}

interface Given {
  readonly input: string | URL | Request
  /** What the caller gave beside it. */
  readonly given: RequestInit
  /** It may see no credentials, but has the caller's own. */
  readonly isBare: boolean
}

function sendGiven(auth: Auth, url: URL, given: Given, options: AuthenticatedFetchOptions): Promise<Response> {
  const { input, given: init } = given
  if (!isRequest(input)) return send(auth, url, { ...given, init }, options)
  return Promise.resolve(
    andThen(onDemandBodies(), ({ requestInit }) =>
      andThen(requestInit(input, init), (own) => send(auth, url, { ...given, ...own }, options)),
    ),
  )
}

interface Call extends Given {
  /** All that is known of the request. */
  readonly init: RequestInit
  /** The body is the stream of the Request itself, which goes out as it is. */
  readonly asIs?: boolean
}

function send(
  auth: Auth,
  url: URL,
  call: Call,
  { fetch, guard, baseUrl }: AuthenticatedFetchOptions,
): Promise<Response> {
  const { redirect, body } = call.init
  const signal = platformSignal(call.init.signal)
  signal?.throwIfAborted()
  const method = normalizedMethod(call.init.method)
  const headers = headersOf(call.init.headers)
  const maxRedirects = (redirect ?? "follow") === "follow" ? MAX_REDIRECTS : 0
  const request = { method, url, headers, body, baseUrl, signal, asIs: call.asIs }
  return authenticatedSend(auth, request, (wire) => sendByFetch(fetch, wire, call), { guard, maxRedirects })
}

function sendByFetch(fetch: Fetch, wire: WireRequest, call: Call): Promise<Response> {
  const { method, headers, body, authenticated } = wire
  const { body: own, redirect = "follow", ...rest } = call.init
  const init: RequestInit & { duplex?: "half" } = {
    ...rest,
    method,
    headers,
    // Where no secret is at stake the client's own way with redirects does, and browsers know no other.
    redirect: redirect === "follow" && (authenticated || call.isBare) ? "manual" : redirect,
  }
  const send = (): Promise<Response> => fetchBy(fetch, wire, call, init)
  if (body === null || body === undefined || (body === own && call.asIs && isFor(wire, call))) return send()
  init.body = body as BodyInit
  if (!isStream(body)) return send()
  init.duplex = "half"
  if (body === own) return send()
  return Promise.resolve(onDemandBodies()).then(({ readableStreamOf }) => {
    init.body = readableStreamOf(body as AsyncIterable<Uint8Array>)
    return send()
  })
}

/** Gives a fetch of the caller's what it would be given without auth, in kind: a Request in place of a Request. */
function fetchBy(fetch: Fetch, wire: WireRequest, call: Call, init: RequestInit): Promise<Response> {
  const { input, given } = call
  const { href } = wire.url
  const isPlatform = fetch === globalThis.fetch
  if (!isRequest(input)) return fetch(input instanceof URL && !isPlatform ? new URL(href) : href, init)
  // For what else it has: undici's dispatcher, the length of its stream.
  const source = isFor(wire, call) ? input : href
  // The platform's own is sure to read `init` beside it, and knows no other Request.
  if (isPlatform) return fetch(input instanceof Request ? source : href, init)
  return fetch(new (requestClass(input))(source, init), otherMembers(given))
}

/** Whether the attempt goes where the caller's Request says. */
function isFor({ url }: WireRequest, { input }: Call): boolean {
  return isRequest(input) && input.url === url.href
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
