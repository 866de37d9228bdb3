import { verify } from "@countersign/auth-core"
import { iamError } from "../answers.ts"
import type { IncomingRequest } from "../incoming-request.ts"
import type { IssuedToken, Principal } from "../state/identities.ts"
import type { World } from "../state/world.ts"

/**
 * The token of X-Auth-Token.
 *
 * @throws {Refusal} 401 IAM.0067, .0066
 */
export function tokenOf(world: World, value: string | undefined): IssuedToken {
  if (value === undefined || value === "")
    throw iamError(401, "IAM.0001", "The request you have made requires authentication.")
  const token = world.identities.token(value)
  if (token === undefined || token.revoked) throw iamError(401, "IAM.0067", "Invalid token.")
  if (token.expiresAt <= world.now()) throw iamError(401, "IAM.0066", "The token has expired.")
  return token
}

/** Who asks IAM or STS, by token or by signature. */
export async function principalOf(world: World, request: IncomingRequest): Promise<Principal> {
  if (request.headers["x-auth-token"] !== undefined) return tokenOf(world, request.headers["x-auth-token"]).principal
  return signerOf(world, request)
}

/** Who signed. */
export async function signerOf(world: World, request: IncomingRequest): Promise<Principal> {
  const result = await verify(
    { method: request.method, url: request.url, headers: request.headers, body: request.body },
    {
      now: () => world.now(),
      secretFor: async (accessKeyId) => {
        const key = world.identities.key(accessKeyId)
        return key?.enabled === true && (key.expiresAt ?? Number.POSITIVE_INFINITY) > world.now() ? key : undefined
      },
    },
  )
  if (!result.ok)
    throw iamError(401, "IAM.0001", `The request you have made requires authentication: ${result.message}`)
  const key = world.identities.key(result.accessKeyId)
  if (key === undefined) throw iamError(401, "IAM.0001", "The request you have made requires authentication.")
  return key.principal
}
