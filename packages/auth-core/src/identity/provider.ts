import type { IamFetch } from "../runtime/fetch.ts"
import type { Credentials, Token } from "./credentials.ts"

/** Anything with an end of life; without one it lasts for ever. */
export interface Expiring {
  /** End of life by the issuer's clock, epoch ms. */
  expiresAt?: number | undefined
  /** Start of life by the issuer's clock, epoch ms, where it is known. */
  issuedAt?: number | undefined
}

/** Where IAM is, and how it is reached. */
export interface IamReach {
  readonly iamEndpoint?: string | undefined
  readonly region?: string | undefined
  readonly fetch?: IamFetch | undefined
  readonly timeoutMs?: number | undefined
  readonly allowInsecure?: boolean | undefined
}

/** What a provider is told when it is asked. */
export interface ProviderContext<T> {
  /** A value that was refused: give another one. Absent: any valid one will do. */
  rejected?: T | undefined
  /** Ends the work done for this call. */
  signal?: AbortSignal | undefined
  /** Asks another provider through the cache that asks this one, so that what several share is fetched once. */
  resolve?: (<V extends Expiring>(provider: Provider<V>, context?: ProviderContext<V>) => V | Promise<V>) | undefined
  /** How the auth that asks reaches IAM, for a source that is told nothing of it itself. */
  iam?: IamReach | undefined
  /**
   * Takes what the issuer's clock shows, epoch ms: its Date header, for instance. A provider that tells it lets the cache
   * count the lifetime of what it yields right, however wrong the local clock is.
   */
  reportIssuerTime?: ((now: number) => void) | undefined
  /**
   * Takes how soon to ask again, behind the back of callers, however long the value lives, milliseconds. For sources that
   * change when they like, such as a file; a failure leaves the value in use.
   */
  refreshAfter?: ((ms: number) => void) | undefined
  /**
   * Takes an error that is about what another provider gave, such as the token of `via`, before it is thrown: it says nothing
   * against this identity, so it makes no back-off here.
   */
  blameSource?: ((error: Error) => void) | undefined
  /** The secret that the cache read from a function, and binds the value to: use it in place of asking again. */
  secret?: BoundSecret | undefined
}

/** Yields a value when asked. Keeps nothing itself: keeping is the cache's work. */
export interface Provider<T> {
  (context?: ProviderContext<T>): Promise<T>
  /**
   * Stable text that names whose credential this is: endpoint, domain, user or agency, scope. Never holds a secret.
   * Two providers with one key and one secret share one cached value, also across machines where the cache has a shared store;
   * so what depends on the machine or the process has no key. Absent: the provider object itself is the identity.
   */
  readonly identityKey?: string | undefined
  /** It heeds `iam` in the context. */
  readonly heedsIamReach?: boolean | undefined
  /** The kind of value, where it is stated: a provider built on it then refuses keys in place of a token at construction. */
  readonly yields?: "token" | "credentials" | undefined
  /**
   * The secret that gets the values: a cache keeps those of each secret apart. Set by the providers of this library. Absent:
   * all providers with the key share, so a function of your own vouches for its key.
   */
  readonly binding?: SecretBinding | undefined
}

/** Yields AK/SK credentials. */
export type CredentialProvider = Provider<Credentials>

/** Yields IAM tokens. */
export type TokenProvider = Provider<Token>

/** A provider that says what it yields, so that a mistake shows where it is passed on, not when it is asked. */
export function yielding<T>(
  yields: NonNullable<Provider<T>["yields"]>,
  provide: (context?: ProviderContext<T>) => Promise<T>,
): Provider<T> {
  return Object.assign(provide, { yields })
}

/** A secret as it was read once. No way of printing it shows the text. */
export class BoundSecret {
  /** Tells secrets apart in this process; the caches make it and keep it here. */
  fingerprint: string | undefined = undefined
  readonly #secret: string
  readonly #beside: readonly string[]

  /** @param beside what else a value depends on, such as a passcode */
  constructor(secret: string, ...beside: readonly string[]) {
    this.#secret = secret
    this.#beside = beside
  }

  /** The secret itself. */
  reveal(): string {
    return this.#secret
  }

  /** All that a value is bound to, as one text. */
  revealAll(): string {
    return JSON.stringify([this.#secret, ...this.#beside])
  }
}

/** Binds what a provider yields, and what is built on that, to the secret that got it. */
export interface SecretBinding {
  /** Names whose secret it is: the identity key of the provider that sends it. */
  readonly identity: string
  /** The secret that reads are bound to; absent before a function was first asked. */
  current: BoundSecret | undefined
  /** Stands for `current`, and is replaced with it: by it caches see at a glance that nothing has changed. */
  sign: object
  /** Asks the function that gives the secret; absent for a text. Caches call it at the first meeting and at each renewal. */
  readonly read?: (signal: AbortSignal | undefined) => Promise<BoundSecret>
  /** The provider that asks the function. */
  owner?: TokenProvider | undefined
}

/**
 * Joins the parts that name an identity into one key. Each part is percent-encoded, so no two lists give one key.
 * Nothing secret may go in.
 */
export function identityKey(kind: string, ...parts: ReadonlyArray<string | undefined>): string {
  return [kind, ...parts.map((part) => (part === undefined ? "" : `=${encodeURIComponent(part)}`))].join("/")
}
