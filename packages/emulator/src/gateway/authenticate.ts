import type { RequestHead } from "../incoming-request.ts"
import { iamTime } from "../refusal.ts"
import type { Principal } from "../state/identities.ts"
import type { Scheme } from "../state/stats.ts"
import type { World } from "../state/world.ts"
import { tooLarge, unauthorized, verifySignature } from "../verify-signature.ts"
import type { GatewayBody } from "./read-body.ts"

/** The caller of a request, and its project. */
export interface Authenticated {
  readonly principal: Principal
  readonly projectId: string | undefined
}

/** The method by which a request tries to authenticate. */
export function schemeOf({ headers }: RequestHead): Scheme {
  if (headers["x-auth-token"] !== undefined) return "token"
  return headers.authorization === undefined ? "none" : "signature"
}

/**
 * Authenticates a request, by token or by signature.
 *
 * @throws {Refusal} 401 APIGW.0301 in the gateway's words; 413 APIGW.0201 for a large body that is not signed
 * @see API Signing Guide, "Error Codes"
 */
export async function authenticate(world: World, head: RequestHead, body: GatewayBody): Promise<Authenticated> {
  switch (schemeOf(head)) {
    case "token":
      return byToken(world, head.headers["x-auth-token"] ?? "")
    case "signature":
      return bySignature(world, head, body)
    case "none":
      throw unauthorized("x-auth-token not found")
  }
}

function byToken({ identities, now }: World, value: string): Authenticated {
  const token = identities.token(value)
  if (token === undefined || token.revoked || identities.isDisabled(token.principal.user))
    throw unauthorized("decrypt token fail")
  if (token.expiresAt <= now()) throw unauthorized(`token expires, expires_at: ${iamTime(token.expiresAt)}`)
  return { principal: token.principal, projectId: token.project?.id }
}

async function bySignature(world: World, head: RequestHead, { content }: GatewayBody): Promise<Authenticated> {
  if (content === undefined) throw tooLarge(head)
  const { principal } = await verifySignature(world, head, content)
  return { principal, projectId: head.headers["x-project-id"] }
}
