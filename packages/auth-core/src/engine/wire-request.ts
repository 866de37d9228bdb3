import { AuthError } from "../errors/auth-error.ts"

/** One request on the wire, for the adapter to send as it stands: no redirects followed, nothing added. */
export interface WireRequest {
  readonly method: string
  readonly url: URL
  /** All headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Those among them that the auth added, by lower-case name. Secrets among them must not show. */
  readonly added: Readonly<Record<string, string>>
  /** Bytes when the auth needed them; else what the caller gave, or an async iterable in place of a stream that was begun. */
  readonly body: unknown
  /** How many redirects led here. */
  readonly redirects: number
  /** False when this URL may not see credentials: the client may then treat it as if there were no auth. */
  readonly authenticated: boolean
}

/** How much of an error body is looked into, and for how long the answer is held back for it. */
export interface PeekLimits {
  /** Characters or bytes; the gateway's error bodies have some hundred. */
  readonly length: number
  /** Milliseconds; the gateway's come with their headers. */
  readonly ms: number
}

/** The part of a client's response that the engine needs; a fetch Response fits as it is. */
export interface ResponseLike {
  readonly status: number
  readonly headers: { get(name: string): unknown }
  /** `opaqueredirect` where a browser hides a redirect, as in a Response. */
  readonly type?: string | undefined
  /** Text of the body, left readable for the caller; `undefined` when it cannot be had so, or not within the limits. */
  peek?(limits: PeekLimits): string | undefined | Promise<string | undefined>
  /** Frees the connection of a response that nobody will read. */
  discard?(): void | Promise<void>
}

/** Whether it sends the client elsewhere. */
export function isRedirect({ status }: ResponseLike): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Whether it refuses the authentication, or who was authenticated. */
export function isRejection({ status }: ResponseLike): boolean {
  return status === 401 || status === 403
}

/**
 * The URL as it goes on the wire: absolute, one percent-encoding, no fragment, a space in the query as `%20` and never `+`
 * (servers disagree on what a signed `+` means).
 *
 * @param url stays as it is; one that is finished already is given back itself.
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, malformed, or not http(s).
 */
export function wireUrl(url: string | URL): URL {
  const parsed = typeof url === "string" ? parse(url) : url
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") throw noHttpUrl()
  if (parsed.hash === "" && !parsed.search.includes("+")) return parsed
  const finished = new URL(parsed)
  finished.hash = ""
  // Set to nothing, an empty query would lose its question mark.
  if (finished.search !== "") finished.search = finished.search.replaceAll("+", "%20")
  return finished
}

/** @param base what a relative URL is relative to, if anything. */
export function parse(url: string, base?: string | URL): URL {
  try {
    return new URL(url, base)
  } catch (cause) {
    throw noHttpUrl(cause)
  }
}

function noHttpUrl(cause?: unknown): AuthError {
  return new AuthError(
    "AUTH_INVALID_REQUEST",
    "Only a full http or https URL names a host to authenticate for: give one, or set the client's base URL.",
    { cause },
  )
}

/** The runtime's own fetch. What takes its place later, such as a mock, is the caller's. */
export const platformFetch = globalThis.fetch

/** Whether it is a Request, also one of another library. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input
}

/** A body, as far as it had to be read. */
export interface PreparedBody {
  /** The content to send: the bytes when they were read, else the caller's body, or the rest of a stream that was too long. */
  readonly content: unknown
  /** The bytes of `content`; `null` for no body, `undefined` when it was left unread. */
  readonly bytes: string | Uint8Array | null | undefined
  /** Content-Type that goes with the bytes, when the kind of body dictates one (a form's boundary, a Blob's type). */
  readonly contentType?: string | undefined
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean
  /** The body turned out larger than the limit. */
  readonly exceedsLimit: boolean
  /** Frees the source of `content`, which will not be sent after all; for a stream. */
  discard?(reason?: unknown): void
  /** Tells a stream that is kept as it passes that no further attempt follows. */
  release?(): void
}

/** A body that is text or bytes. */
export function bufferedBody(content: string | Uint8Array, exceedsLimit: boolean): PreparedBody {
  return { content, bytes: content, replayable: true, exceedsLimit }
}

/** A body that can be read only once: a web or Node stream, an async iterable, a generator. */
export type BodyStream = ReadableStream | AsyncIterable<unknown> | Iterable<unknown> | PipedStream

/** A Node stream of any kind, said without the types of Node, which a browser's project lacks. */
export interface PipedStream {
  pipe<Destination>(destination: Destination): Destination
  on(event: "error", listener: (error: Error) => void): unknown
}

/** Whether a body can be read only once. */
export function isStream(value: unknown): value is BodyStream {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false
  if (isWebStream(value) || Symbol.asyncIterator in value) return true
  if ("pipe" in value && typeof value.pipe === "function") return true
  return "next" in value && Symbol.iterator in value
}

/** Whether it is a web stream, of whatever realm. */
export function isWebStream(value: object): value is ReadableStream {
  return "getReader" in value && typeof value.getReader === "function"
}
