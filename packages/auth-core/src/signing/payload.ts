/** The largest body that AK/SK can sign: 12 MB, that is 12 * 1024 * 1024 bytes. */
export const MAX_SIGNED_BODY_BYTES = 12 * 1024 * 1024

/** In place of the payload hash: the body takes no part in the signature. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
