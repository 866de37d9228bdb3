import { AuthError } from "../errors/auth-error.ts"
import { isArrayBuffer } from "./body-brand.ts"
import { type BodyStream, isWebStream, type PipedStream } from "./is-stream.ts"

/** The chunks of a stream of any kind, one at a time. */
export interface ChunkSource {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  /** Frees the source, also while a `next` is pending. */
  cancel(reason?: unknown): void
}

/**
 * Begins to read a stream.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` when it was read or closed before.
 */
export function begin(stream: BodyStream): ChunkSource {
  if (isConsumed(stream)) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "The body stream was read or closed before, so its bytes cannot be sent: give a new stream for each request, or bytes.",
    )
  }
  readBefore.add(stream)
  return chunksOf(stream)
}

function chunksOf(stream: BodyStream): ChunkSource {
  if (isWebStream(stream)) {
    const reader = stream.getReader()
    return { next: () => reader.read(), cancel: (reason) => quietly(reader.cancel(reason)) }
  }
  if (!(Symbol.asyncIterator in stream) && Symbol.iterator in stream) {
    const iterator = stream[Symbol.iterator]()
    return { next: async () => iterator.next(), cancel: () => void iterator.return?.() }
  }
  const source = Symbol.asyncIterator in stream ? stream : newerNodeStream(stream)
  const iterator = source[Symbol.asyncIterator]()
  return {
    next: () => iterator.next(),
    cancel() {
      // An iterator would wait for the chunk that is pending; a Node stream can be ended at once.
      if ("destroy" in source && typeof source.destroy === "function") source.destroy()
      quietly(iterator.return?.())
    },
  }
}

/** Streams of Node's first kind, such as the npm form-data package, cannot be iterated, and begin only when piped. */
function newerNodeStream(stream: PipedStream): AsyncIterable<unknown> {
  const { PassThrough } = process.getBuiltinModule("node:stream")
  const piped = new PassThrough()
  stream.on("error", (error) => piped.destroy(error))
  return stream.pipe(piped)
}

/** Nobody reads the stream any more, so nobody needs to know how it ends. */
function quietly(work: PromiseLike<unknown> | undefined): void {
  work?.then(undefined, () => undefined)
}

/** Not every stream tells that it was read: a second reading of a generator would give an empty body, well signed. */
const readBefore = new WeakSet<object>()

/** Whether a stream was read or closed before. */
export function isConsumed(body: object): boolean {
  return (
    readBefore.has(body) ||
    ("locked" in body && body.locked === true) ||
    ("readableDidRead" in body && body.readableDidRead === true) ||
    ("destroyed" in body && body.destroyed === true)
  )
}

/** @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for a chunk that is neither text nor bytes. */
export function asBytes(chunk: unknown): Uint8Array {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk)
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (isArrayBuffer(chunk)) return new Uint8Array(chunk)
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `The body stream gave ${Object.prototype.toString.call(chunk)}: it must give strings or bytes.`,
  )
}
