import type { VerifyFailureCode } from "@countersign/auth-core"
import type { IssuedKey, IssuedToken, Principal } from "./state/identities.ts"

/**
 * Notes that the routes make on one request while they answer it, for whoever watches. Nobody does by default: then a
 * request has no trace, and nothing is noted.
 */
export interface Trace {
  body?: { readonly bytes: number; readonly sha256: string; readonly content: Uint8Array | undefined }
  signature?: CheckedSignature
  /** Who got in; at IAM's routes that issue something, to whom it was issued. */
  principal?: Principal
  projectId?: string
  /** By which methods IAM was asked, such as `password+totp`. */
  methods?: string
  /** End of the token or temporary key that was issued, epoch ms. */
  grantEndsAt?: number
  /** Why the gateway refused. It may have met a fault afterwards. */
  refusal?: string
  /** Kinds of the faults that it met. */
  faults?: readonly string[]
}

/** How the check of a signature went. */
export interface CheckedSignature {
  readonly outcome: "OK" | "KEY_LOCKED" | "KEY_EXPIRED" | VerifyFailureCode
  /** Time of the check by the server's clock, epoch ms. */
  readonly checkedAt: number
  /** The key that the request names, where the check came to look for it and found it. */
  readonly key: IssuedKey | undefined
}

/** Notes by which methods IAM is asked, before it judges them. */
export function noteMethods(trace: Trace | undefined, methods: readonly unknown[]): void {
  if (trace !== undefined) trace.methods = methods.join("+")
}

export function noteCaller(trace: Trace | undefined, principal: Principal): void {
  if (trace !== undefined) trace.principal = principal
}

/** Notes to whom something was issued, and until when. */
export function noteGrant(trace: Trace | undefined, { principal, expiresAt }: IssuedToken | IssuedKey): void {
  if (trace === undefined) return
  trace.principal = principal
  if (expiresAt !== undefined) trace.grantEndsAt = expiresAt
}
