import { INSPECT } from "../runtime/redact.ts"
import type { Credentials, Token } from "./credentials.ts"

/** Whether a value holds a token. */
export function hasToken(value: unknown): value is Pick<Token, "value"> {
  return hasText(value, "value")
}

/** Whether a value holds an access key, AK and SK. */
export function hasAccessKey(value: unknown): value is Pick<Credentials, "accessKeyId" | "secretAccessKey"> {
  return hasText(value, "accessKeyId") && hasText(value, "secretAccessKey")
}

/**
 * Whether a value has the members of a token or an access key, but no text in them. Every request with it would fail.
 */
export function hasNoSecret(value: object): boolean {
  const isKey = "accessKeyId" in value || "secretAccessKey" in value
  return ("value" in value && !hasToken(value)) || (isKey && !hasAccessKey(value))
}

/** Whether an access key is so long that it may be the SK, mixed up: an AK has 20 characters, an AppKey up to 36, an SK 40. */
export function isSecretKeyLike(accessKeyId: string): boolean {
  return accessKeyId.trim().length > 36
}

/** The text by which a server knows a token or an access key; JSON for any other value. */
export function secretOf(value: object): string {
  if (hasToken(value)) return value.value
  if ("accessKeyId" in value) {
    const { accessKeyId, secretAccessKey, securityToken }: Partial<Record<string, unknown>> = { ...value }
    return JSON.stringify([accessKeyId, secretAccessKey, securityToken])
  }
  return JSON.stringify(value)
}

/** Whether two values are the same to a server. */
export function hasSameSecret(a: object, b: object): boolean {
  return a === b || secretOf(a) === secretOf(b)
}

function hasText(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false
  const text: unknown = Reflect.get(value, name)
  return typeof text === "string" && text !== ""
}

const SECRETS = ["value", "secretAccessKey", "securityToken"]

/**
 * Hides the secrets of a token or an access key from `inspect` and `console.log`. It stays plain data for everything else:
 * equality, copies, structuredClone, and the JSON that stores keep.
 */
export function redactCredential<T extends object>(holder: T): T {
  const shown = (): object =>
    Object.fromEntries(
      Object.entries(holder).map(([name, value]) => [name, SECRETS.includes(name) ? "[secret]" : value]),
    )
  // Not enumerable, so that no comparison sees it.
  return Object.defineProperty(holder, INSPECT, { value: shown })
}
