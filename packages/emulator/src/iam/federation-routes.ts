import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Hono } from "hono"
import { readRequest, type ServerEnv } from "../incoming-request.ts"
import { iamError } from "../refusal.ts"
import { readIdToken } from "../state/id-token.ts"
import type { IssuedToken } from "../state/identities.ts"
import type { World } from "../state/world.ts"
import { noteGrant } from "../trace.ts"
import { parseBody } from "./json.ts"
import { scopeOf } from "./scope.ts"
import { tokenBody } from "./token-body.ts"

/** Tokens for an OpenID Connect id token: the route of IAM's reference, and the one that the official Node SDK calls. */
export function federationRoutes(app: Hono<ServerEnv>, world: World): void {
  app.post("/v3.0/OS-AUTH/id-token/tokens", async (context) => {
    const request = await readRequest(context)
    const body = parseBody(request.text)
    const scope = memberAt(body, "auth", "scope")
    const token = grant(world, request.headers["x-idp-id"], textAt(body, "auth", "id_token", "id"), scope)
    noteGrant(request.trace, token)
    return context.json({ token: federatedBody(token, request.headers["x-idp-id"]) }, 201, {
      "x-subject-token": token.value,
    })
  })
  app.post("/v3/OS-FEDERATION/identity_providers/:idp/protocols/oidc/auth", (context) => {
    const bearer = context.req.header("authorization")?.replace(/^Bearer /i, "")
    const idp = context.req.param("idp")
    const token = grant(world, idp, bearer, undefined)
    noteGrant(context.get("trace"), token)
    return context.json({ token: federatedBody(token, idp) }, 201, { "x-subject-token": token.value })
  })
}

function grant(world: World, idp: string | undefined, idToken: string | undefined, scope: unknown): IssuedToken {
  const { identityProvider, partner } = world.accounts
  if (idp !== identityProvider.id) throw iamError(404, "IAM.0004", `Could not find identity provider: ${idp}.`)
  const claims = readIdToken(idToken ?? "", identityProvider.secret)
  if (
    memberAt(claims, "iss") !== identityProvider.issuer ||
    memberAt(claims, "aud") !== identityProvider.audience ||
    !(Number(memberAt(claims, "exp")) * 1_000 > world.now())
  ) {
    throw iamError(401, "IAM.0001", "The request you have made requires authentication.")
  }
  const name = textAt(claims, "sub") ?? ""
  return world.identities.issueToken({
    principal: { account: partner, user: { id: `federated-${name}`, name, agentOperator: true } },
    methods: ["mapped"],
    ...scopeOf(scope, partner),
  })
}

function federatedBody(token: IssuedToken, idp: string | undefined): object {
  const user = { id: token.principal.user.id, name: token.principal.user.name, domain: token.principal.account.domain }
  const federation = {
    identity_provider: { id: idp },
    protocol: { id: "oidc" },
    groups: [{ id: "admins", name: "admins" }],
  }
  return { ...tokenBody(token, []), user: { ...user, "OS-FEDERATION": federation } }
}
