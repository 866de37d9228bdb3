import {
  AuthError,
  type AuthenticatedAttempt,
  andThen,
  isSearchParams,
  isStream,
  MAX_REPLAYABLE_BYTES,
  readBody,
} from "@countersign/auth-core"
import type { BeforeRequestHook } from "got"

type GotOptions = Parameters<BeforeRequestHook>[0]

/** Stands for what the caller will pipe into `got.stream`: nobody has it yet. */
class PipedBody implements AsyncIterable<never> {
  [Symbol.asyncIterator](): never {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "What is piped into got.stream cannot be signed, since it comes after the headers: give it as `body`, leave it unsigned by the header x-sdk-content-sha256: UNSIGNED-PAYLOAD, or authenticate with a token.",
    )
  }
}

/**
 * The body that got is about to send. URLSearchParams, which got lets pass but cannot send, become text; a form, which got
 * turned into a stream, is read when the auth leaves it unread, so that it can be sent again after a 401: that one comes as a
 * promise.
 */
export function bodyOf(options: GotOptions, leftUnread: boolean, signal: AbortSignal | undefined): unknown {
  const { body, headers } = options
  if (body === undefined) return options.isStream && mayHaveBody(options) ? new PipedBody() : undefined
  if (isSearchParams(body)) {
    headers["content-type"] ??= "application/x-www-form-urlencoded;charset=UTF-8"
    return body.toString()
  }
  const isForm = !("pipe" in Object(body)) && /^multipart\/form-data/.test(String(headers["content-type"]))
  if (!leftUnread || !isForm || !isStream(body)) return body
  return andThen(readBody(body, MAX_REPLAYABLE_BYTES, signal), ({ content }) => content)
}

function mayHaveBody({ method, allowGetBody }: GotOptions): boolean {
  return method === "GET" ? allowGetBody : method !== "HEAD"
}

/** Makes got send the body as it was authenticated. */
export function sendBody(options: GotOptions, { body, headers }: AuthenticatedAttempt): void {
  const { content, bytes } = body
  if (content === null || content instanceof PipedBody || content === options.body) return
  const { "content-length": length, "transfer-encoding": transferEncoding } = options.headers
  options.body = (
    content instanceof Uint8Array ? Buffer.from(content.buffer, content.byteOffset, content.byteLength) : content
  ) as GotOptions["body"]
  if (body.contentType !== undefined) options.headers["content-type"] = headers["content-type"]
  // got takes a new body to have an unknown length, or the old one's.
  const known = typeof bytes === "string" || bytes instanceof Uint8Array ? String(Buffer.byteLength(bytes)) : length
  if (transferEncoding === undefined && known !== undefined) options.headers["content-length"] = known
}
