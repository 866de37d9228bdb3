import type { TokenProvider } from "./provider.ts"

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
