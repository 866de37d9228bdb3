import { MAX_SIGNED_BODY_BYTES } from "../cloud/body-size.ts"
import { AuthError } from "../errors/auth-error.ts"
import { isArrayBuffer, isSpent } from "../runtime/has-brand.ts"
import { abortable } from "../runtime/promises.ts"
import { type BodyStream, isWebStream, type PipedStream, type PreparedBody } from "./wire-request.ts"

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
function begin(stream: BodyStream): ChunkSource {
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
function isConsumed(body: object): boolean {
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

/**
 * A stream that goes out unread. Its chunks are kept as they pass, up to 12 MB, so that it can be sent again. Each
 * iteration starts at the beginning and takes over from the one before. Chunks are read only on demand, and never copied.
 */
class KeptBody implements PreparedBody, AsyncIterable<Uint8Array> {
  readonly content = this
  readonly bytes = undefined
  readonly exceedsLimit = false
  readonly #stream: BodyStream
  #source: ChunkSource | undefined
  /** `undefined` once the stream can no longer be sent again. */
  #chunks: Uint8Array[] | undefined = []
  #size = 0
  #passed = 0
  #isOver = false
  #pending: Promise<Uint8Array | undefined> | undefined
  /** The number of readers so far. Only the newest one may read. */
  #readers = 0
  /** No reader is active. */
  #isLeft = true
  /** The stream may be sent again. */
  #isHeld = true

  constructor(stream: BodyStream) {
    this.#stream = stream
  }

  get replayable(): boolean {
    return this.#chunks !== undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#readers += 1
    this.#isLeft = false
    const reader = this.#readers
    let index = 0
    return {
      next: async () => {
        this.#refuseLate(reader)
        let chunk = this.#kept(index)
        if (chunk === undefined && !this.#isOver) {
          this.#pending ??= this.#advance()
          chunk = await this.#pending
          // A newer reader took over meanwhile. The chunk is kept for it.
          this.#refuseLate(reader)
        }
        index += 1
        return chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk }
      },
      return: async () => {
        if (reader === this.#readers) {
          this.#isLeft = true
          if (!this.#isHeld) this.discard()
        }
        return { done: true, value: undefined }
      },
    }
  }

  /** The stream is not sent again. Its source is freed as soon as nobody reads it. */
  release(): void {
    this.#isHeld = false
    if (this.#isLeft) this.discard()
  }

  /** The stream is not sent at all. */
  discard(reason?: unknown): void {
    this.#chunks = undefined
    if (this.#isOver) return
    this.#isOver = true
    this.#begun().cancel(reason)
  }

  #refuseLate(reader: number): void {
    if (reader !== this.#readers) throw new Error("The request was sent anew, and this attempt is over.")
  }

  #kept(index: number): Uint8Array | undefined {
    if (index < this.#passed && this.#chunks === undefined) {
      throw new AuthError(
        "AUTH_BODY_UNSIGNABLE",
        `More than ${MAX_SIGNED_BODY_BYTES} bytes of the body stream were sent already, so it cannot be sent again: give bytes.`,
      )
    }
    return this.#chunks?.[index]
  }

  async #advance(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#begun().next()
      if (!done) return this.#keep(asBytes(value))
      this.#isOver = true
      return undefined
    } catch (error) {
      this.#chunks = undefined
      throw error
    } finally {
      this.#pending = undefined
    }
  }

  #begun(): ChunkSource {
    this.#source ??= begin(this.#stream)
    return this.#source
  }

  #keep(chunk: Uint8Array): Uint8Array {
    this.#passed += 1
    this.#size += chunk.byteLength
    if (this.#size > MAX_SIGNED_BODY_BYTES) this.#chunks = undefined
    else this.#chunks?.push(chunk)
    return chunk
  }
}

/**
 * Prepares a stream that goes out unread. It is kept as it passes, except for one that was consumed before, which the
 * client refuses, and npm's form-data, which tells the client its type and length.
 */
export function keptBody(stream: BodyStream, asIs: boolean | undefined): PreparedBody {
  if (stream instanceof KeptBody) return stream
  if (!asIs && !("getHeaders" in stream) && !isConsumed(stream)) return new KeptBody(stream)
  return { content: stream, bytes: undefined, replayable: false, exceedsLimit: false }
}
