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

const SDK_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Epoch ms of an X-Sdk-Date; `undefined` for anything else, such as a day that no month has. */
export function parseSdkDate(text: string): number | undefined {
  if (!SDK_DATE.test(text)) return undefined
  const time = Date.parse(text.replace(SDK_DATE, "$1-$2-$3T$4:$5:$6Z"))
  return Number.isNaN(time) || formatSdkDate(time) !== text ? undefined : time
}
