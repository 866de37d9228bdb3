import { abortable } from "../identity/abortable.ts"
import { asBytes, begin, type ChunkSource } from "./chunk-source.ts"
import type { BodyStream } from "./is-stream.ts"

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
