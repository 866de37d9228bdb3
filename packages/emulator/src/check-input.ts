import { invalidOption } from "@countersign/auth-core/adapter"

// Each throws an AuthError, `AUTH_INVALID_OPTION`, which says what `name` must be.

export function checkNumber(name: string, value: unknown, least: number): void {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return
  throw invalidOption(`\`${name}\` must be a number, ${least} or more.`)
}

export function checkWhole(name: string, value: unknown, least: number, most = Number.POSITIVE_INFINITY): void {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return
  const range = most === Number.POSITIVE_INFINITY ? `, ${least} or more` : ` from ${least} to ${most}`
  throw invalidOption(`\`${name}\` must be a whole number${range}.`)
}

export function checkText(name: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return
  throw invalidOption(`\`${name}\` must be a text.`)
}

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw invalidOption(`\`${name}\` must be true or false.`)
}

export function checkOneOf(name: string, value: unknown, allowed: readonly (string | number)[]): void {
  if (allowed.some((each) => each === value)) return
  throw invalidOption(`\`${name}\` must be one of ${allowed.join(", ")}.`)
}

/** @param shape the members that the object may have, in words */
export function checkObject(name: string, value: unknown, shape: string): void {
  if (typeof value === "object" && value !== null) return
  throw invalidOption(`\`${name}\` must be an object: ${shape}.`)
}
