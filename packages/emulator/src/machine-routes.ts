import { randomBytes } from "node:crypto"
import type { Hono } from "hono"
import { credentialBody } from "./iam/temporary-key-routes.ts"
import { readRequest, type ServerEnv } from "./incoming-request.ts"
import type { IssuedKey, Principal } from "./state/identities.ts"
import type { World } from "./state/world.ts"
import { noteGrant, type Trace } from "./trace.ts"

const HOUR = 3_600_000
const LONGEST_TTL_SECONDS = 21_600

/** Path of the pod identity endpoint, for HC_CONTAINER_CREDENTIALS_FULL_URI. */
export const POD_PATH = "/pod-identity/credentials"

/** The services that tell a machine about itself: the ECS metadata service, and the pod identity of CCE. */
export function machineRoutes(app: Hono<ServerEnv>, world: World): void {
  app.put("/meta-data/latest/api/token", (context) => {
    if (world.metadataMode === "no tokens") return context.text("Not Found", 404)
    const seconds = Number(context.req.header("x-metadata-token-ttl-seconds"))
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TTL_SECONDS)
      return context.text("Bad Request", 400)
    const token = randomBytes(32).toString("base64url")
    world.metadataTokens.set(token, world.now() + seconds * 1_000)
    return context.text(token)
  })
  app.get("/openstack/latest/securitykey", (context) => {
    if (world.metadataMode === "no agency") return context.text("Please configure Cloud Service Agency first", 401)
    const token = context.req.header("x-metadata-token")
    const isValid = token !== undefined && (world.metadataTokens.get(token) ?? 0) > world.now()
    if (
      !isValid &&
      (world.metadataMode === "token required" || (token !== undefined && world.metadataMode !== "no tokens"))
    ) {
      return context.text("Unauthorized", 401)
    }
    return context.json({ credential: credentialBody(machineKey(world, context.get("trace"))) })
  })
  app.post(POD_PATH, async (context) => {
    const request = await readRequest(context)
    if (request.headers.authorization !== world.accounts.machine.podToken) return context.text("Unauthorized", 401)
    const key = machineKey(world, request.trace)
    const { accessKeyId, secretAccessKey, securityToken, expiresAt = 0 } = key
    return context.json({
      credentials: { accessKeyId, secretAccessKey, securityToken, expiration: new Date(expiresAt).toISOString() },
    })
  })
}

function machineKey(world: World, trace: Trace | undefined): IssuedKey {
  const { partner } = world.accounts
  const principal: Principal = {
    account: partner,
    user: { id: "machine-agency", name: "machine-agency", agentOperator: true },
  }
  const key = world.identities.issueKey(principal, 6 * HOUR)
  noteGrant(trace, key)
  return key
}
