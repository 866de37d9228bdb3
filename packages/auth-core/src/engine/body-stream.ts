import { AuthError } from "../errors/auth-error.ts"
import { abortable } from "../identity/abortable.ts"
import { isArrayBuffer } from "./body-brand.ts"
import { type BodyStream, isWebStream, type PipedStream } from "./is-stream.ts"

/** What was read of a stream. */
export type StreamRead =
  | { readonly bytes: Uint8Array; readonly rest?: undefined }
  /** It is longer than the limit: what was read and what is left, in one. */
  | { readonly bytes?: undefined; readonly rest: AsyncGenerator<Uint8Array> }

/**
 * Reads a stream to its end, but not much further than `limit` bytes. An abort ends the reading, and the stream.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` when it was read or closed before, or gives neither text nor bytes.
 */
export async function readStream(stream: BodyStream, limit: number, signal?: AbortSignal): Promise<StreamRead> {
  refuseConsumed(stream)
  const chunks = chunksOf(stream)
  const read: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await abortable(chunks.next(), signal)
      if (done) return { bytes: concatenated(read, size) }
      const chunk = asBytes(value)
      read.push(chunk)
      size += chunk.byteLength
      if (size > limit) {
        const rest = continued(read, chunks)
        // One that has not begun would not free its source when it is ended.
        await rest.next()
        return { rest }
      }
    }
  } catch (error) {
    chunks.cancel(error)
    throw error
  }
}

interface ChunkSource {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  /** Frees the source, also while a `next` is pending. */
  cancel(reason?: unknown): void
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

async function* continued(read: readonly Uint8Array[], chunks: ChunkSource): AsyncGenerator<Uint8Array> {
  let ended = false
  try {
    yield new Uint8Array(0)
    yield* read
    for (;;) {
      const { done, value } = await chunks.next()
      if (done) {
        ended = true
        return
      }
      yield asBytes(value)
    }
  } finally {
    if (!ended) chunks.cancel()
  }
}

/** What happens to a stream that nobody reads any more is nobody's concern. */
function quietly(work: PromiseLike<unknown> | undefined): void {
  work?.then(undefined, () => undefined)
}

/** Not every stream tells that it was read: a second reading of a generator would give an empty body, well signed. */
const readBefore = new WeakSet<object>()

function refuseConsumed(body: object): void {
  const consumed =
    readBefore.has(body) ||
    ("locked" in body && body.locked === true) ||
    ("readableDidRead" in body && body.readableDidRead === true) ||
    ("destroyed" in body && body.destroyed === true)
  if (consumed) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "The body stream was read or closed before, so its bytes cannot be sent: give a new stream for each request, or bytes.",
    )
  }
  readBefore.add(body)
}

function asBytes(chunk: unknown): Uint8Array {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk)
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (isArrayBuffer(chunk)) return new Uint8Array(chunk)
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `The body stream gave ${Object.prototype.toString.call(chunk)}: it must give strings or bytes.`,
  )
}

function concatenated(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
