import { isBodyLonger, MAX_SIGNED_BODY_BYTES } from "../cloud/body-size.ts"
import { AuthError } from "../errors/auth-error.ts"

// A separate file, because a lazily loaded chunk needs it and nothing else of `sign`.

/**
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes); `AUTH_BODY_UNSIGNABLE` for anything but
 * text and bytes.
 */
export function checkBody(body: string | Uint8Array): void {
  if (typeof body !== "string" && !ArrayBuffer.isView(body)) {
    throw new AuthError(
      "AUTH_BODY_UNSIGNABLE",
      "A body to sign must be a string or a Uint8Array: read it into bytes first, or leave it out with UNSIGNED-PAYLOAD.",
    )
  }
  if (isBodyLonger(body, MAX_SIGNED_BODY_BYTES)) {
    throw new AuthError(
      "AUTH_BODY_TOO_LARGE",
      `The body is larger than the ${MAX_SIGNED_BODY_BYTES} bytes (12 MB) that AK/SK can sign: use a token for it.`,
    )
  }
}
