import { invalidOption } from "@countersign/auth-core/adapter"

/** @throws {AuthError} `AUTH_INVALID_OPTION` unless the value is a number from `least`; Infinity counts. */
export function checkNumber(name: string, value: unknown, least: number): void {
  if (typeof value !== "number" || !(value >= least)) throw invalidOption(`\`${name}\` must be a number from ${least}.`)
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` unless each value is true or false. */
export function checkBooleans(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (typeof value !== "boolean") throw invalidOption(`\`${name}\` must be true or false.`)
}
