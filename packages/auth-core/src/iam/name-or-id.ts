import { AuthError } from "../errors/auth-error.ts"

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
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value
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
