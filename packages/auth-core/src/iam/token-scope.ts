import { AuthError } from "../errors/auth-error.ts"
import { identityKey } from "../identity/provider.ts"
import { isHeaderText } from "../runtime/header-text.ts"

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

/** A user, domain (account) or project: its name, or its id. */
export type NameOrId = string | { readonly id: string }

/** Gives the reference back, or says which option is not one. */
export function checkNameOrId(value: unknown, option: string): NameOrId {
  if (isText(value)) return value
  if (typeof value === "object" && value !== null && "id" in value && isText(value.id)) return { id: value.id }
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `\`${option}\` must be a name, or { id: "..." }: neither may be empty, or hold half a character.`,
  )
}

/** Gives a name back, or says which option is not one. */
export function checkName(value: unknown, option: string): string {
  if (isText(value)) return value
  throw new AuthError("AUTH_INVALID_OPTION", `\`${option}\` must be a text that is not empty.`)
}

/** Gives a text back that can stand in a header, or says which option is not one. */
export function checkHeaderText(value: unknown, option: string): string {
  if (isHeaderText(value)) return value
  throw new AuthError("AUTH_INVALID_OPTION", `\`${option}\` must be a text of visible ASCII characters.`)
}

/** The form IAM's bodies have. */
export function namedBody(reference: NameOrId): { id: string } | { name: string } {
  return typeof reference === "string" ? { name: reference } : { id: reference.id }
}

/** The form identity keys have: a name never equals an id. */
export function namedKey(reference: NameOrId): string {
  return typeof reference === "string" ? `name:${reference}` : `id:${reference.id}`
}

/** The form messages have. */
export function namedText(reference: NameOrId): string {
  return typeof reference === "string" ? `"${reference}"` : `with id "${reference.id}"`
}

function isText(value: unknown): value is string {
  // A half character has no form in UTF-8.
  return typeof value === "string" && value.trim() !== "" && !/\p{Surrogate}/u.test(value)
}
