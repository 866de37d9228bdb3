import type { Iam } from "../cloud/iam.ts"
import type { Plan } from "../plans/plan.ts"
import type { Conditions } from "../store/conditions.ts"
import type { RedisServer } from "../store/redis-server.ts"
import type { Agenda } from "../time/agenda.ts"
import type { Observations } from "./observations.ts"

/** The things that all processes of a run share. */
export interface World {
  readonly plan: Plan
  readonly agenda: Agenda
  readonly iam: Iam
  readonly server: RedisServer
  readonly conditions: Conditions
  readonly observed: Observations
  /** Takes a line for all that happens, where somebody wants to read it. */
  readonly trace: ((line: string) => void) | undefined
}
