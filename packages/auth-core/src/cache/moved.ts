import type { Expiring } from "../identity/provider.ts"
import type { SecretBinding } from "../identity/secret-binding.ts"

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
