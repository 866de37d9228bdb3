import type { Auth, GuardOptions } from "@countersign/auth-core/adapter"
import type { Got } from "got"
import { authHooks } from "./auth-hooks.ts"

/** The settings of one request in `context`. */
export interface AuthContext {
  /** Another auth for this request, or `false` for none. Omit it to use that of `withAuth`; `undefined` is refused. */
  countersign?: Auth | false
}

/**
 * A got instance whose requests go out authenticated: each attempt, retry, redirect hop and page, and one replay after a
 * 401 that a fresh token or the right time cures. The given instance is not changed.
 *
 * @param auth with `false` each request must bring its own in `context`, or it is refused with `AUTH_INVALID_OPTION`.
 * @see authHooks
 */
export function withAuth<G extends Got>(client: G, auth: Auth | false, options: GuardOptions = {}): G {
  return client.extend({ hooks: authHooks(auth, options) }) as G
}
