import { isArrayBuffer, isBlob, isFormData, isSearchParams } from "../runtime/has-brand.ts"
import { isStream, type ResponseLike } from "./wire-request.ts"

/**
 * For clients that send the items of any iterable one by one. Turns such an iterable into an iterator, so that it is read
 * as a stream. Returns every other body unchanged.
 */
export function iterableBody(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !(Symbol.iterator in body)) return body
  if (ArrayBuffer.isView(body) || isStream(body) || isFormData(body) || isSearchParams(body)) return body
  return itemsOf(body as Iterable<unknown>)
}

function* itemsOf(items: Iterable<unknown>): Generator<unknown> {
  yield* items
}

/** A web stream that asks the iterable for a chunk only when one is read. Cancelling it ends the iterable. */
export function streamBody(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A body for clients of node:http: bytes as a Buffer, any stream as a Node stream. Outside Node as `webBody` does. */
export function nodeBody(body: unknown): unknown {
  if (typeof globalThis.process?.getBuiltinModule !== "function") return webBody(body)
  // Shares the memory.
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength)
  if (!isStream(body) || "pipe" in body) return body
  const { Readable } = process.getBuiltinModule("node:stream")
  return Readable.from(body as AsyncIterable<unknown>, { objectMode: false })
}

/**
 * A body for fetch: any stream as a web stream, or as a Node stream that can be iterated; the bytes of a view as a buffer of
 * their own, because some clients send the whole buffer.
 */
export function webBody(body: unknown): unknown {
  if (ArrayBuffer.isView(body) && body.byteLength < body.buffer.byteLength) {
    return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength)
  }
  if (!isStream(body) || "getReader" in body) return body
  if (!("pipe" in body)) return streamBody(awaited(body as AsyncIterable<Uint8Array>))
  if (Symbol.asyncIterator in body) return body
  // An old-style Node stream, such as npm's form-data.
  const { PassThrough } = process.getBuiltinModule("node:stream")
  return (body as NodeJS.ReadableStream).pipe(new PassThrough())
}

/** The headers of npm's form-data, a stream that knows its own boundary; `undefined` for any other body. */
export function ownBodyHeaders(body: unknown): Record<string, string> | undefined {
  const { getHeaders } = Object(body)
  return typeof getHeaders === "function" ? getHeaders.call(body) : undefined
}

/** Also takes sync iterables. */
async function* awaited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** For a client that has read the body of a response. A stream is left unread, and freed if nobody will read it. */
export function bodyAtHand(body: unknown): Required<Pick<ResponseLike, "peek" | "discard">> {
  return { peek: ({ length }) => textOf(body, length), discard: () => letGo(body) }
}

function textOf(body: unknown, longest: number): string | undefined | Promise<string> {
  if (typeof body === "string") return body.length > longest ? undefined : body
  if (isBlob(body)) return body.size > longest ? undefined : body.text()
  if (!isArrayBuffer(body) && !ArrayBuffer.isView(body)) return undefined
  return body.byteLength > longest ? undefined : new TextDecoder().decode(body)
}

async function letGo(body: unknown): Promise<void> {
  if (body instanceof ReadableStream && !body.locked) await body.cancel()
  else if (typeof body === "object" && body !== null && "destroy" in body && typeof body.destroy === "function") {
    body.destroy()
  }
}
