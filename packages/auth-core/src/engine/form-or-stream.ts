import { AuthError } from "../errors/auth-error.ts"
import { isArrayBuffer, isBlob, isFormData, isSearchParams, isShared } from "../runtime/has-brand.ts"
import { readStream } from "./chunk-source.ts"
import { ownBodyHeaders } from "./client-body.ts"
import { type BodyStream, isStream, type PreparedBody, replayableBody } from "./wire-request.ts"

/** @throws {AuthError} `AUTH_BODY_TOO_LARGE` */
export function refuseTooLarge({ method, url }: { method: string; url: URL }, limit: number | undefined): never {
  throw new AuthError(
    "AUTH_BODY_TOO_LARGE",
    `The body of ${method} ${url.origin}${url.pathname} is larger than the ${limit} bytes that AK/SK can sign: use tokenAuth, or autoAuth to switch by size.`,
  )
}

/** Reads a body that is neither text nor a Uint8Array. */
export async function readFormOrStream(body: unknown, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  if (ArrayBuffer.isView(body)) return knownBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength), limit)
  if (isArrayBuffer(body)) return knownBytes(new Uint8Array(body), limit)
  if (isSearchParams(body)) {
    const text = body.toString()
    return typedBody(text, text.length > limit, "application/x-www-form-urlencoded;charset=UTF-8")
  }
  if (isBlob(body)) return readBlob(body, limit)
  if (isFormData(body)) return readFormData(body, limit)
  if (isStream(body)) return readStreamBody(body, limit, signal)
  // The client sends it as text or refuses it.
  if (/^(?:number|boolean|bigint)$/.test(typeof body)) return replayableBody(body, String(body))
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `A body of kind ${Object.prototype.toString.call(body)} cannot be turned into bytes: send a string, bytes, a form, a Blob or a stream.`,
  )
}

/** A body whose kind dictates its Content-Type. */
function typedBody(content: string | Uint8Array, exceedsLimit: boolean, contentType: string | undefined): PreparedBody {
  const body = replayableBody(content, content, exceedsLimit)
  if (contentType === undefined) return body
  return { ...body, contentType, withType: (headers) => withContentType(headers, contentType) }
}

/** Keeps a type that the caller chose, except for a multipart form: only now is its boundary known. */
function withContentType(
  headers: Readonly<Record<string, string>>,
  contentType: string,
): Readonly<Record<string, string>> {
  const chosen = headers["content-type"]
  if (chosen !== undefined && !contentType.startsWith("multipart/")) return headers
  return { ...headers, "content-type": contentType }
}

function knownBytes(bytes: Uint8Array, limit: number): PreparedBody {
  // Shared memory may change before it is sent, and fetch would send it as text.
  const own = isShared(bytes.buffer) ? bytes.slice() : bytes
  return replayableBody(own, own, own.byteLength > limit)
}

async function readBlob(blob: Blob, limit: number): Promise<PreparedBody> {
  if (blob.size > limit) return replayableBody(blob, undefined, true)
  const bytes = new Uint8Array(await blob.arrayBuffer())
  return typedBody(bytes, false, blob.type === "" ? undefined : blob.type)
}

async function readFormData(form: FormData, limit: number): Promise<PreparedBody> {
  if (filesExceed(form, limit)) return replayableBody(form, undefined, true)
  const encoded = new Response(await toNativeFormData(form))
  // Read before the body: Bun loses it afterwards.
  const contentType = encoded.headers.get("content-type") ?? undefined
  const bytes = new Uint8Array(await encoded.arrayBuffer())
  if (bytes.byteLength > limit) return replayableBody(form, undefined, true)
  return typedBody(bytes, false, contentType)
}

function filesExceed(form: FormData, limit: number): boolean {
  let size = 0
  for (const [, value] of form) size += typeof value === "string" ? value.length : value.size
  return size > limit
}

async function readStreamBody(stream: BodyStream, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  const { bytes, rest } = await readStream(stream, limit, signal)
  if (bytes === undefined) {
    const discard = (): void => void rest.return(undefined).catch(() => undefined)
    return { content: rest, bytes: undefined, replayable: false, exceedsLimit: true, discard }
  }
  return typedBody(bytes, false, ownBodyHeaders(stream)?.["content-type"])
}

/**
 * Converts a form to the platform's own class. The platform's fetch and Response would send a form of another class as
 * text.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for a field that holds neither text nor a file whose bytes can be read.
 */
export function toNativeFormData(form: FormData): FormData | Promise<FormData> {
  return form instanceof FormData ? form : copyOf(form)
}

async function copyOf(form: FormData): Promise<FormData> {
  const copy = new FormData()
  for (const [name, value] of form) {
    if (typeof value === "string") copy.append(name, value)
    else copy.append(name, await platformFile(name, value), value.name)
  }
  return copy
}

/** The same bytes in a Blob of the platform, whose forms take no other. */
async function platformFile(field: string, value: unknown): Promise<Blob> {
  if (value instanceof Blob) return value
  if (isBlob(value)) return new Blob([await value.arrayBuffer()], { type: value.type })
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `The field "${field}" of the form holds ${Object.prototype.toString.call(value)}, which cannot be turned into bytes: give text, a Blob or a File.`,
  )
}
