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
