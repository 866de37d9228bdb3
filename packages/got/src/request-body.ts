import { ClientRequest } from "node:http"
import { Writable } from "node:stream"
import {
  AuthError,
  type AuthenticatedAttempt,
  andThen,
  isSearchParams,
  isStream,
  iterableBody,
  MAX_SIGNED_BODY_BYTES,
  readBody,
} from "@countersign/auth-core/adapter"
import type { BeforeRequestHook } from "got"

type GotOptions = Parameters<BeforeRequestHook>[0]

/**
 * The body that got is about to send. URLSearchParams, which got accepts but cannot send, become text. got has turned a
 * form into a stream. If the auth leaves it unread, it is read here, which takes a promise, so that it can be sent again
 * after a 401.
 */
export function bodyOf(options: GotOptions, leftUnread: boolean, signal: AbortSignal | undefined): unknown {
  const { body, headers } = options
  if (body === undefined) return undefined
  if (isSearchParams(body)) {
    headers["content-type"] ??= "application/x-www-form-urlencoded;charset=UTF-8"
    return body.toString()
  }
  if (!leftUnread) return iterableBody(body)
  const isForm = !("pipe" in Object(body)) && /^multipart\/form-data/.test(String(headers["content-type"]))
  if (!isForm || !isStream(body)) return body
  return andThen(readBody(body, MAX_SIGNED_BODY_BYTES, signal), ({ content }) => content)
}

/** Whether the caller may still pipe a body into `got.stream`. */
export function mayPipeBody({ isStream, body, method, allowGetBody }: GotOptions): boolean {
  if (!isStream || body !== undefined) return false
  return method === "GET" ? allowGetBody : method !== "HEAD"
}

/** Makes a native request that was signed without a body refuse one. Its head would leave with the first chunk. */
export function refuseBody(native: object, tellFailure: (error: AuthError) => void): void {
  if (!(native instanceof ClientRequest || native instanceof Writable)) return
  const { write } = native
  native.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (chunk.length === 0) return Reflect.apply(write, native, [chunk, ...rest])
    const error = new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "A body piped into got.stream cannot be signed, because the headers are sent before it: pass it as `body`, leave it unsigned with the header x-sdk-content-sha256: UNSIGNED-PAYLOAD, or authenticate with a token.",
    )
    tellFailure(error)
    native.destroy(error)
    return false
  }
}

/** Makes got send the body as it was authenticated. */
export function sendBody(options: GotOptions, { prepared, headers }: AuthenticatedAttempt): void {
  const { content, bytes, contentType } = prepared
  if (content === null || content === options.body) return
  const { "content-length": length, "transfer-encoding": transferEncoding } = options.headers
  options.body = (
    content instanceof Uint8Array ? Buffer.from(content.buffer, content.byteOffset, content.byteLength) : content
  ) as GotOptions["body"]
  if (contentType !== undefined) options.headers["content-type"] = headers["content-type"]
  // got assumes that a new body has an unknown length, or that of the old one.
  const known = typeof bytes === "string" || bytes instanceof Uint8Array ? String(Buffer.byteLength(bytes)) : length
  if (transferEncoding === undefined && known !== undefined) options.headers["content-length"] = known
}
