import type { Fault } from "./fault.ts"

/** A keyring of `encryptedStore`: the number of each key. Nothing: values are stored in clear. */
export type Keyring = readonly number[] | undefined

/** All that decides a run, together with its seed. */
export interface Plan {
  readonly seed: string
  readonly processes: number
  readonly identities: number
  readonly tokenLifeMs: number
  /** The mean time between two reads of one identity by one process. */
  readonly readEveryMs: number
  /** Processes start at random within this time. */
  readonly startWithinMs: number
  /** Wall clocks differ from the right time by up to this much. */
  readonly skewMs: number
  /** How the processes of the fleet encrypt, in turn. */
  readonly keyrings: readonly Keyring[]
  /** Providers do not bind their values to a secret, like those that users write. */
  readonly isUnbound: boolean
  /** Passwords come from a function instead of a text. */
  readonly hasSecretFunctions: boolean
  /** The client sends commands again whose connection broke. */
  readonly repeats: boolean
  readonly faults: readonly Fault[]
  /** Moments at which all processes read all identities at once. */
  readonly bursts: readonly number[]
  readonly endMs: number
  /** Processes check the connection on which they listen so seldom. @default each 5 seconds, as the library does */
  readonly checkEveryMs?: number
}

/** A small fleet on which nothing bears down, for ten minutes. */
export const CALM_PLAN: Omit<Plan, "seed"> = {
  processes: 6,
  identities: 1,
  tokenLifeMs: 5 * 60_000,
  readEveryMs: 5_000,
  startWithinMs: 1_000,
  skewMs: 0,
  keyrings: [],
  isUnbound: false,
  hasSecretFunctions: false,
  repeats: false,
  faults: [],
  bursts: [],
  endMs: 10 * 60_000,
}

/** When the last fault is over. */
export function calmSince({ faults }: Plan): number {
  return Math.max(0, ...faults.map(({ at, forMs }) => at + forMs))
}

/**
 * Names the processes that ask once for all of them. Each first key of a keyring has leases of its own, since it names
 * the entries of the store.
 */
export function groupOf({ keyrings }: Plan, process: string): string {
  const place = Number(/^p(\d+)/.exec(process)?.[1])
  return String(keyrings[place % Math.max(1, keyrings.length)]?.[0])
}
