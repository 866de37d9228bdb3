import { isArrayBuffer, isBlob, isFormData, isStream, readableStreamOf } from "@countersign/auth-core"
import type { AxiosError, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-of.ts"

/**
 * A body that axios sends as it is meant. Of a view into a larger buffer it would send the whole buffer, and of an async
 * generator an empty JSON object.
 */
export function exactBody(data: unknown): unknown {
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteOffset, byteLength } = data
    if (byteLength === buffer.byteLength) return data
    return isNode() ? bufferOf(data) : buffer.slice(byteOffset, byteOffset + byteLength)
  }
  return isStream(data) && !("pipe" in data) && !("getReader" in data) ? streamFor(data, !isNode()) : data
}

/** A body as an adapter takes it: http takes Buffers and Node's streams only, fetch no stream of Node's first kind. */
export function adapterBody(body: unknown, isFetch: boolean): unknown {
  if (ArrayBuffer.isView(body)) return isNode() ? bufferOf(body) : body
  return isStream(body) ? streamFor(body, isFetch || !isNode()) : body
}

/**
 * A stream that keeps to `maxBodyLength`, as axios' oldest http adapter leaves to the package that follows redirects for it.
 */
export function limitedBody(body: unknown, config: InternalAxiosRequestConfig): unknown {
  const { maxBodyLength = -1 } = config
  if (maxBodyLength < 0 || !isStream(body) || !(Symbol.asyncIterator in body)) return body
  return streamFor(limited(body as AsyncIterable<Uint8Array>, maxBodyLength, config), false)
}

async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  config: InternalAxiosRequestConfig,
): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const chunk of chunks) {
    length += Buffer.byteLength(chunk)
    if (length > limit) {
      const { AxiosError } = axiosOf(config)
      throw new AxiosError("Request body larger than maxBodyLength limit", AxiosError.ERR_BAD_REQUEST, config)
    }
    yield chunk
  }
}

/** Whether axios learns the Content-Type of a body only when it sends it; until then it shows a stopgap. */
export function hasOwnContentType(data: unknown): boolean {
  return isFormData(data) || isBlob(data) || isNpmFormData(data)
}

/** The Content-Type that axios will give to such a body, as far as it can be known before. */
export function ownContentType(data: unknown): string | undefined {
  if (isBlob(data)) return data.type || "application/octet-stream"
  return isNpmFormData(data) ? data.getHeaders()["content-type"] : undefined
}

/** What npm's form-data has axios' http adapter send besides its Content-Type, by lower-case name. */
export function formHeaders({ data, formDataHeaderPolicy }: InternalAxiosRequestConfig): Record<string, string> {
  if (!isNpmFormData(data) || formDataHeaderPolicy === "content-only") return {}
  const { "content-type": _, ...others } = data.getHeaders()
  return others
}

/** The error of axios' http adapter for a body that it does not take; `undefined` where it takes it. */
export function unsendableError(config: InternalAxiosRequestConfig): AxiosError | undefined {
  const { data } = config
  const isBytes = typeof data === "string" || isArrayBuffer(data) || ArrayBuffer.isView(data)
  if (!data || isBytes || hasOwnContentType(data) || isStream(data)) return undefined
  const { AxiosError } = axiosOf(config)
  const message = "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
  return new AxiosError(message, AxiosError.ERR_BAD_REQUEST, config)
}

/** The error by which axios tells that a Node stream failed, or was closed before its end; `undefined` when it was not that. */
export function bodyError(config: InternalAxiosRequestConfig, error: unknown): unknown {
  const { data } = config
  if (typeof data !== "object" || data === null || !("destroyed" in data) || !(error instanceof Error)) return undefined
  const { AxiosError, CanceledError } = axiosOf(config)
  if ("errored" in data && data.errored === error) return AxiosError.from(error, undefined, config)
  const isClosed = data.destroyed && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE"
  return isClosed ? new CanceledError("Request stream has been aborted", config) : undefined
}

function isNpmFormData(data: unknown): data is { getHeaders(): Record<string, string> } {
  return typeof data === "object" && data !== null && "getHeaders" in data && typeof data.getHeaders === "function"
}

function streamFor(stream: object, isWeb: boolean): unknown {
  if ("pipe" in stream)
    return !isWeb || Symbol.asyncIterator in stream ? stream : piped(stream as NodeJS.ReadableStream)
  if (isWeb) return "getReader" in stream ? stream : readableStreamOf(chunksOf(stream as AsyncIterable<Uint8Array>))
  return process.getBuiltinModule("node:stream").Readable.from(stream as AsyncIterable<unknown>, { objectMode: false })
}

/** Also of what can be iterated without waiting. */
async function* chunksOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** A stream of Node's first kind, such as npm's form-data, as one that can be iterated. */
function piped(stream: NodeJS.ReadableStream): NodeJS.ReadableStream {
  const { PassThrough } = process.getBuiltinModule("node:stream")
  return stream.pipe(new PassThrough())
}

/** The same memory. */
function bufferOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

function isNode(): boolean {
  return typeof globalThis.process?.getBuiltinModule === "function"
}
