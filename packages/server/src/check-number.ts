import { invalidOption } from "@countersign/auth-core/adapter"

/** @throws {AuthError} `AUTH_INVALID_OPTION` unless the value is a number from `least`; Infinity counts. */
export function checkNumber(name: string, value: unknown, least: number): void {
  if (typeof value !== "number" || !(value >= least)) throw invalidOption(`\`${name}\` must be a number from ${least}.`)
}
