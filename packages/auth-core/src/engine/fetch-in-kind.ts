import { MAX_SIGNED_BODY_BYTES } from "../cloud/body-size.ts"
import type { Fetch } from "../runtime/http.ts"
import { isMocked } from "../runtime/proxy.chunk.ts"
import { streamBody } from "./client-body.ts"
import { readFormOrStream } from "./form-or-stream.ts"
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
  if (asIs && isSameUrl && body === own) delete init.body
  else init.body = sendable(body, own)
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
  const names = Object.keys(own)
  return names.every((name) => name === name.toLowerCase()) ? headers : spelledAs(names, headers)
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

/** A call of fetch as its caller made it. */
export interface Asked {
  readonly input: string | URL | Request
  /** The init that was passed with it. */
  readonly given: RequestInit
  /** The URL may not see credentials, but the caller's own headers hold secrets. */
  readonly isBare: boolean
}

export interface FetchCall extends Asked {
  /** The init, completed from the Request. */
  readonly init: RequestInit
  readonly signal: AbortSignal | undefined
  /** The body is the Request's own stream, too long to be kept. It goes out unwrapped. */
  readonly asIs?: boolean
}

/** Prepares a call with a Request of any library, or with a signal that is not the platform's. */
export function requestCall(asked: Asked): FetchCall | Promise<FetchCall> {
  const { input, given } = asked
  if (!isRequest(input)) return { ...asked, init: given, signal: platformSignal(given.signal) }
  // The spread copies the fields that other libraries add, such as an `agent`.
  const own: RequestInit = { ...input, method: input.method, headers: input.headers, signal: input.signal }
  for (const name of USUAL_NAMES) {
    const value = input[name]
    // Only a browser may navigate, so fetch refuses this mode.
    if (value !== undefined && value !== USUAL[name] && value !== "navigate") Reflect.set(own, name, value)
  }
  // `init` prevails, as it does in fetch.
  for (const name of Object.keys(given)) {
    const value: unknown = Reflect.get(given, name)
    if (value !== undefined) Reflect.set(own, name, value)
  }
  const signal = platformSignal(own.signal)
  const body = given.body ?? null
  if (body !== null || input.body === null) return { ...asked, init: { ...own, body }, signal }
  return bodyOf(input, signal).then(({ body: read, asIs = false }) => ({
    ...asked,
    init: { ...own, body: (isMocked(own) ? asText(read, own.headers) : read) as BodyInit },
    signal,
    asIs,
  }))
}

/** The defaults of a Request. They are left out, because fetch is slow to read them again. */
const USUAL = {
  redirect: "follow",
  credentials: "same-origin",
  cache: "default",
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
} as const
const USUAL_NAMES = Object.keys(USUAL) as (keyof typeof USUAL)[]

/**
 * A Request can be sent only once. If it was not made from a stream, its body is read, up to the size that can be kept for
 * a replay. A stream is read as it is sent.
 */
async function bodyOf(
  request: Request,
  signal: AbortSignal | undefined,
): Promise<Pick<FetchCall, "asIs"> & { body: unknown }> {
  // node-fetch does not tell what a Request was made from, and its clone waits until both are read.
  if (!(request instanceof Request || "duplex" in request)) {
    const { body }: Request = request
    const { content } = await readFormOrStream(body, MAX_SIGNED_BODY_BYTES, signal)
    return { body: content }
  }
  const clone = request.clone()
  const known = atHand(clone)
  if (known === undefined) {
    drop(clone.body)
    return { body: request.body }
  }
  const { bytes, discard } = await readFormOrStream(await streamOf(known), MAX_SIGNED_BODY_BYTES, signal)
  // Cloning replaced the body.
  const { body } = request
  if (bytes === undefined) {
    discard?.()
    return { body, asIs: true }
  }
  drop(body)
  // A browser that hides the stream also hides whether there is a body.
  return { body: body === undefined && bytes?.length === 0 ? null : bytes }
}

/** Decodes bytes that are text, if they have a content type. Without one, fetch would add its own for a text. */
function asText(body: unknown, headers: HeadersInit | undefined): unknown {
  if (!(body instanceof Uint8Array) || !new Headers(headers).has("content-type")) return body
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return body
  }
}

/** The same Request, or `undefined` if it was made from a stream: mode `no-cors` allows no stream. */
function atHand(request: Request): Request | undefined {
  try {
    return new (requestClass(request))(request, { mode: "no-cors", method: "POST" })
  } catch {
    return undefined
  }
}

/** Not every browser shows the stream of a Request. */
function streamOf(request: Request): ReadableStream | Promise<ArrayBuffer> {
  return (request.body as ReadableStream | undefined) ?? request.arrayBuffer()
}

/** Drops one half of a cloned body. The other half may still be read. */
function drop(body: ReadableStream | null): void {
  body?.cancel().catch(() => undefined)
}

/** The class of this Request, to create another one. */
function requestClass(request: Request): typeof Request {
  return request instanceof Request ? Request : ((request as object).constructor as typeof Request)
}

/** Keyed by the signal that each follows, so that a signal shared by many requests has one listener. */
const followers = new WeakMap<AbortSignal, AbortSignal>()

/** A signal of the platform. One of a polyfill may lack `reason` and `throwIfAborted`. */
export function platformSignal(signal: AbortSignal | null | undefined): AbortSignal | undefined {
  if (signal === null || signal === undefined || isPlatforms(signal)) return signal ?? undefined
  // The client refuses a value that is not a signal.
  if (typeof signal.addEventListener !== "function") return undefined
  const known = followers.get(signal)
  if (known !== undefined) return known
  const follower = new AbortController()
  const follow = (): void => follower.abort(signal.reason)
  if (signal.aborted) follow()
  else signal.addEventListener("abort", follow, { once: true })
  followers.set(signal, follower.signal)
  return follower.signal
}

function isPlatforms(signal: object): boolean {
  return signal instanceof AbortSignal
}
