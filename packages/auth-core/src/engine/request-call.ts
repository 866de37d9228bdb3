import { MAX_SIGNED_BODY_BYTES } from "../runtime/body-size.ts"
import { isMocked } from "../runtime/proxy.chunk.ts"
import { readFormOrStream } from "./form-or-stream.ts"
import { isRequest } from "./wire-request.ts"

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
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = input[name as keyof typeof USUAL]
    // Only a browser may navigate, so fetch refuses this mode.
    if (value !== undefined && value !== usual && value !== "navigate") Object.assign(own, { [name]: value })
  }
  // `init` prevails, as it does in fetch.
  for (const [name, value] of Object.entries(given)) if (value !== undefined) Object.assign(own, { [name]: value })
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
}

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
export function requestClass(request: Request): typeof Request {
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
