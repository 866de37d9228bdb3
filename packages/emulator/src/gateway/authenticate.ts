import { type VerifyResult, verify } from "@countersign/auth-core"
import { gatewayError, iamTime } from "../answers.ts"
import type { IncomingRequest } from "../incoming-request.ts"
import type { IssuedKey, Principal } from "../state/identities.ts"
import type { World } from "../state/world.ts"
import type { GatewayBody } from "./read-body.ts"

const IAM_INFORMATION = "Incorrect IAM authentication information: "

/** Who called, and how that was shown. */
export interface Authenticated {
  readonly principal: Principal
  readonly scheme: "token" | "signature"
  readonly projectId: string | undefined
}

type RequestHead = Omit<IncomingRequest, "body" | "text">

/** By which of the two methods a request means to authenticate. */
export function schemeOf({ headers }: RequestHead): "token" | "signature" | "none" {
  if (headers["x-auth-token"] !== undefined) return "token"
  return headers.authorization === undefined ? "none" : "signature"
}

/**
 * Lets a request in, by token or by signature.
 *
 * @throws {Refusal} 401 APIGW.0301 in the gateway's words, 413 APIGW.0201
 * @see API Signing Guide, "Error Codes"
 */
export async function authenticate(world: World, request: RequestHead, body: GatewayBody): Promise<Authenticated> {
  const token = request.headers["x-auth-token"]
  return token === undefined ? bySignature(world, request, body) : byToken(world, token)
}

function byToken(world: World, value: string): Authenticated {
  const token = world.identities.token(value)
  if (token === undefined || token.revoked) throw unauthorized("decrypt token fail")
  if (token.expiresAt <= world.now()) throw unauthorized(`token expires, expires_at: ${iamTime(token.expiresAt)}`)
  return { principal: token.principal, scheme: "token", projectId: token.project?.id }
}

async function bySignature(world: World, request: RequestHead, { content }: GatewayBody): Promise<Authenticated> {
  if (request.headers.authorization === undefined) throw unauthorized("x-auth-token not found")
  if (content === undefined) throw gatewayError(413, "APIGW.0201", "Request entity too large")
  const { method, url, headers } = request
  let key: IssuedKey | undefined
  const result = await verify(
    { method, url, headers, body: content },
    {
      now: () => world.now(),
      secretFor: async (accessKeyId) => {
        if (world.keyLockout.isLocked(accessKeyId)) throw unauthorized("AK access failed to reach the limit,forbidden")
        key = world.identities.key(accessKeyId)
        if (key?.enabled !== true) return undefined
        if (key.expiresAt !== undefined && key.expiresAt <= world.now()) {
          throw unauthorized(`token expires, expires_at: ${iamTime(key.expiresAt)}`)
        }
        return key
      },
    },
  )
  if (!result.ok || key === undefined) throw refused(world, key, result)
  world.keyLockout.succeeded(key.accessKeyId)
  return { principal: key.principal, scheme: "signature", projectId: headers["x-project-id"] }
}

function refused(world: World, key: IssuedKey | undefined, result: VerifyResult): Error {
  if (result.ok) return unauthorized("Unauthorized")
  if (key !== undefined && (result.code === "SIGNATURE_MISMATCH" || result.code === "PAYLOAD_MISMATCH"))
    world.keyLockout.failed(key.accessKeyId)
  if (result.code === "BODY_TOO_LARGE") return gatewayError(413, "APIGW.0201", result.message)
  const canonical =
    result.canonicalRequest === "" ? "" : `, canonicalRequest:${result.canonicalRequest.replaceAll("\n", "|")}`
  return unauthorized(result.message + canonical)
}

function unauthorized(message: string): Error {
  return gatewayError(401, "APIGW.0301", IAM_INFORMATION + message)
}
