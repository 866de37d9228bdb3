import type { Fetch } from "../runtime/fetch.ts"
import { streamBody } from "./client-body.ts"
import { type FetchCall, requestClass } from "./request-call.ts"
import { isRequest, isStream, platformFetch, type WireRequest } from "./wire-request.ts"

/**
 * Sends one attempt by a fetch. It gets the same kinds of values as without auth: a Request for a Request, a URL for a URL,
 * Headers for Headers, with the names as the caller spelled them.
 */
export function fetchInKind(
  fetch: Fetch,
  { url, headers, body }: WireRequest,
  { input, given, init: { body: own, headers: ownHeaders }, asIs }: FetchCall,
  init: RequestInit & { duplex?: "half" },
): Promise<Response> {
  const isSameUrl = isRequest(input) && input.url === url.href
  // The Request's own body goes out with its length.
  if (body !== null && !(asIs && isSameUrl && body === own)) init.body = sendable(body, own)
  if (isStream(init.body)) init.duplex = "half"
  // Copying Headers is slow, and changes nothing on the wire for those of a Request.
  if (ownHeaders && (fetch !== platformFetch || !isRequest(input))) init.headers = inKind(headers, ownHeaders)
  if (!isRequest(input)) return fetch(input instanceof URL && fetch !== platformFetch ? new URL(url) : url.href, init)
  // A Request carries more than its init, such as undici's dispatcher. It is not reused after a redirect dropped its body.
  const source = isSameUrl && (body !== null || !input.body) ? input : url.href
  // The platform's fetch reads `init` beside a Request, and knows no Request of other libraries.
  if (fetch === platformFetch) return fetch(input instanceof Request ? source : url.href, init)
  return fetch(new (requestClass(input))(source, init), otherMembers(given))
}

/** Turns an async iterable into a body that fetch takes. The caller's own body stays as it is. */
function sendable(body: unknown, own: unknown): BodyInit {
  return (isStream(body) && body !== own ? streamBody(body as AsyncIterable<Uint8Array>) : body) as BodyInit
}

/** @param headers by lower-case name */
function inKind(headers: Readonly<Record<string, string>>, own: HeadersInit): HeadersInit {
  if (isHeaders(own)) return headersLike(own, headers)
  if (Symbol.iterator in own)
    return Object.entries(
      spelledAs(
        [...own].map(([name = ""]) => name),
        headers,
      ),
    )
  return spelledAs(Object.keys(own), headers)
}

/** The same headers, spelled as by the caller, whose names come first. */
function spelledAs(names: readonly string[], headers: Readonly<Record<string, string>>): Record<string, string> {
  const lowerCase = names.map((name) => name.toLowerCase())
  const spelled: Record<string, string> = {}
  for (const [index, name] of lowerCase.entries()) {
    const isFirst = lowerCase.indexOf(name) === index
    if (isFirst && Object.hasOwn(headers, name)) spelled[names[index] ?? name] = headers[name] ?? ""
  }
  for (const name of Object.keys(headers)) if (!lowerCase.includes(name)) spelled[name] = headers[name] ?? ""
  return spelled
}

/** Whether they are a Headers object of any library. */
function isHeaders(headers: HeadersInit): headers is Headers {
  return headers instanceof Headers || ("append" in headers && typeof headers.append === "function")
}

/** A copy of `own` with the new values. Only `own` knows how its names were spelled. */
function headersLike(own: Headers, headers: Readonly<Record<string, string>>): Headers {
  const copy = new (own.constructor as typeof Headers)(own)
  for (const [name, value] of own) {
    const sent = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (sent === undefined) copy.delete(name)
    else if (sent !== value) copy.set(name, sent)
  }
  for (const [name, value] of Object.entries(headers)) if (!own.has(name)) copy.set(name, value)
  return copy
}

/** The members of an init from which a Request is made. */
const REQUEST_MEMBERS = [
  "body",
  "cache",
  "credentials",
  "duplex",
  "headers",
  "integrity",
  "keepalive",
  "method",
  "mode",
  "priority",
  "redirect",
  "referrer",
  "referrerPolicy",
  "signal",
  "window",
] as const

/** `dispatcher` is undici's. */
const MEMBERS = [...REQUEST_MEMBERS, "dispatcher"]

/**
 * The members of an init in a plain object. Each is read once and, as the platform does, through the prototype. So a
 * Request, an object with getters, or one that inherits works too.
 *
 * @param except a member that is not fetch's own.
 */
export function initMembers(init: object, except: string): RequestInit {
  const members: Record<string, unknown> = {}
  // Includes members of other runtimes and libraries.
  for (const name in init) if (name !== except) members[name] = Reflect.get(init, name)
  for (const name of MEMBERS) if (!(name in members) && name in init) members[name] = Reflect.get(init, name)
  // The headers may be read more than once.
  if (isIterator(members.headers)) members.headers = [...members.headers]
  return members
}

function isIterator(headers: unknown): headers is IterableIterator<unknown> {
  return typeof headers === "object" && headers !== null && Symbol.iterator in headers && "next" in headers
}

/** The members of an init that no Request holds, such as an `agent`. */
function otherMembers(init: RequestInit): RequestInit {
  const others: Record<string, unknown> = { ...init }
  for (const name of REQUEST_MEMBERS) delete others[name]
  return others
}
