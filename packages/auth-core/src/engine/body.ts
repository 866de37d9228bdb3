import { AuthError } from "../errors/auth-error.ts"
import { type BodyStream, isStream, readStream } from "./body-stream.ts"

/** A body, as far as it had to be read. */
export interface PreparedBody {
  /** What to send: the bytes when they were read, else what the caller gave, or the rest of a stream that was too long. */
  readonly content: unknown
  /** The bytes of `content`; `null` for no body, `undefined` when it was left unread. */
  readonly bytes: string | Uint8Array | null | undefined
  /** Content-Type that goes with the bytes, when the kind of body dictates one (a form's boundary, a Blob's type). */
  readonly contentType?: string | undefined
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean
  /** The body turned out larger than the limit. */
  readonly exceedsLimit: boolean
}

/**
 * How much is kept of a body that a client turned into a stream, so that it can be sent again: as much as can be signed,
 * 12 MB (12 * 1024 * 1024 bytes).
 */
export const MAX_REPLAYABLE_BYTES = 12 * 1024 * 1024

const NO_BODY: PreparedBody = { content: null, bytes: null, replayable: true, exceedsLimit: false }

/** The body as the caller gave it, not looked into. */
export function unreadBody(body: unknown): PreparedBody {
  if (body === null || body === undefined) return NO_BODY
  return { content: body, bytes: undefined, replayable: !isStream(body), exceedsLimit: false }
}

/**
 * Turns a body into the bytes that will be sent, without a copy where it already is bytes.
 *
 * Takes strings, URLSearchParams, FormData, Blob, ArrayBuffer and every view of one, Node and web streams, async
 * iterables of strings or bytes. A stream is read up to `limit` bytes; past it, `content` is an async iterable of what was
 * read and what is left.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for any other kind, and for a stream that was consumed before.
 */
export function readBody(body: unknown, limit: number, signal?: AbortSignal): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (typeof body === "string") return known(body, utf8Exceeds(body, limit))
  if (body instanceof Uint8Array) return known(body, body.byteLength > limit)
  if (ArrayBuffer.isView(body)) return readBody(new Uint8Array(body.buffer, body.byteOffset, body.byteLength), limit)
  if (isArrayBuffer(body)) return readBody(new Uint8Array(body), limit)
  if (body instanceof URLSearchParams) {
    const text = body.toString()
    return { ...known(text, text.length > limit), contentType: "application/x-www-form-urlencoded;charset=UTF-8" }
  }
  if (isBlob(body)) return readBlob(body, limit)
  if (isFormData(body)) return readFormData(body, limit)
  if (isStream(body)) return readStreamBody(body, limit, signal)
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `A body of kind ${Object.prototype.toString.call(body)} cannot be turned into bytes: send a string, bytes, a form, a Blob or a stream.`,
  )
}

function known(content: string | Uint8Array, exceedsLimit: boolean): PreparedBody {
  return { content, bytes: content, replayable: true, exceedsLimit }
}

function utf8Exceeds(text: string, limit: number): boolean {
  if (text.length > limit) return true
  // A UTF-16 unit takes three bytes at the most, so most texts need no count.
  return text.length * 3 > limit && new TextEncoder().encode(text).byteLength > limit
}

async function readBlob(blob: Blob, limit: number): Promise<PreparedBody> {
  if (blob.size > limit) return { content: blob, bytes: undefined, replayable: true, exceedsLimit: true }
  const bytes = new Uint8Array(await blob.arrayBuffer())
  return { ...known(bytes, false), contentType: blob.type === "" ? undefined : blob.type }
}

async function readFormData(form: FormData, limit: number): Promise<PreparedBody> {
  if (filesExceed(form, limit)) return { content: form, bytes: undefined, replayable: true, exceedsLimit: true }
  const encoded = new Response(form)
  // Asked before: Bun forgets it with the body.
  const contentType = encoded.headers.get("content-type") ?? undefined
  const bytes = new Uint8Array(await encoded.arrayBuffer())
  if (bytes.byteLength > limit) return { content: form, bytes: undefined, replayable: true, exceedsLimit: true }
  return { ...known(bytes, false), contentType }
}

function filesExceed(form: FormData, limit: number): boolean {
  let size = 0
  for (const [, value] of form) size += typeof value === "string" ? value.length : value.size
  return size > limit
}

async function readStreamBody(stream: BodyStream, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  const { bytes, rest } = await readStream(stream, limit, signal)
  if (bytes === undefined) return { content: rest, bytes: undefined, replayable: false, exceedsLimit: true }
  return { ...known(bytes, false), contentType: ownContentType(stream) }
}

/** The npm form-data package is a stream that knows its own boundary. */
function ownContentType(body: object): string | undefined {
  if (!("getHeaders" in body) || typeof body.getHeaders !== "function") return undefined
  const contentType: unknown = body.getHeaders()["content-type"]
  return typeof contentType === "string" ? contentType : undefined
}

// Recognised by their brand, since a polyfill or another realm has other classes.
function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  const brand = brandOf(value)
  return brand === "ArrayBuffer" || brand === "SharedArrayBuffer"
}

function isBlob(value: unknown): value is Blob {
  const brand = brandOf(value)
  return brand === "Blob" || brand === "File"
}

function isFormData(value: unknown): value is FormData {
  return brandOf(value) === "FormData" && typeof value === "object" && value !== null && !("pipe" in value)
}
