import type { RefusalCode } from "@countersign/server"
import type { IssuedKey, IssuedToken, Principal } from "./state/identities.ts"

/**
 * The routes' notes on one request while they answer it, for whoever watches. By default nobody does: then a request has no
 * trace, and nothing is noted.
 */
export interface Trace {
  body?: { readonly bytes: number; readonly sha256: string; readonly content: Uint8Array | undefined }
  signature?: CheckedSignature
  /** The caller that got in; at IAM's routes that issue something, the one it was issued to. */
  principal?: Principal
  projectId?: string
  /** The methods named in a request to IAM, such as `password+totp`. */
  methods?: string
  /** Expiry of the token or temporary key that was issued, epoch ms. */
  grantEndsAt?: number
  /** Why the gateway refused. A fault may have followed. */
  refusal?: string
  /** Kinds of the faults that it met. */
  faults?: readonly string[]
}

/** The result of checking a signature. */
interface CheckedSignature {
  readonly outcome: "OK" | RefusalCode
  /** Time of the check by the server's clock, epoch ms. */
  readonly checkedAt: number
  /** The key that the request names, if there is one. */
  readonly key: IssuedKey | undefined
}

/** Notes the methods named in a request to IAM, before it judges them. */
export function noteMethods(trace: Trace | undefined, methods: readonly unknown[]): void {
  if (trace !== undefined) trace.methods = methods.join("+")
}

export function noteCaller(trace: Trace | undefined, principal: Principal): void {
  if (trace !== undefined) trace.principal = principal
}

/** Notes the receiver and the expiry of what was issued. */
export function noteGrant(trace: Trace | undefined, { principal, expiresAt }: IssuedToken | IssuedKey): void {
  if (trace === undefined) return
  trace.principal = principal
  if (expiresAt !== undefined) trace.grantEndsAt = expiresAt
}
