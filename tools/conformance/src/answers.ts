import type { Scenario } from "./matrix.ts"

/** The answer of a server to one attempt. */
export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

export const OK: Answer = { status: 200 }

/** The target of redirects: a path, here or at another origin. */
export interface Elsewhere {
  readonly path: string
  readonly listed: string
  readonly foreign: string
}

/**
 * @param attempt counted from 1
 * @param signedAt the time in its signature
 */
export function answerTo(
  scenario: Scenario,
  attempt: number,
  { path, listed, foreign }: Elsewhere,
  signedAt: unknown,
): Answer {
  if (scenario === "retry after 503 twice") return attempt <= 2 ? { status: 503 } : OK
  if (attempt > 1) return OK
  switch (scenario) {
    case "plain":
      return OK
    case "307 to a listed host":
      return { status: 307, headers: { location: listed + path } }
    case "307 to a foreign host":
      return { status: 307, headers: { location: foreign + path } }
    case "401, then another credential":
      return refusal("Get secretKey failed,ak:AK,err:ak not exist")
    case "expired signature":
      return refusal(
        `calc aksk signature fail:signature expired, signature time:${signedAt},server time:${sdkDate(AHEAD_MS)}`,
      )
    default:
      return { status: Number(scenario.slice(0, 3)), headers: { location: `${path}?x=1` } }
  }
}

function refusal(message: string): Answer {
  const error = {
    error_code: "APIGW.0301",
    error_msg: `Incorrect IAM authentication information: ${message}`,
    request_id: "r",
  }
  return { status: 401, body: JSON.stringify(error) }
}

/** The offset of a gateway whose clock is ahead. */
const AHEAD_MS = 20 * 60_000

function sdkDate(aheadMs: number): string {
  return new Date(Date.now() + aheadMs).toISOString().replace(/[-:]|\.\d+/g, "")
}
