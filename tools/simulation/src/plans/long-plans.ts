import { CALM_PLAN, type Plan } from "./plan.ts"

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A fleet at work for weeks. */
export interface LongPlan {
  readonly name: string
  readonly plan: Plan
}

/**
 * Each process calls for each customer at random, about once in a lifetime or twice. So some process calls for a
 * customer every few minutes, or every few seconds: often enough for a renewal before the end.
 */
export const longPlans: readonly LongPlan[] = [
  {
    name: "100 processes, 1,000 customers, tokens of 24 hours, 30 days",
    plan: {
      ...CALM_PLAN,
      seed: "tokens",
      processes: 100,
      identities: 1_000,
      tokenLifeMs: DAY_MS,
      readEveryMs: DAY_MS,
      startWithinMs: HOUR_MS,
      checkEveryMs: HOUR_MS,
      endMs: 30 * DAY_MS,
    },
  },
  {
    name: "20 processes, 100 customers, keys of 15 minutes, 7 days",
    plan: {
      ...CALM_PLAN,
      seed: "keys",
      processes: 20,
      identities: 100,
      tokenLifeMs: 15 * MINUTE_MS,
      readEveryMs: 8 * MINUTE_MS,
      startWithinMs: MINUTE_MS,
      checkEveryMs: HOUR_MS,
      endMs: 7 * DAY_MS,
    },
  },
]

/** The best of fleets would send so much. */
export interface Ideal {
  /** One for each customer and whole lifetime. */
  readonly iamCalls: number
  /**
   * One for each process, customer and lifetime in which the process needs the value, and one to write it. Needs come at
   * random, so a process has none in some lifetimes.
   */
  readonly commands: number
}

export function idealOf({ processes, identities, tokenLifeMs, readEveryMs, endMs }: Plan): Ideal {
  const iamCalls = identities * Math.ceil(endMs / tokenLifeMs)
  const share = 1 - Math.exp(-tokenLifeMs / readEveryMs)
  return { iamCalls, commands: Math.round(iamCalls * (processes * share + 1)) }
}
