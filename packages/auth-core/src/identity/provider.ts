import type { IamReach } from "../cloud/cloud.ts"
import type { Credentials, Token } from "./credentials.ts"

/** Anything with an end of life. Without `expiresAt` it never ends. */
export interface Expiring {
  /** End of life by the issuer's clock, epoch ms. */
  expiresAt?: number | undefined
  /** Start of life by the issuer's clock, epoch ms, where it is known. */
  issuedAt?: number | undefined
}

/** The circumstances of a call of a provider. */
export interface ProviderContext<T> {
  /** A refused value, which must be replaced. Absent: any valid value will do. */
  rejected?: T | undefined
  /** Ends the work done for this call. */
  signal?: AbortSignal | undefined
  /** Asks another provider through the cache that asks this one, so that shared values are fetched once. */
  resolve?: (<V extends Expiring>(provider: Provider<V>, context?: ProviderContext<V>) => V | Promise<V>) | undefined
  /** The way of the calling auth to IAM, for a source without options of its own. */
  iam?: IamReach | undefined
  /**
   * Takes the time of the issuer's clock, epoch ms, for instance from its Date header. With it the cache counts the
   * lifetime correctly, however wrong the local clock is.
   */
  reportIssuerTime?: ((now: number) => void) | undefined
  /**
   * Takes the time until the next call in the background, milliseconds, however long the value lives. For sources that
   * may change at any time, such as a file. If that call fails, the value stays in use.
   */
  refreshAfter?: ((ms: number) => void) | undefined
  /**
   * Takes an error before it is thrown, if the value of another provider caused it, such as the token of `via`. It does
   * not count against this identity, so there is no back-off.
   */
  blameSource?: ((error: Error) => void) | undefined
  /** The secret that the cache read from a function and binds the value to. Use it instead of asking again. */
  secret?: BoundSecret | undefined
}

/** Yields a value when asked. It keeps nothing; that is the work of the cache. */
export interface Provider<T> {
  (context?: ProviderContext<T>): Promise<T>
  /**
   * Stable text that names the owner of the credential: endpoint, domain, user or agency, scope. It never holds a
   * secret. Providers with the same key and the same secret share one cached value, across machines if the cache has a
   * shared store. So a source that depends on the machine or the process has no key. Absent: the identity is the
   * provider object.
   */
  readonly identityKey?: string | undefined
  /** Names the owner of the credentials to people, in events. Never holds a secret. */
  readonly label?: string | undefined
  /** It uses `iam` of the context. */
  readonly heedsIamReach?: boolean | undefined
  /** The kind of value, where it is known. A provider built on this one then refuses the wrong kind at construction. */
  readonly yields?: "token" | "credentials" | undefined
  /**
   * The secret that gets the values. A cache keeps the values of each secret apart. Set by the providers of this
   * library. Absent: all providers with the key share one value, so a function of your own vouches for its key.
   */
  readonly binding?: SecretBinding | undefined
}

/** Yields AK/SK credentials. */
export type CredentialProvider = Provider<Credentials>

/** Yields IAM tokens. */
export type TokenProvider = Provider<Token>

/** A provider that states its kind of value, so that a mistake shows at construction, not at the first call. */
export function yielding<T>(
  yields: NonNullable<Provider<T>["yields"]>,
  provide: (context?: ProviderContext<T>) => Promise<T>,
): Provider<T> {
  return Object.assign(provide, { yields })
}

/** A secret that was read once. It is never printed. */
export class BoundSecret {
  /** Tells secrets apart in this process. Caches compute it and keep it here. */
  fingerprint: string | undefined = undefined
  readonly #secret: string
  readonly #beside: readonly string[]

  /** @param beside further secrets that values depend on, such as a passcode */
  constructor(secret: string, ...beside: readonly string[]) {
    this.#secret = secret
    this.#beside = beside
  }

  /** The secret. */
  reveal(): string {
    return this.#secret
  }

  /** The secret and those beside it, as one text. */
  revealAll(): string {
    return JSON.stringify([this.#secret, ...this.#beside])
  }
}

/** Binds the values of a provider, and of those built on it, to the secret that got them. */
export interface SecretBinding {
  /** The identity key of the provider that sends the secret. */
  readonly identity: string
  /** The secret that reads are bound to; absent until a function is first asked. */
  current: BoundSecret | undefined
  /** Replaced together with `current`, so that caches see quickly that nothing has changed. */
  sign: object
  /**
   * Asks the function that gives the secret; absent for a text. Caches call it at the first read and at each renewal.
   */
  readonly read?: (signal: AbortSignal | undefined) => Promise<BoundSecret>
  /** The provider that asks the function. */
  owner?: TokenProvider | undefined
}

/** A binding whose secret a function gives. */
export type ReadableBinding = SecretBinding & Required<Pick<SecretBinding, "read">>

export function isReadable(binding: SecretBinding | undefined): binding is ReadableBinding {
  return binding?.read !== undefined
}

/**
 * Joins the parts that name an identity into one key. Each part is percent-encoded, so different lists give different
 * keys. No part may be secret.
 */
export function identityKey(kind: string, ...parts: ReadonlyArray<string | undefined>): string {
  return [kind, ...parts.map((part) => (part === undefined ? "" : `=${encodeURIComponent(part)}`))].join("/")
}
