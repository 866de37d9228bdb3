import { AuthError } from "../errors/auth-error.ts"

let lastSecond = Number.NaN
let lastText = ""

/**
 * X-Sdk-Date: `YYYYMMDDTHHMMSSZ`, UTC.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for an invalid date.
 */
export function formatSdkDate(date: Date): string {
  const second = Math.floor(date.getTime() / 1000)
  if (second === lastSecond) return lastText
  if (Number.isNaN(second)) throw new AuthError("AUTH_INVALID_OPTION", "`date` must be a valid Date.")
  const text = new Date(second * 1000).toISOString().replace(/[-:]|\.\d+/g, "")
  if (!SDK_DATE.test(text)) throw new AuthError("AUTH_INVALID_OPTION", "`date` must lie in the years 0 to 9999.")
  lastSecond = second
  lastText = text
  return text
}

const SDK_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Epoch ms of an X-Sdk-Date; `undefined` for anything else. */
export function parseSdkDate(text: string): number | undefined {
  if (!SDK_DATE.test(text)) return undefined
  const time = Date.parse(text.replace(SDK_DATE, "$1-$2-$3T$4:$5:$6Z"))
  return Number.isNaN(time) ? undefined : time
}
