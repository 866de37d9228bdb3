import type { Context } from "hono"
import { iamTime } from "../refusal.ts"
import type { Named } from "../state/accounts.ts"
import type { IssuedToken } from "../state/identities.ts"

/** The description of a token, as IAM gives it. */
export function tokenBody(
  { principal, methods, project, domainScoped, issuedAt, expiresAt }: IssuedToken,
  catalog: object[],
): object {
  const { account, user, assumedBy } = principal
  const { domain } = account
  return {
    methods,
    issued_at: iamTime(issuedAt),
    expires_at: iamTime(expiresAt),
    user: { id: user.id, name: user.name, domain, password_expires_at: "" },
    roles: user.agentOperator === true ? [{ id: "0", name: "te_agency" }] : [{ id: "0", name: "te_admin" }],
    catalog,
    ...(project === undefined ? {} : { project: { ...project, domain } }),
    ...(domainScoped ? { domain } : {}),
    ...(assumedBy === undefined
      ? {}
      : {
          assumed_by: { user: { ...named(assumedBy.user), domain: assumedBy.account.domain, password_expires_at: "" } },
        }),
  }
}

function named({ id, name }: Named): Named {
  return { id, name }
}

/** The service catalog. Every service is at this server. */
export function catalogOf(context: Context): object[] {
  const origin = new URL(context.req.url).origin
  return [
    {
      id: "iam",
      name: "iam",
      type: "identity",
      endpoints: ["public", "internal", "admin"].map((kind) => ({
        id: `iam-${kind}`,
        interface: kind,
        region: "*",
        region_id: "*",
        url: `${origin}/v3`,
      })),
    },
  ]
}
