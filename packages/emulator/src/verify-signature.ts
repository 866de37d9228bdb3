import { UNSIGNED_PAYLOAD, verify } from "@countersign/auth-core"
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import type { RequestHead } from "./incoming-request.ts"
import { gatewayError, iamTime } from "./refusal.ts"
import type { IssuedKey } from "./state/identities.ts"
import type { World } from "./state/world.ts"
import type { CheckedSignature } from "./trace.ts"

/**
 * The access key that signed a request, under the gateway's rules: the key exists, is not locked and has not expired, its
 * security token came along, and the signature fits this exact request and is at most 15 minutes off.
 *
 * @throws {Refusal} 401 APIGW.0301 in the gateway's words; 413 APIGW.0201 for a large body that is not signed
 * @see API Signing Guide, "Error Codes"
 */
export async function verifySignature(
  world: World,
  { method, url, headers, trace }: RequestHead,
  body: Uint8Array,
): Promise<IssuedKey> {
  const { identities, keyLockout, now } = world
  let key: IssuedKey | undefined
  const note = (outcome: CheckedSignature["outcome"]): void => {
    if (trace !== undefined) trace.signature = { outcome, checkedAt: now(), key }
  }
  const result = await verify(
    { method, url, headers, body },
    {
      now,
      // The real gateway accepts a signature without Host or body.
      allowUnsignedHost: true,
      allowUnsignedPayload: true,
      // Open Telekom Cloud's gateway has the same software.
      scoped: true,
      secretFor: async (accessKeyId) => {
        key = identities.key(accessKeyId)
        if (keyLockout.isLocked(accessKeyId)) {
          note("KEY_LOCKED")
          throw unauthorized("AK access failed to reach the limit,forbidden")
        }
        if (key === undefined || identities.isDisabled(key.principal.user)) return undefined
        if (key.expiresAt !== undefined && key.expiresAt <= now()) {
          note("KEY_EXPIRED")
          throw unauthorized(`token expires, expires_at: ${iamTime(key.expiresAt)}`)
        }
        return key
      },
    },
  )
  note(result.ok ? "OK" : result.code)
  if (result.ok && key !== undefined) {
    keyLockout.succeeded(key.accessKeyId)
    return key
  }
  if (result.ok) throw unauthorized("Unauthorized")
  const { code, message, canonicalRequest } = result
  if (code === "BODY_TOO_LARGE") throw tooLarge({ headers })
  if (key !== undefined && (code === "SIGNATURE_MISMATCH" || code === "PAYLOAD_MISMATCH"))
    keyLockout.failed(key.accessKeyId)
  // The gateway shows the canonical request that it made, on one line.
  throw unauthorized(
    canonicalRequest === "" ? message : `${message}, canonicalRequest:${canonicalRequest.replaceAll("\n", "|")}`,
  )
}

/** The gateway computes no signature of so large a body, and takes none of that size without one either. */
export function tooLarge({ headers }: Pick<RequestHead, "headers">): Error {
  const hash = headers["x-sdk-content-sha256"] ?? headers["x-sdk-content-sm3"]
  return hash === UNSIGNED_PAYLOAD
    ? gatewayError(413, "APIGW.0201", "Request entity too large")
    : unauthorized("calc aksk signature fail:body too large")
}

/** 401 in the words of the gateway. */
export function unauthorized(message: string): Error {
  return gatewayError(401, "APIGW.0301", `Incorrect IAM authentication information: ${message}`)
}
