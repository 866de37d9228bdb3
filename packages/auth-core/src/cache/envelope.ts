import { AuthError, type AuthErrorCode, type AuthErrorDetails } from "../errors/auth-error.ts"
import { hasNoSecret } from "../identity/credential-secret.ts"
import type { Expiring } from "../identity/provider.ts"
import { redactCredential } from "../runtime/redact.ts"
import type { Failure } from "./backoff.ts"
import type { Lifetime } from "./lifetime.ts"

/**
 * What a store keeps, JSON in UTF-8. Times are spans from `at`, the moment of writing by the writer's wall clock in epoch
 * ms; a reader that knows more members of version 1 than the writer finds them absent, one that knows fewer ignores them.
 *
 *     { "v": 1, "at": 1767225600000, "softMs": 79920000, "endMs": 86400000, "value": { ...token or credentials } }
 *     { "v": 1, "at": 1767225600000, "delayMs": 60000, "counts": { "rejected": 1, "unavailable": 0 },
 *       "error": { "code": "AUTH_CREDENTIALS_REJECTED", "message": "...", "status": 401, ... } }
 */
const VERSION = 1

/** A value as its writer planned its life. */
export interface StoredValue<T> extends Pick<Lifetime, "softMs" | "endMs"> {
  readonly value: T
  readonly ageMs: number
}

/** A failure of another process. */
export interface StoredFailure extends Pick<Failure, "error" | "counts" | "delayMs"> {
  readonly writtenAt: number
  readonly ageMs: number
}

export function writeValue(value: Expiring, { softMs, endMs }: Lifetime, now: number): string {
  return JSON.stringify({ v: VERSION, at: now, softMs, endMs, value })
}

/** Reads what {@link writeValue} wrote; nothing when it is anything else. */
export function readValue<T extends Expiring>(text: string, now: number): StoredValue<T> | undefined {
  const envelope = parse(text)
  if (envelope === undefined) return undefined
  const { at, softMs, endMs, value } = envelope
  if (!isNumber(at) || !isNumber(softMs) || !isNumber(endMs) || !isRecord(value) || hasNoSecret(value)) return undefined
  // The writer's provider vouched for the type; the key is that of its identity.
  return { value: redactCredential(value as T), softMs, endMs, ageMs: Math.max(0, now - at) }
}

export function writeFailure({ error, delayMs, counts }: Failure, now: number): string {
  const { code, message, status, errorCode, errorMessage, requestId, endpoint } = error
  const shown = { code, message, status, errorCode, errorMessage, requestId, endpoint }
  return JSON.stringify({ v: VERSION, at: now, delayMs, counts, error: shown })
}

/** Reads what {@link writeFailure} wrote; nothing when it is anything else. */
export function readFailure(text: string, now: number): StoredFailure | undefined {
  const envelope = parse(text)
  if (envelope === undefined) return undefined
  const { at, delayMs, counts, error } = envelope
  if (!isNumber(at) || !isNumber(delayMs) || !isRecord(counts) || !isRecord(error)) return undefined
  const { rejected, unavailable } = counts
  const { code, message } = error
  if (!isCount(rejected) || !isCount(unavailable) || typeof code !== "string" || typeof message !== "string") {
    return undefined
  }
  return {
    // A code of a later version is passed on as it is.
    error: new AuthError(code as AuthErrorCode, message, detailsOf(error)),
    counts: { rejected, unavailable },
    delayMs,
    writtenAt: at,
    ageMs: Math.max(0, now - at),
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

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const envelope: unknown = JSON.parse(text)
    return isRecord(envelope) && envelope.v === VERSION ? envelope : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value)
}
