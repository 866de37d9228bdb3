import { isStream, readableStreamOf } from "@countersign/auth-core"

/**
 * A body that axios sends as it is meant. Of a view into a larger buffer it would send the whole buffer, and of an async
 * generator an empty JSON object.
 */
export function exactBody(data: unknown): unknown {
  if (ArrayBuffer.isView(data) && data.byteLength !== data.buffer.byteLength) {
    const { buffer, byteOffset, byteLength } = data
    if (typeof Buffer === "function")
      return Buffer.isBuffer(data) ? data : Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
    return buffer.slice(byteOffset, byteOffset + byteLength)
  }
  return isStream(data) && !isClientStream(data) ? streamOf(data as AsyncIterable<Uint8Array>) : data
}

/** A body as the chosen adapter takes streams: Node's for http, the web's elsewhere. */
export function adapterBody(body: unknown, isHttp: boolean): unknown {
  if (!isStream(body)) return body instanceof Uint8Array && typeof Buffer === "function" ? bufferOf(body) : body
  if (isHttp) return "pipe" in body ? body : nodeStreamOf(body as AsyncIterable<Uint8Array>)
  if ("getReader" in body) return body
  if ("pipe" in body) return Symbol.asyncIterator in body ? body : pipedAnew(body)
  return readableStreamOf(body as AsyncIterable<Uint8Array>)
}

function isClientStream(stream: object): boolean {
  return "pipe" in stream || "getReader" in stream
}

function streamOf(chunks: AsyncIterable<Uint8Array>): unknown {
  return typeof process === "object" && "getBuiltinModule" in process ? nodeStreamOf(chunks) : readableStreamOf(chunks)
}

/** A stream of Node's first kind, such as npm's form-data, as one that can be iterated. */
function pipedAnew(stream: { pipe<Destination>(destination: Destination): Destination }): unknown {
  return stream.pipe(new (process.getBuiltinModule("node:stream").PassThrough)())
}

function nodeStreamOf(chunks: AsyncIterable<unknown>): unknown {
  return process.getBuiltinModule("node:stream").Readable.from(chunks, { objectMode: false })
}

/** The same memory: the http adapter takes no other bytes. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
