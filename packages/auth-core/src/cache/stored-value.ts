import { hashHex } from "#digest"
import { AuthError, type AuthErrorCode, type AuthErrorDetails } from "../errors/auth-error.ts"
import type { Expiring } from "../identity/provider.ts"
import { hasNoSecret, redactCredential } from "../identity/secret.ts"
import { isObject, parseJson } from "../runtime/read-answer.ts"
import type { Failure } from "./backoff.ts"
import type { Lifetime } from "./lifetime.ts"
import { toBase64Url } from "./store.ts"
import { StoreUnavailable } from "./store-circuit-breaker.ts"

/**
 * The form of a record: JSON in UTF-8. Spans are milliseconds since the issuer answered. The store knows when a value
 * ends and how long a failure waits. Readers of version 2 ignore members that they do not know.
 *
 *     { "v": 2, "softMs": 79920000, "endMs": 86400000, "value": { ...token or credentials } }
 *     { "v": 2, "counts": { "rejected": 1, "unavailable": 0 },
 *       "error": { "code": "AUTH_CREDENTIALS_REJECTED", "message": "...", "status": 401, ... } }
 */
const VERSION = 2

/** A value with the lifetime that its writer planned. */
export interface StoredValue<T> extends Pick<Lifetime, "softMs" | "endMs"> {
  readonly value: T
}

export function textOfValue(value: Expiring, { softMs, endMs }: Pick<Lifetime, "softMs" | "endMs">): string {
  return JSON.stringify({ v: VERSION, softMs, endMs, value })
}

/** Reads a record of a value; nothing when the text is anything else. */
export function readValue<T extends Expiring>(text: string): StoredValue<T> | undefined {
  const { softMs, endMs, value } = parseRecord(text) ?? {}
  if (!isNumber(softMs) || !isNumber(endMs) || !isObject(value) || hasNoSecret(value)) return undefined
  // The key names the identity, so the writer's provider vouched for the type.
  return { value: redactCredential(value as T), softMs, endMs }
}

export function textOfFailure({ error, counts }: Failure): string {
  const { code, message, status, errorCode, errorMessage, requestId, endpoint } = error
  const shown = { code, message, status, errorCode, errorMessage, requestId, endpoint }
  return JSON.stringify({ v: VERSION, counts, error: shown })
}

/** Reads a record of a failure; nothing when the text is anything else. */
export function readFailure(text: string): Pick<Failure, "error" | "counts"> | undefined {
  const { counts, error } = parseRecord(text) ?? {}
  if (!isObject(counts) || !isObject(error)) return undefined
  const { rejected, unavailable } = counts
  const { code, message } = error
  if (!isCount(rejected) || !isCount(unavailable) || typeof code !== "string" || typeof message !== "string") {
    return undefined
  }
  return {
    // A later version may know more codes.
    error: new AuthError(code as AuthErrorCode, message, detailsOf(error)),
    counts: { rejected, unavailable },
  }
}

function detailsOf(error: Record<string, unknown>): AuthErrorDetails {
  const text = (name: string): string | undefined => {
    const value = error[name]
    return typeof value === "string" ? value : undefined
  }
  return {
    status: isNumber(error.status) ? error.status : undefined,
    errorCode: text("errorCode"),
    errorMessage: text("errorMessage"),
    requestId: text("requestId"),
    endpoint: text("endpoint"),
  }
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  const record = parseJson(text)
  return isObject(record) && record.v === VERSION ? record : undefined
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value)
}

/**
 * The key of an identity in a store: `v2.` and the SHA-256 in hex of the identity key and, on a second line, the name
 * of its secret. It does not show the name of a user. Records of different versions have different keys.
 *
 * @param secret a name of the secret that was derived with a key, or slowly, so that nobody can try passwords
 */
export function storeKeyOf(identityKey: string, secret?: string): string {
  return `v2.${hashHex("sha256", secret === undefined ? identityKey : `${identityKey}\n${secret}`)}`
}

/** 600,000 in all, as OWASP advises for PBKDF2-HMAC-SHA256. Cloudflare refuses more than 100,000 at once. */
const ROUNDS = 6
const ITERATIONS = 100_000

/**
 * Derives a name of a secret that readers of the store may see: each guess at a password costs them 600,000 iterations
 * of PBKDF2-HMAC-SHA256. Takes about a tenth of a second of CPU; in Node on another thread.
 *
 * @param salt different for each identity
 * @throws {StoreUnavailable} where there is no Web Crypto API, as in browsers without https
 * @see OWASP Password Storage Cheat Sheet; RFC 8018, section 5.2
 */
export async function stretch(secret: string, salt: string): Promise<string> {
  const { subtle } = globalThis.crypto
  if (subtle === undefined) throw new StoreUnavailable("There is no Web Crypto API.")
  const encoder = new TextEncoder()
  let bytes = encoder.encode(secret)
  for (let round = 0; round < ROUNDS; round += 1) {
    const key = await subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"])
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: encoder.encode(salt), iterations: ITERATIONS }
    bytes = new Uint8Array(await subtle.deriveBits(algorithm, key, 256))
  }
  return toBase64Url(bytes)
}
