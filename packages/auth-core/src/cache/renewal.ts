import type { AuthError } from "../errors/auth-error.ts"
import type { Expiring, SecretBinding } from "../identity/provider.ts"
import type { Failure } from "./backoff.ts"
import type { Lifetime } from "./lifetime.ts"

/** How an attempt to come by a new value ended. */
export type Renewal<T> =
  | { readonly kind: "value"; readonly value: T; readonly lifetime: Lifetime; readonly source: "provider" | "store" }
  /** The provider was asked in vain; what is to be remembered of it, if anything. */
  | {
      readonly kind: "failed"
      readonly error: AuthError
      readonly failure: Failure | undefined
      /** It is about another identity, which this one builds on. */
      readonly isOfOther?: boolean
    }
  /** The provider was not asked, because it failed a while ago. */
  | { readonly kind: "backed-off"; readonly failure: Failure }
  /** Another process is at it; this value serves until then. */
  | { readonly kind: "busy"; readonly value: T }

/** Ends a refresh whose secret turns out to be another one than the entry's: what it would bring belongs to another entry. */
export class Moved extends Error {
  override readonly name = "Moved"
  /** Whose secret was read. */
  readonly binding: SecretBinding
  /** The refresh of the other entry, where it needs one. */
  readonly renewed: Promise<Expiring> | undefined

  constructor(binding: SecretBinding, renewed?: Promise<Expiring>) {
    super("The secret is another one now.")
    this.binding = binding
    this.renewed = renewed
    // Nobody may be waiting for it.
    renewed?.catch(() => undefined)
  }
}
