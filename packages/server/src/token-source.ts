import type { TokenCaller } from "./identity.ts"
import type { Awaitable, LookupContext } from "./lookup.ts"

/** Tells whose an IAM token is. `keystone` makes one; programs may bring their own. */
export interface TokenSource<Owner = unknown> {
  /**
   * The caller of a token, `undefined` if IAM does not know the token, or it is over. The verifier checks the expiry once
   * more. A failure, or no answer within 30 s, refuses the request with 503.
   *
   * @param token the text of X-Auth-Token: visible ASCII
   */
  find(token: string, context: LookupContext): Awaitable<TokenCaller<Owner> | null | undefined>
  /** How callers authenticate, for WWW-Authenticate. @default "Keystone" */
  readonly challenge?: string | undefined
}
