import type { Fault } from "./fault.ts"
import type { Keyring } from "./keyring.ts"

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
