import { AuthError } from "../errors/auth-error.ts"

/** One request on the wire. The adapter sends it unchanged: it follows no redirects and adds nothing. */
export interface WireRequest {
  /** HTTP method, in the case in which it is sent. */
  readonly method: string
  /** As it is signed and sent. */
  readonly url: URL
  /** All headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** The headers that the auth added, by lower-case name. Secrets among them must not show. */
  readonly added: Readonly<Record<string, string>>
  /**
   * Bytes if the auth needed them. Otherwise the caller's body, or an async iterable in place of a stream that was begun.
   */
  readonly body: unknown
  /** How many redirects led here. */
  readonly redirects: number
  /** False if this URL may not see credentials. The client may then treat it as if there were no auth. */
  readonly authenticated: boolean
}

/** How much of an error body is read, and for how long the response is held back for it. */
export interface PeekLimits {
  /** Characters or bytes. The gateway's error bodies have a few hundred. */
  readonly length: number
  /** Milliseconds. The gateway sends its error bodies with their headers. */
  readonly ms: number
}

/** The part of a client's response that the engine needs; a fetch Response fits as it is. */
export interface ResponseLike {
  /** HTTP status. */
  readonly status: number
  /** Gives the value of a header, whatever the case of its name. */
  readonly headers: { get(name: string): unknown }
  /** `opaqueredirect` where a browser hides a redirect, as in a Response. */
  readonly type?: string | undefined
  /**
   * The text of the body, which stays readable for the caller; `undefined` if that is impossible, or exceeds the limits.
   */
  peek?(limits: PeekLimits): string | undefined | Promise<string | undefined>
  /** The client cannot send the request again: a rejection is judged, but never replayed. */
  readonly isLast?: boolean | undefined
  /** Frees the connection of a response that nobody will read. */
  discard?(): void | Promise<void>
}

/** Whether a status rejects the authentication, or the authenticated caller. */
export function isRejection(status: number | undefined): boolean {
  return status === 401 || status === 403
}

/**
 * The URL as it goes on the wire: absolute, percent-encoded once, without a fragment. A space in the query is `%20`, never
 * `+`, because servers disagree on what a signed `+` means.
 *
 * @param url is not changed. It is returned itself if it already has this form.
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, malformed, or not http(s).
 */
export function wireUrl(url: string | URL): URL {
  const parsed = typeof url === "string" ? parse(url) : url
  if (!isHttp(parsed)) throw noHttpUrl()
  if (parsed.hash === "" && !parsed.search.includes("+")) return parsed
  const finished = new URL(parsed)
  finished.hash = ""
  // Setting an empty query would remove its question mark.
  if (finished.search !== "") finished.search = finished.search.replaceAll("+", "%20")
  return finished
}

/** Whether it is a URL of http or https. */
export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:"
}

/** @param base the base of a relative URL, if there is one. */
export function parse(url: string, base?: string | URL): URL {
  try {
    return new URL(url, base)
  } catch (cause) {
    throw noHttpUrl(cause)
  }
}

/** A URL, relative to the page in a browser; `undefined` for anything else. */
export function urlIfValid(
  text: string | URL = "",
  base: string | URL | undefined = globalThis.location?.href,
): URL | undefined {
  return text !== "" && URL.canParse(text, base) ? new URL(text, base) : undefined
}

function noHttpUrl(cause?: unknown): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", "No full http(s) URL: give one, or a base URL to the client.", {
    cause,
  })
}

/** The runtime's own fetch. One that replaces it later, such as a mock, counts as the caller's. */
export const platformFetch = globalThis.fetch

/** Whether it is a Request of any library. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input
}

/** A body, as far as it had to be read. */
export interface PreparedBody {
  /** The content to send: bytes if they were read, else the caller's body, or an async iterable of a stream that is too long. */
  readonly content: unknown
  /** The bytes of `content`; `null` for no body, `undefined` if it was left unread. */
  readonly bytes: string | Uint8Array | null | undefined
  /** Content-Type that goes with the bytes, when the kind of body dictates one (a form's boundary, a Blob's type). */
  readonly contentType?: string | undefined
  /** Adds that Content-Type to headers that lack it. */
  withType?(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>>
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean
  /** The body turned out larger than the limit. */
  readonly exceedsLimit: boolean
  /** For a stream: frees the source of `content`, which will not be sent after all. */
  discard?(reason?: unknown): void
  /** For a stream that is kept as it passes: no further attempt follows. */
  release?(): void
}

/** A body that can be sent again. Its `bytes` are absent if it was left unread. */
export function replayableBody(content: unknown, bytes?: PreparedBody["bytes"], exceedsLimit = false): PreparedBody {
  return { content, bytes, replayable: true, exceedsLimit }
}

/** A body that can be read only once: a web or Node stream, an async iterable, a generator. */
export type BodyStream = ReadableStream | AsyncIterable<unknown> | Iterable<unknown> | PipedStream

/** A Node stream of any kind. Declared without the types of Node, which a browser's project lacks. */
export interface PipedStream {
  pipe<Destination>(destination: Destination): Destination
  on(event: "error", listener: (error: Error) => void): unknown
}

/** Whether a body can be read only once. */
export function isStream(value: unknown): value is BodyStream {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false
  const { pipe, next }: { pipe?: unknown; next?: unknown } = value
  const isFlowing = isWebStream(value) || Symbol.asyncIterator in value || typeof pipe === "function"
  return isFlowing || (next !== undefined && Symbol.iterator in value)
}

/** Whether it is a web stream of any realm. */
export function isWebStream(value: object): value is ReadableStream {
  return typeof (value as Partial<ReadableStream>).getReader === "function"
}
