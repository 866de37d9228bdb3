import { AuthError } from "../errors/auth-error.ts"

/** Gives a whole number within bounds back, or says which option is not one. */
export function checkInteger<T extends number | undefined>(value: T, option: string, least: number, most: number): T {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value
  throw new AuthError("AUTH_INVALID_OPTION", `\`${option}\` must be a whole number from ${least} to ${most}.`)
}
