import { AuthError } from "../errors/auth-error.ts"

let lastSecond = Number.NaN
let lastText = ""

/**
 * X-Sdk-Date of an instant: `YYYYMMDDTHHMMSSZ`, UTC.
 *
 * @param time epoch ms
 * @throws {AuthError} `AUTH_INVALID_OPTION` outside the years 0 to 9999.
 */
export function formatSdkDate(time: number): string {
  const second = Math.floor(time / 1000)
  if (second === lastSecond) return lastText
  // It has more digits or a sign in other years, and is null where there is no date.
  const text = new Date(second * 1000).toJSON()?.replace(/[-:]|\.000/g, "")
  if (text?.length !== 16) {
    throw new AuthError("AUTH_INVALID_OPTION", "`date` must be a valid Date in the years 0 to 9999.")
  }
  lastSecond = second
  lastText = text
  return text
}
