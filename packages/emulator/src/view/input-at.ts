import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Json } from "../iam/json.ts"
import { Refusal } from "../refusal.ts"

/** @throws {Refusal} 400 when it is missing or not a number */
export function numberAt(body: Json, name: string, least = Number.NEGATIVE_INFINITY): number {
  const value = memberAt(body, name)
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value
  const range = least === Number.NEGATIVE_INFINITY ? "" : `, ${least} or more`
  throw new Refusal(400, { error: `\`${name}\` must be a number${range}.` })
}

export function optionalNumberAt(body: Json, name: string, least: number): number | undefined {
  return memberAt(body, name) === undefined ? undefined : numberAt(body, name, least)
}

/** @throws {Refusal} 400 when it is missing, empty or not a text */
export function requiredTextAt(body: Json, name: string): string {
  const value = textAt(body, name)
  if (value === undefined) throw new Refusal(400, { error: `\`${name}\` must be a text.` })
  return value
}

/** @throws {Refusal} 400 for any other value */
export function oneOfAt<const T extends string | number>(body: Json, name: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === memberAt(body, name))
  if (found === undefined) throw new Refusal(400, { error: `\`${name}\` must be one of ${allowed.join(", ")}.` })
  return found
}
