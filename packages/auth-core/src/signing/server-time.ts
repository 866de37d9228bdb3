import { rememberLast } from "../runtime/remember-last.ts"
import { formatSdkDate } from "./string-to-sign.ts"

/**
 * Reads the server's clock from a text such as `…, signature time:20191115T033655Z,server time:20191115T035156Z`. Only the
 * difference of the two counts, so a missing time zone does no harm.
 *
 * @returns epoch ms
 */
export function serverTimeIn(text: string | undefined, signedAt: number): number | undefined {
  const server = timeIn(text, /server time/i)
  const signature = timeIn(text, /signature time/i)
  if (server === undefined || signature === undefined) return server
  // A signature has whole seconds.
  return server - signature + Math.floor(signedAt / 1_000) * 1_000
}

/** Whether a gateway or IAM refuses a signature for its time. */
export function isSignatureExpired(text: string): boolean {
  return /signature expired/i.test(text)
}

/** A time as the gateway writes it, in ISO 8601 (UTC unless it names a zone), or as in HTTP. */
const TIME =
  /^[\s:=]*(?:(\d{4})-?(\d\d)-?(\d\d)[T ](\d\d):?(\d\d):?(\d\d(?:\.\d+)?) ?(?:Z|UTC|GMT|([+-]\d\d):?(\d\d))?|([a-z]{3}, [\da-z ]+ [\d:]{8} GMT))/i

function timeIn(text: string | undefined, label: RegExp): number | undefined {
  const after = text?.split(label)[1]
  const [found, year, month, day, hour, minute, second, zoneHours = "+00", zoneMinutes = "00", http] =
    TIME.exec(after ?? "") ?? []
  if (found === undefined) return undefined
  const time = Date.parse(http ?? `${year}-${month}-${day}T${hour}:${minute}:${second}${zoneHours}:${zoneMinutes}`)
  return Number.isNaN(time) ? undefined : time
}

const SDK_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Epoch ms of an X-Sdk-Date; `undefined` for anything else, such as a day that no month has. */
export function parseSdkDate(text: string): number | undefined {
  if (!SDK_DATE.test(text)) return undefined
  const time = Date.parse(text.replace(SDK_DATE, "$1-$2-$3T$4:$5:$6Z"))
  return Number.isNaN(time) || formatSdkDate(time) !== text ? undefined : time
}

const TIME_OF_DAY = /^T(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ$/

/** Gives what {@link parseSdkDate} gives, by arithmetic but for the first time of a day. */
export function createSdkClock(): typeof parseSdkDate {
  // Reading another second of the same day takes 95 % less.
  const beginOf = rememberLast((day: string) => parseSdkDate(`${day}T000000Z`))
  return (text) => {
    const begin = beginOf(text.slice(0, 8))
    const time = text.slice(8)
    if (begin === undefined || !TIME_OF_DAY.test(time)) return undefined
    const digits = Number(time.slice(1, 7))
    const hours = Math.floor(digits / 10_000)
    const minutes = Math.floor(digits / 100) % 100
    return begin + ((hours * 60 + minutes) * 60 + (digits % 100)) * 1_000
  }
}
