import type { Auth } from "../auth/auth.ts"
import type { Fetch, FetchInit } from "../runtime/fetch.ts"
import { andThen } from "../runtime/promises.ts"
import { loadBodies } from "./authenticate-attempt.ts"
import { authenticatedSend, loadFollowUp } from "./authenticated-call.ts"
import type { AuthForRequest, HostGuard } from "./gate.ts"
import type { Asked, FetchCall } from "./request-call.ts"
import { isRequest, isStream, parse, platformFetch, type WireRequest } from "./wire-request.ts"

export interface AuthenticatedFetchOptions {
  /** The member of `init` that names the auth of this request alone, or `false` for none. */
  key: "auth" | "countersign"
  /** Sends the attempts. */
  fetch: Fetch
  guard: HostGuard
  /** The client's base URL. */
  baseUrl?: string | URL | undefined
}

/** The limit of fetch. */
const MAX_REDIRECTS = 20

/**
 * Sends one call of fetch, authenticated: the first attempt, each redirect hop, and one replay. A request that wants no
 * auth goes to fetch unchanged. So does one whose URL may not see credentials, unless the caller's own headers hold
 * secrets: then redirects are followed here, so that the secrets do not cross to another origin.
 *
 * @param init in any form that the platform's fetch takes. It may name its own auth under `key`.
 * @throws {AuthError} before anything is sent, when the request cannot be authenticated; `AUTH_REDIRECT_BLOCKED` in
 * browsers, which hide where a redirect leads.
 */
export function authenticatedFetch(
  authFor: AuthForRequest,
  input: string | URL | Request,
  init: FetchInit | null | undefined,
  options: AuthenticatedFetchOptions,
): Promise<Response> {
  try {
    const { fetch, guard, baseUrl, key } = options
    const chosen = authFor(namingAuth(input, init ?? {}, key))
    const url = chosen && destination(input, options)
    return Promise.resolve(
      andThen(settled(init ?? {}, key), (given) => {
        const byFetch = (): Promise<Response> => fetch(input, given)
        if (chosen === undefined || url === undefined || !/^https?:$/.test(url.protocol)) return byFetch()
        const byEngine = (isBare: boolean): Response | Promise<Response> =>
          sendGiven(chosen, url, { input, given, isBare }, options)
        const bare = guard.bareReason(url, baseUrl)
        if (bare === undefined) return byEngine(false)
        return andThen(loadFollowUp(), ({ fetchesBare }) =>
          fetchesBare(chosen, { input, given, url, baseUrl }, bare, guard) ? byFetch() : byEngine(true),
        )
      }),
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

/** The init without `key`. It is read as the platform reads it: once, and through the prototype. */
function settled(init: FetchInit, key: string): FetchInit | Promise<FetchInit> {
  const isPlain = Object.getPrototypeOf(init) === Object.prototype
  const given: FetchInit = isPlain ? { ...init } : init
  // Headers may be an iterator such as `map.entries()`, which can be read only once.
  if (!isPlain || "next" in Object(given.headers)) {
    return andThen(loadBodies(), ({ initMembers }) => initMembers(given, key))
  }
  Reflect.deleteProperty(given, key)
  return given
}

function sendGiven(
  auth: Auth,
  url: URL,
  asked: Asked,
  options: AuthenticatedFetchOptions,
): Response | Promise<Response> {
  const { input, given } = asked
  const { signal } = given
  if (!isRequest(input) && (!signal || signal instanceof AbortSignal)) {
    return send(auth, url, { ...asked, init: given, signal: signal ?? undefined }, options)
  }
  return andThen(loadBodies(), ({ requestCall }) =>
    andThen(requestCall(asked), (call) => send(auth, url, call, options)),
  )
}

/** The object that may name an auth. openapi-fetch puts options that it does not know on the Request. */
function namingAuth(input: string | URL | Request, init: FetchInit, key: string): object {
  return typeof input === "object" && key in input && !(key in init) ? input : init
}

/** Where a request goes; `undefined` if only the caller's own fetch knows the base of its URL. */
function destination(input: string | URL | Request, { fetch, baseUrl }: AuthenticatedFetchOptions): URL | undefined {
  const text = isRequest(input) ? input.url : String(input)
  const base = globalThis.location?.href ?? baseUrl
  return fetch === globalThis.fetch || URL.canParse(text, base) ? parse(text, base) : undefined
}

function send(
  auth: Auth,
  url: URL,
  call: FetchCall,
  { fetch, guard, baseUrl }: AuthenticatedFetchOptions,
): Promise<Response> {
  const { init, signal, asIs } = call
  signal?.throwIfAborted()
  const method = normalizedMethod(init.method)
  const headers = headersOf(init.headers)
  const maxRedirects = (init.redirect ?? "follow") === "follow" ? MAX_REDIRECTS : 0
  const request = { method, url, headers, body: init.body, baseUrl, signal, asIs }
  const sendOne = async (wire: WireRequest): Promise<Response> => {
    const isInClear = wire.authenticated && wire.url.protocol === "http:"
    if (isInClear) (await loadBodies()).refuseProxiedFetch(wire.url, init, guard)
    return sendByFetch(fetch, wire, call)
  }
  return authenticatedSend(auth, request, sendOne, { guard, maxRedirects })
}

function sendByFetch(fetch: Fetch, wire: WireRequest, call: FetchCall): Response | Promise<Response> {
  const { method, headers, body, authenticated, url } = wire
  const { body: _own, redirect = "follow", ...rest } = call.init
  const init: RequestInit = {
    ...rest,
    method,
    headers,
    // fetch may follow redirects where no secret is at stake. In browsers nothing else can.
    redirect: redirect === "follow" && (authenticated || call.isBare) ? "manual" : redirect,
  }
  // Outside browsers the server sees how the caller spelled a header's name.
  const isSeen = isRequest(call.input) || (call.init.headers && globalThis.process)
  if (isSeen || isStream(body) || fetch !== platformFetch) {
    return andThen(loadBodies(), ({ fetchInKind }) => fetchInKind(fetch, wire, call, init))
  }
  if (body !== null) init.body = body as BodyInit
  return fetch(url.href, init)
}

function normalizedMethod(method = "GET"): string {
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method
}

function entriesOf(init: HeadersInit): Iterable<[string, unknown]> {
  if (!(Symbol.iterator in init)) return Object.entries(init)
  return init instanceof Headers ? init : new Headers(init)
}

/** The same as `new Headers(init)`, which is slow. */
function headersOf(init: HeadersInit = {}): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [given, value] of entriesOf(init)) {
    const name = given.toLowerCase()
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : String(value)
  }
  // fetch always sends the URL's own authority, so that is the one to sign.
  delete headers.host
  return headers
}
