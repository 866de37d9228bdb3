import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Context, Hono } from "hono"
import { readRequest, type ServerEnv } from "../incoming-request.ts"
import { iamError, keystoneError } from "../refusal.ts"
import type { IssuedToken, Principal } from "../state/identities.ts"
import { isTotp } from "../state/totp.ts"
import type { World } from "../state/world.ts"
import { noteCaller, noteGrant, noteMethods } from "../trace.ts"
import { assumedAgency } from "./assume-role.ts"
import { type Json, parseBody } from "./json.ts"
import { tokenOf } from "./principal.ts"
import { scopeOf } from "./scope.ts"
import { catalogOf, tokenBody } from "./token-body.ts"

/** POST, GET and DELETE /v3/auth/tokens. */
export function tokenRoutes(app: Hono<ServerEnv>, world: World): void {
  app.post("/v3/auth/tokens", async (context) => {
    const request = await readRequest(context)
    const body = parseBody(request.text)
    const methods = memberAt(body, "auth", "identity", "methods")
    if (!Array.isArray(methods) || methods.length === 0)
      throw iamError(400, "1101", "identity.methods is missing or invalid.")
    noteMethods(request.trace, methods)
    const grant = grantOf(world, methods.join("+"), body, request.headers["x-auth-token"])
    const token = world.identities.issueToken({
      methods,
      ...grant,
      ...scopeOf(memberAt(body, "auth", "scope"), grant.principal.account),
    })
    noteGrant(request.trace, token)
    return answer(context, token, 201)
  })
  app.get("/v3/auth/tokens", (context) => {
    noteCaller(context.get("trace"), tokenOf(world, context.req.header("x-auth-token")).principal)
    return answer(context, subjectOf(world, context), 200)
  })
  app.delete("/v3/auth/tokens", (context) => {
    noteCaller(context.get("trace"), tokenOf(world, context.req.header("x-auth-token")).principal)
    const subject = subjectOf(world, context)
    world.identities.revokeTokens((token) => token === subject)
    return context.body(null, 204)
  })
}

function grantOf(
  world: World,
  methods: string,
  body: Json,
  token: string | undefined,
): { principal: Principal; expiresAt?: number } {
  switch (methods) {
    case "password":
    case "password+totp":
    case "totp+password":
      return { principal: byPassword(world, memberAt(body, "auth", "identity")) }
    case "assume_role":
      return {
        principal: assumedAgency(
          world,
          tokenOf(world, token).principal,
          memberAt(body, "auth", "identity", "assume_role"),
        ),
      }
    case "token": {
      // A token that is made from another one ends with it, as in Keystone.
      const { principal, expiresAt } = tokenOf(world, textAt(body, "auth", "identity", "token", "id") ?? token)
      return { principal, expiresAt }
    }
    default:
      throw iamError(400, "1101", `identity.methods is missing or invalid: ${methods}.`)
  }
}

function byPassword(world: World, identity: unknown): Principal {
  const claimed = memberAt(identity, "password", "user")
  const domain = memberAt(claimed, "domain")
  const account =
    domain === undefined
      ? undefined
      : world.identities.account({ id: textAt(domain, "id"), name: textAt(domain, "name") })
  const id = textAt(claimed, "id")
  if (id === undefined && textAt(claimed, "name") === undefined) throw iamError(400, "1102", "user.name is missing.")
  if (id === undefined && domain === undefined) throw iamError(400, "1103", "user.domain is missing.")
  const known =
    domain !== undefined && account === undefined
      ? undefined
      : world.identities.user({ id, name: textAt(claimed, "name") }, account)
  const subject = known?.user.id ?? `${textAt(domain, "name")}/${id ?? textAt(claimed, "name")}`
  if (world.passwordLockout.isLocked(subject)) throw iamError(401, "IAM.0061", "Account locked.")
  if (known === undefined || !world.identities.hasPassword(known.user, textAt(claimed, "password"))) {
    world.passwordLockout.failed(subject)
    throw iamError(401, "IAM.0062", "Incorrect password.")
  }
  const { user } = known
  if (world.identities.isDisabled(user)) throw iamError(403, "IAM.0082", "The user is disabled.")
  if (user.consoleOnly === true) throw iamError(403, "IAM.0081", "The user can only access the console.")
  if (user.mfa !== undefined) {
    if (
      textAt(identity, "totp", "user", "id") !== user.id ||
      !isTotp(textAt(identity, "totp", "user", "passcode"), user.mfa.secret, world.now())
    ) {
      throw keystoneError(401, "The verification code of the virtual MFA device is missing or wrong.")
    }
  }
  world.passwordLockout.succeeded(subject)
  return { account: known.account, user }
}

function subjectOf(world: World, context: Context<ServerEnv>): IssuedToken {
  const subject = context.req.header("x-subject-token")
  const token = subject === undefined ? undefined : world.identities.token(subject)
  const isOver =
    token === undefined ||
    token.revoked ||
    token.expiresAt <= world.now() ||
    world.identities.isDisabled(token.principal.user)
  if (isOver) throw iamError(400, "IAM.0009", "The X-Subject-Token is invalid.")
  return token
}

function answer(context: Context<ServerEnv>, token: IssuedToken, status: 200 | 201): Response {
  const noCatalog = (context.req.query("nocatalog") ?? "") !== ""
  return context.json({ token: tokenBody(token, noCatalog ? [] : catalogOf(context)) }, status, {
    "x-subject-token": token.value,
  })
}
