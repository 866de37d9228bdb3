import { AuthError } from "../errors/auth-error.ts"
import { MAX_SIGNED_BODY_BYTES } from "../runtime/body-size.ts"
import { asBytes, begin, type ChunkSource, isConsumed } from "./chunk-source.ts"
import type { BodyStream, PreparedBody } from "./wire-request.ts"

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
