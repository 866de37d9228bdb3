import type { Auth } from "../auth/auth.ts"
import type { Fetch, FetchInit } from "../runtime/http.ts"
import { andThen, asPromise } from "../runtime/promises.ts"
import { loadBodies } from "./authenticate-attempt.ts"
import { AuthenticatedCall, loadFollowUp, sendAttempts } from "./authenticated-call.ts"
import type { Asked, FetchCall } from "./fetch-in-kind.ts"
import type { AuthForRequest, HostGuard } from "./gate.ts"
import { isHttp, isRequest, isStream, parse, platformFetch, type WireRequest, wireUrl } from "./wire-request.ts"

/** Options of {@link authenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /** The member of `init` that names the auth of this request alone, or `false` for none. */
  key: "auth" | "countersign"
  /** Sends the attempts. */
  fetch: Fetch
  /** Says which URLs may see credentials. */
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
  return asPromise(() => {
    const { fetch, guard, baseUrl, key } = options
    const own = init ?? {}
    const chosen = authFor(namingAuth(input, own, key))
    const url = chosen && destination(input, options)
    return andThen(settled(own, key), (given) => {
      if (!(chosen && url && isHttp(url))) return fetch(input, given)
      const byEngine = (isBare: boolean): Response | Promise<Response> =>
        andThen(callOf(input, given, isBare), (call) => send(chosen, url, call, options))
      const bare = guard.bareReason(url, baseUrl)
      if (bare === undefined) return byEngine(false)
      return andThen(loadFollowUp(), ({ fetchSendsBare }) =>
        fetchSendsBare(chosen, { input, given, url }, bare, guard) ? fetch(input, given) : byEngine(true),
      )
    })
  })
}

/** The init without `key`. It is read as the platform reads it: once, and through the prototype. */
function settled(init: FetchInit, key: AuthenticatedFetchOptions["key"]): FetchInit | Promise<FetchInit> {
  const isPlain = Object.getPrototypeOf(init) === Object.prototype
  const given: FetchInit & { [Key in AuthenticatedFetchOptions["key"]]?: unknown } = isPlain ? { ...init } : init
  // Headers may be an iterator such as `map.entries()`, which can be read only once.
  if (!isPlain || "next" in Object(given.headers)) {
    return andThen(loadBodies(), ({ initMembers }) => initMembers(given, key))
  }
  // Deleting a member that is not there takes 50 ns.
  if (key in given) delete given[key]
  return given
}

/** A Request, or a signal of another library, needs more work. */
function callOf(input: Asked["input"], given: Asked["given"], isBare: boolean): FetchCall | Promise<FetchCall> {
  const { signal } = given
  if (isRequest(input) || (signal && !(signal instanceof AbortSignal))) {
    return andThen(loadBodies(), ({ requestCall }) => requestCall({ input, given, isBare }))
  }
  return { input, given, isBare, init: given, signal: signal ?? undefined }
}

/** The object that may name an auth. openapi-fetch puts options that it does not know on the Request. */
function namingAuth(input: string | URL | Request, init: FetchInit, key: string): object {
  return typeof input === "object" && key in input && !(key in init) ? input : init
}

/** Where a request goes; `undefined` if only the caller's own fetch knows the base of its URL. */
function destination(input: string | URL | Request, { fetch, baseUrl }: AuthenticatedFetchOptions): URL | undefined {
  try {
    return parse(isRequest(input) ? input.url : String(input), globalThis.location?.href ?? baseUrl)
  } catch (error) {
    if (fetch === globalThis.fetch) throw error
    return undefined
  }
}

function send(
  auth: Auth,
  url: URL,
  call: FetchCall,
  { fetch, guard, baseUrl }: AuthenticatedFetchOptions,
): Response | Promise<Response> {
  const { input, init, signal, asIs, isBare } = call
  signal?.throwIfAborted()
  const { method: given = "GET", headers, redirect = "follow" } = init
  const method = /^(?:get|head|post|put|delete|options)$/i.test(given) ? given.toUpperCase() : given
  const isFollowing = redirect === "follow"
  const request = { method, url: wireUrl(url), headers: headersOf(headers), body: init.body, baseUrl, signal, asIs }
  // Outside browsers the server sees how the caller spelled a header's name.
  const isSeen = isRequest(input) || (headers && globalThis.process)
  const sendOne = (wire: WireRequest): Response | Promise<Response> => {
    const { authenticated, body } = wire
    const isClear = authenticated && wire.url.protocol === "http:"
    const sent: RequestInit = {
      ...init,
      method: wire.method,
      headers: wire.headers,
      body: body as BodyInit,
      // fetch may follow redirects where no secret is at stake. In browsers nothing else can.
      redirect: isFollowing && (authenticated || isBare) ? "manual" : redirect,
    }
    if (isClear || isSeen || isStream(body) || fetch !== platformFetch) {
      return andThen(loadBodies(), ({ fetchInKind, refuseProxiedFetch }) => {
        if (isClear) refuseProxiedFetch(wire.url, init, guard)
        return fetchInKind(fetch, wire, call, sent)
      })
    }
    return fetch(wire.url.href, sent)
  }
  const attempts = new AuthenticatedCall<Response>({ guard, maxRedirects: isFollowing ? MAX_REDIRECTS : 0 })
  return sendAttempts(attempts, auth, request, sendOne)
}

/** The same as `new Headers(init)`, which is slow. */
function headersOf(init: HeadersInit = {}): Record<string, string> {
  const headers: Record<string, string> = {}
  const add = (value: unknown, given: string): void => {
    const name = given.toLowerCase()
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : String(value)
  }
  if (Symbol.iterator in init) (init instanceof Headers ? init : new Headers(init)).forEach(add)
  else for (const name of Object.keys(init)) add(init[name], name)
  // fetch always sends the URL's own authority, so that is the one to sign.
  if ("host" in headers) delete headers.host
  return headers
}
