import { hash } from "node:crypto"
import type { IncomingRequest } from "../incoming-request.ts"
import { iamError } from "../refusal.ts"
import type { IssuedToken, Principal } from "../state/identities.ts"
import type { World } from "../state/world.ts"
import { noteCaller } from "../trace.ts"
import { verifyRequest } from "../verify-request.ts"

/**
 * The token of X-Auth-Token.
 *
 * @throws {Refusal} 401 IAM.0001, .0066, .0067
 */
export function tokenOf({ identities, now }: World, value: string | undefined): IssuedToken {
  if (value === undefined || value === "")
    throw iamError(401, "IAM.0001", "The request you have made requires authentication.")
  const token = identities.token(value)
  if (token === undefined || token.revoked || identities.isDisabled(token.principal.user))
    throw iamError(401, "IAM.0067", "Invalid token.")
  if (token.expiresAt <= now()) throw iamError(401, "IAM.0066", "The token has expired.")
  return token
}

/** The caller of IAM, by token or by signature. */
export async function principalOf(world: World, request: IncomingRequest): Promise<Principal> {
  const token = request.headers["x-auth-token"]
  if (token === undefined) return signerOf(world, request)
  const { principal } = tokenOf(world, token)
  noteCaller(request.trace, principal)
  return principal
}

/**
 * The signer of a request. The gateway checks signatures for IAM and STS too.
 *
 * @throws {Refusal} 401 APIGW.0301
 */
export async function signerOf(world: World, request: IncomingRequest): Promise<Principal> {
  const { body, trace } = request
  if (trace !== undefined) trace.body = { bytes: body.byteLength, sha256: hash("sha256", body), content: body }
  const { principal } = await verifyRequest(world, request, body, "signature")
  noteCaller(trace, principal)
  return principal
}
