import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Hono } from "hono"
import { type IncomingRequest, readRequest, type ServerEnv } from "../incoming-request.ts"
import { iamError, iamTime } from "../refusal.ts"
import type { IssuedKey, Principal } from "../state/identities.ts"
import type { World } from "../state/world.ts"
import { noteGrant, noteMethods } from "../trace.ts"
import { assumedAgency } from "./assume-role.ts"
import { parseBody } from "./json.ts"
import { principalOf, signerOf, tokenOf } from "./principal.ts"

/** POST /v3.0/OS-CREDENTIAL/securitytokens, and STS: POST /v5/agencies/assume, GET /v5/caller-identity. */
export function temporaryKeyRoutes(app: Hono<ServerEnv>, world: World): void {
  app.post("/v3.0/OS-CREDENTIAL/securitytokens", async (context) => {
    const request = await readRequest(context)
    const identity = memberAt(parseBody(request.text), "auth", "identity")
    const methods = memberAt(identity, "methods")
    if (Array.isArray(methods)) noteMethods(request.trace, methods)
    checkPolicy(memberAt(identity, "policy"))
    switch (Array.isArray(methods) ? String(methods) : "") {
      case "assume_role": {
        const claim = memberAt(identity, "assume_role")
        const duration = durationOf(memberAt(claim, "duration_seconds"), 86_400)
        checkSessionName(textAt(claim, "session_user", "name"))
        const principal = assumedAgency(world, await principalOf(world, request), claim)
        return context.json({ credential: credentialBody(issueKey(world, request, principal, duration)) }, 201)
      }
      case "token": {
        const id = textAt(identity, "token", "id")
        const principal = id === undefined ? await principalOf(world, request) : tokenOf(world, id).principal
        const duration = durationOf(memberAt(identity, "token", "duration_seconds"), 86_400)
        return context.json({ credential: credentialBody(issueKey(world, request, principal, duration)) }, 201)
      }
      default:
        throw iamError(400, "1101", "identity.methods is missing or invalid.")
    }
  })

  app.post("/v5/agencies/assume", async (context) => {
    const request = await readRequest(context)
    const by = await signerOf(world, request)
    const body = parseBody(request.text)
    const urn = textAt(body, "agency_urn")
    const session = textAt(body, "agency_session_name")
    if (urn === undefined || session === undefined) {
      throw iamError(400, "STS5.0001", "agency_urn and agency_session_name are required.")
    }
    const found = world.identities.agencyByUrn(urn)
    if (
      found === undefined ||
      found.agency.trustedDomain.id !== by.account.domain.id ||
      by.user.agentOperator !== true
    ) {
      throw iamError(403, "STS5.1005", "The agency does not exist, or you may not assume it.")
    }
    const most = request.headers["x-security-token"] === undefined ? 43_200 : 3_600
    const { agency, account } = found
    const user = { id: `${agency.id}:${session}`, name: `${agency.name}/${session}` }
    const principal = { account, user, assumedBy: by }
    const key = issueKey(world, request, principal, durationOf(memberAt(body, "duration_seconds"), most, 3_600))
    const { source_identity } = body
    return context.json({
      credentials: {
        access_key_id: key.accessKeyId,
        secret_access_key: key.secretAccessKey,
        security_token: key.securityToken,
        expiration: new Date(key.expiresAt ?? 0).toISOString(),
      },
      assumed_agency: { urn: `sts::${account.domain.id}:assumed-agency:${user.name}`, id: user.id },
      ...(source_identity === undefined ? {} : { source_identity }),
    })
  })

  app.get("/v5/caller-identity", async (context) => {
    const { account, user, assumedBy } = await signerOf(world, await readRequest(context))
    const { id } = account.domain
    const urn = assumedBy === undefined ? `iam::${id}:user:${user.name}` : `sts::${id}:assumed-agency:${user.name}`
    return context.json({ account_id: id, principal_urn: urn, principal_id: user.id })
  })
}

function issueKey(world: World, { trace }: IncomingRequest, principal: Principal, durationMs: number): IssuedKey {
  const key = world.identities.issueKey(principal, durationMs)
  noteGrant(trace, key)
  return key
}

/** The body of temporary keys, as IAM and the metadata service give it. */
export function credentialBody(key: IssuedKey): object {
  return {
    access: key.accessKeyId,
    secret: key.secretAccessKey,
    securitytoken: key.securityToken,
    expires_at: iamTime(key.expiresAt ?? 0),
  }
}

/** IAM takes a number or its digits, since its own SDKs send either. */
function durationOf(given: unknown, most: number, byDefault = 900): number {
  if (given === undefined) return byDefault * 1_000
  const seconds = typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given
  if (!Number.isInteger(seconds) || Number(seconds) < 900 || Number(seconds) > most) {
    throw iamError(400, "1106", `duration_seconds must be between 900 and ${most}.`)
  }
  return Number(seconds) * 1_000
}

function checkSessionName(name: string | undefined): void {
  if (name !== undefined && !/^[A-Za-z][\w .-]{0,31}$/.test(name))
    throw iamError(400, "1107", "session_user.name is invalid.")
}

function checkPolicy(policy: unknown): void {
  if (policy === undefined) return
  const statements = memberAt(policy, "Statement")
  if (memberAt(policy, "Version") !== "1.1" || !Array.isArray(statements) || statements.length > 8)
    throw iamError(400, "1108", "policy must have Version 1.1 and at most 8 statements.")
}
