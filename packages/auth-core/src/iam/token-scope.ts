import { AuthError } from "../errors/auth-error.ts"
import { identityKey } from "../identity/identity-key.ts"
import { checkNameOrId, type NameOrId, namedBody, namedKey } from "./name-or-id.ts"

/**
 * What a token may be used on: one project, or a whole account with its global services.
 *
 * A project given by name is looked for in `domain`: by default that of the user, or of the account that grants the agency.
 */
export type TokenScope =
  | { readonly project: NameOrId; readonly domain?: NameOrId | undefined }
  | { readonly domain: NameOrId; readonly project?: undefined }

/** Copies a scope with the default domain filled in where it is needed, or says what is wrong with it. */
export function checkScope(scope: TokenScope, defaultDomain: NameOrId | undefined): TokenScope {
  if (typeof scope !== "object" || scope === null || (scope.project === undefined && scope.domain === undefined)) {
    throw new AuthError("AUTH_INVALID_OPTION", "`scope` must be { project } or { domain }.")
  }
  const domain = scope.domain === undefined ? undefined : checkNameOrId(scope.domain, "scope.domain")
  if (scope.project === undefined) return { domain: checkNameOrId(scope.domain, "scope.domain") }
  const project = checkNameOrId(scope.project, "scope.project")
  if (typeof project !== "string") return { project }
  const owner = domain ?? defaultDomain
  if (owner === undefined) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`scope.project` is a name, which is unique in its domain only: give `scope.domain` too, or the project as { id }.",
    )
  }
  return { project, domain: owner }
}

/** `auth.scope` of a token request. */
export function scopeBody(scope: TokenScope): object {
  if (scope.project === undefined) return { domain: namedBody(scope.domain) }
  return {
    project: {
      ...namedBody(scope.project),
      ...(scope.domain === undefined ? undefined : { domain: namedBody(scope.domain) }),
    },
  }
}

/** The form identity keys have. */
export function scopeKey(scope: TokenScope): string {
  const domain = scope.domain === undefined ? undefined : namedKey(scope.domain)
  return scope.project === undefined
    ? identityKey("domain", domain)
    : identityKey("project", namedKey(scope.project), domain)
}
