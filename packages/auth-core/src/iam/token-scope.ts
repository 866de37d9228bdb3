import { invalidOption } from "../errors/auth-error.ts"
import { identityKey } from "../identity/provider.ts"
import { isHeaderText } from "../runtime/http.ts"

/**
 * The scope of a token: one project, or a whole account with its global services.
 *
 * A project name is looked up in `domain`, by default the domain of the user or of the account that grants the agency.
 */
export type TokenScope =
  | { readonly project: NameOrId; readonly domain?: NameOrId | undefined }
  | { readonly domain: NameOrId; readonly project?: undefined }

/** Returns a copy of a scope, with the default domain where one is needed, or throws an error that names the fault. */
export function checkScope(scope: TokenScope, defaultDomain: NameOrId | undefined): TokenScope {
  if (typeof scope !== "object" || scope === null || (scope.project === undefined && scope.domain === undefined)) {
    throw invalidOption("`scope` must be { project } or { domain }.")
  }
  const domain = scope.domain === undefined ? undefined : checkNameOrId(scope.domain, "scope.domain")
  if (scope.project === undefined) return { domain: checkNameOrId(scope.domain, "scope.domain") }
  const project = checkNameOrId(scope.project, "scope.project")
  if (typeof project !== "string") return { project }
  const owner = domain ?? defaultDomain
  if (owner === undefined) {
    throw invalidOption(
      "`scope.project` is a name, which is unique only in its domain: pass `scope.domain` too, or the project as { id }.",
    )
  }
  return { project, domain: owner }
}

/** `auth.scope` of a token request. Undefined members do not reach its JSON. */
export function scopeBody(scope: TokenScope): object {
  if (scope.project === undefined) return { domain: namedBody(scope.domain) }
  return { project: { ...namedBody(scope.project), domain: scope.domain && namedBody(scope.domain) } }
}

/** The scope in an identity key. */
export function scopeKey(scope: TokenScope): string {
  const domain = scope.domain === undefined ? undefined : namedKey(scope.domain)
  return scope.project === undefined
    ? identityKey("domain", domain)
    : identityKey("project", namedKey(scope.project), domain)
}

/** A user, domain (account) or project: its name, or its id. */
export type NameOrId = string | { readonly id: string }

/** Returns the name or id, or throws an error that names the option. */
export function checkNameOrId(value: unknown, option: string): NameOrId {
  if (isText(value)) return value
  if (typeof value === "object" && value !== null && "id" in value && isText(value.id)) return { id: value.id }
  throw invalidOption(`\`${option}\` must be a name, or { id: "..." }: not empty, and without half a surrogate pair.`)
}

/** Returns the name, or throws an error that names the option. */
export function checkName(value: unknown, option: string): string {
  if (isText(value)) return value
  throw invalidOption(`\`${option}\` must be a non-empty string.`)
}

/** Checks the names that are given. */
export function checkNames(options: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(options)) if (value !== undefined) checkName(value, option)
}

/** Returns a text that can be sent in a header, or throws an error that names the option. */
export function checkHeaderText(value: unknown, option: string): string {
  if (isHeaderText(value)) return value
  throw invalidOption(`\`${option}\` must be a string of visible ASCII characters.`)
}

/** The reference in a body for IAM. */
export function namedBody(reference: NameOrId): { id: string } | { name: string } {
  return typeof reference === "string" ? { name: reference } : { id: reference.id }
}

/** The reference in an identity key. A name never equals an id. */
export function namedKey(reference: NameOrId): string {
  return typeof reference === "string" ? `name:${reference}` : `id:${reference.id}`
}

/** The reference in a label. */
export function nameIn(reference: NameOrId): string {
  return typeof reference === "string" ? reference : reference.id
}

/** The reference in a message. */
export function namedText(reference: NameOrId): string {
  return typeof reference === "string" ? `"${reference}"` : `with id "${reference.id}"`
}

function isText(value: unknown): value is string {
  // Half a surrogate pair has no form in UTF-8.
  return typeof value === "string" && value.trim() !== "" && !/\p{Surrogate}/u.test(value)
}
