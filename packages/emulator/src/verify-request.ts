import { parseJson, textAt, UNSIGNED_PAYLOAD } from "@countersign/auth-core/adapter"
import type { Refusal } from "@countersign/server"
import type { RequestHead } from "./incoming-request.ts"
import { gatewayError } from "./refusal.ts"
import type { Authenticated } from "./state/gateway-verifiers.ts"
import type { World } from "./state/world.ts"

/**
 * Authenticates a request, by token or by signature.
 *
 * @param body as far as a signature can cover it
 * @throws {Refusal} 401 APIGW.0301 in the gateway's words; 413 APIGW.0201 for a large body that is not signed
 * @see API Signing Guide, "Error Codes"
 */
export async function verifyRequest(
  { verifiers, identities, now }: World,
  { method, url, headers, trace }: RequestHead,
  body: Uint8Array | undefined,
  by: "token or signature" | "signature",
): Promise<Authenticated> {
  const isByToken = by === "token or signature" && headers["x-auth-token"] !== undefined
  const isTooLarge = body === undefined && !isByToken && headers.authorization !== undefined
  if (isTooLarge) throw tooLarge(headers)
  if (headers.authorization !== undefined) await addAlgorithm(headers.authorization)
  const verdict = await verifiers[by].verify({ method, url, headers, body })
  const accessKeyId = verdict.ok ? verdict.auth?.accessKeyId : verdict.accessKeyId
  if (trace !== undefined && !isByToken) {
    const key = accessKeyId === undefined ? undefined : identities.key(accessKeyId)
    trace.signature = { outcome: verdict.ok ? "OK" : verdict.code, checkedAt: now(), key }
  }
  if (!verdict.ok) throw verdict.code === "BODY_TOO_LARGE" ? tooLarge(headers) : inGatewaysForm(verdict)
  const { owner, scheme } = verdict.auth ?? {}
  if (owner === undefined) throw unauthorized("Unauthorized")
  return scheme === "signature" ? { ...owner, projectId: headers["x-project-id"] } : owner
}

/** Loads the library of an algorithm for the first request that names it, since that takes as long as all the rest of a start. */
async function addAlgorithm(authorization: string): Promise<void> {
  if (authorization.startsWith("SDK-ECDSA-P256-SHA256 ")) await import("@countersign/auth-core/p256")
  if (authorization.startsWith("SDK-SM2-SM3 ")) await import("@countersign/auth-core/sm2")
}

/** With a request id. The gateway asks for a token even where it takes none. */
function inGatewaysForm({ code, status, body, message }: Refusal): Error {
  if (code === "SIGNATURE_MISSING") return unauthorized("x-auth-token not found")
  const answer = parseJson(body)
  return gatewayError(status, textAt(answer, "error_code") ?? "", textAt(answer, "error_msg") ?? message)
}

/** The gateway computes no signature of so large a body, and takes none of that size without one either. */
function tooLarge(headers: RequestHead["headers"]): Error {
  const hash = headers["x-sdk-content-sha256"] ?? headers["x-sdk-content-sm3"]
  return hash === UNSIGNED_PAYLOAD
    ? gatewayError(413, "APIGW.0201", "Request entity too large")
    : unauthorized("calc aksk signature fail:body too large")
}

function unauthorized(message: string): Error {
  return gatewayError(401, "APIGW.0301", `Incorrect IAM authentication information: ${message}`)
}
