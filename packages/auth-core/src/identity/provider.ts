import type { Credentials } from "./credentials.ts"
import type { Token } from "./token.ts"

/** Anything with an end of life; without one it lasts for ever. */
export interface Expiring {
  /** Epoch ms. */
  expiresAt?: number | undefined
}

/** What a provider is told when it is asked. */
export interface ProviderContext<T> {
  /** A value that was refused: give another one. Absent: any valid one will do. */
  rejected?: T | undefined
  /** Ends the work done for this call. */
  signal?: AbortSignal | undefined
  /** Asks another provider through the cache that asks this one, so that what several share is fetched once. */
  resolve?: (<V extends Expiring>(provider: Provider<V>, context?: ProviderContext<V>) => V | Promise<V>) | undefined
}

/** Yields a value when asked. Keeps nothing itself: keeping is the cache's work. */
export interface Provider<T> {
  (context?: ProviderContext<T>): Promise<T>
  /**
   * Stable text that names whose credential this is: endpoint, domain, user or agency, scope. Never holds a secret.
   * Two providers with one key share one cached value. Absent: the provider object itself is the identity.
   */
  readonly identityKey?: string | undefined
}

/** Yields AK/SK credentials. */
export type CredentialProvider = Provider<Credentials>

/** Yields IAM tokens. */
export type TokenProvider = Provider<Token>
