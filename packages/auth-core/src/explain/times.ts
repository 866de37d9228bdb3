import { parseSdkDate, serverTimeIn } from "../signing/server-time.ts"
import type { Answer } from "./answer.ts"
import type { SignedParts } from "./compare.ts"

/** How far apart the gateway lets signature and arrival be. */
export const MOST_SKEW_MS = 15 * 60_000

export function sdkDateOf({ headers }: Pick<SignedParts, "headers">): string | undefined {
  const date = headers.get("x-sdk-date")
  return date !== undefined && parseSdkDate(date) !== undefined ? date : undefined
}

/** The server's clock by its Date header, epoch ms. */
export function dateHeader({ headers }: Answer): number | undefined {
  const time = Date.parse(headers.date ?? "")
  return Number.isNaN(time) ? undefined : time
}

/** The times of the signature and of the server that a text names, epoch ms. */
export function timesIn(text: string | undefined): { signed: number | undefined; server: number | undefined } {
  return {
    signed: serverTimeIn(text?.replace(/signature time/i, "server time"), 0),
    server: serverTimeIn(text?.replace(/signature time/i, "signed at"), 0),
  }
}

/** Such as `15 min 1 s`. */
export function durationText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ")
  return text === "" ? "0 s" : text
}
