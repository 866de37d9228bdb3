import { AuthError } from "../errors/auth-error.ts"

/**
 * X-Sdk-Date of an instant: `YYYYMMDDTHHMMSSZ`, UTC.
 *
 * @param time epoch ms
 * @throws {AuthError} `AUTH_INVALID_OPTION` outside the years 0 to 9999.
 */
export function formatSdkDate(time: number): string {
  // Other years have more digits or a sign; an invalid date has no JSON.
  const text = new Date(Math.floor(time / 1000) * 1000).toJSON()?.replace(/[-:]|\.000/g, "")
  if (text?.length === 16) return text
  throw new AuthError("AUTH_INVALID_OPTION", "`date` must be a valid Date in the years 0 to 9999.")
}
