import { AuthError } from "../errors/auth-error.ts"
import { isArrayBuffer, isSpent } from "../runtime/has-brand.ts"
import { abortable } from "../runtime/promises.ts"
import { type BodyStream, isWebStream, type PipedStream } from "./wire-request.ts"

/** The chunks of a stream of any kind, one at a time. */
export interface ChunkSource {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  /** Frees the source, even while a `next` is pending. */
  cancel(reason?: unknown): void
}

/**
 * Starts to read a stream.
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

/** The chunks of a stream that nobody else reads. */
export function chunksOf(stream: BodyStream): ChunkSource {
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
      // `return` waits for a pending chunk. A Node stream can be destroyed at once.
      if ("destroy" in source && typeof source.destroy === "function") source.destroy()
      quietly(iterator.return?.())
    },
  }
}

/** Old-style Node streams, such as npm's form-data, cannot be iterated, and start only when piped. */
function newerNodeStream(stream: PipedStream): AsyncIterable<unknown> {
  const { PassThrough } = process.getBuiltinModule("node:stream")
  const piped = new PassThrough()
  stream.on("error", (error) => piped.destroy(error))
  return stream.pipe(piped)
}

/** Nobody reads the stream any more, so its errors do not matter. */
function quietly(work: PromiseLike<unknown> | undefined): void {
  work?.then(undefined, () => undefined)
}

/** Not every stream shows that it was read. A generator read twice would give an empty body with a valid signature. */
const readBefore = new WeakSet<object>()

/** Whether a stream was read or closed before. */
export function isConsumed(body: object): boolean {
  return readBefore.has(body) || isSpent(body)
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

/** The result of reading a stream. */
export type StreamRead =
  | { readonly bytes: Uint8Array; readonly rest?: undefined }
  /** The stream is longer than the limit. `rest` yields the part that was read and then the remainder. */
  | { readonly bytes?: undefined; readonly rest: AsyncGenerator<Uint8Array> }

/**
 * Reads a stream to its end, or until it is longer than `limit` bytes. An abort stops the reading and cancels the stream.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` when it was read or closed before, or gives neither text nor bytes.
 */
export async function readStream(stream: BodyStream, limit: number, signal?: AbortSignal): Promise<StreamRead> {
  const chunks = begin(stream)
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
        // A generator that has not started would not free its source on `return`.
        await rest.next()
        return { rest }
      }
    }
  } catch (error) {
    chunks.cancel(error)
    throw error
  }
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
