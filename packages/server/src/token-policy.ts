import type { NameOrId } from "@countersign/auth-core"
import { checkNameOrId, invalidOption } from "@countersign/auth-core/adapter"
import { checkOptions } from "./check-option.ts"
import type { Named, TokenFacts } from "./identity.ts"

/** The callers with a token that a route lets in. */
export interface TokenPolicy {
  /** Names of roles. The caller needs each of them. */
  roles?: readonly string[] | undefined
  /** The project that the token must be scoped to. A name needs `domain`, since each account may have such a project. */
  project?: NameOrId | undefined
  /** The account (domain) that the token must be scoped to, or that must own its project. */
  domain?: NameOrId | undefined
}

const TOKEN_POLICY: Readonly<Record<keyof TokenPolicy, true>> = { roles: true, project: true, domain: true }

/** Whether a caller is let in: `true` or `false`, and no promise. */
export type TokenTest = (caller: TokenFacts) => boolean

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function createTokenTest(policy: TokenPolicy | TokenTest | undefined): TokenTest | undefined {
  if (policy === undefined || typeof policy === "function") return policy
  checkOptions("The members of `tokenPolicy`", policy, TOKEN_POLICY)
  const { roles = [], project, domain } = policy
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string" && role !== "")) {
    throw invalidOption("`tokenPolicy.roles` must list names of roles.")
  }
  if (roles.length === 0 && project === undefined && domain === undefined) {
    throw invalidOption("`tokenPolicy` must name roles, a project or a domain: without any it would let everybody in.")
  }
  if (project !== undefined) checkNameOrId(project, "tokenPolicy.project")
  if (domain !== undefined) checkNameOrId(domain, "tokenPolicy.domain")
  if (typeof project === "string" && domain === undefined) {
    throw invalidOption(
      "`tokenPolicy.project` is a name, which is unique only in its domain: pass `tokenPolicy.domain` too, or the project as { id }.",
    )
  }
  return (caller) =>
    roles.every((role) => caller.roles.includes(role)) &&
    (project === undefined || isCalled(caller.project, project)) &&
    (domain === undefined || isCalled(caller.domain, domain))
}

function isCalled(named: Named | undefined, reference: NameOrId): boolean {
  return named !== undefined && (typeof reference === "string" ? named.name === reference : named.id === reference.id)
}
