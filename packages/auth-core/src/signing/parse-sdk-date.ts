import { formatSdkDate } from "./sdk-date.ts"

const SDK_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Epoch ms of an X-Sdk-Date; `undefined` for anything else, such as a day that no month has. */
export function parseSdkDate(text: string): number | undefined {
  if (!SDK_DATE.test(text)) return undefined
  const time = Date.parse(text.replace(SDK_DATE, "$1-$2-$3T$4:$5:$6Z"))
  return Number.isNaN(time) || formatSdkDate(time) !== text ? undefined : time
}
