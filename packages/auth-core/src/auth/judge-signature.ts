import { systemClock } from "../identity/clock.ts"
import type { Credentials } from "../identity/credentials.ts"
import { canonicalHeaders } from "../signing/canonical-headers.ts"
import { canonicalText } from "../signing/canonicalize.ts"
import { selectHeaders } from "../signing/header-selection.ts"
import { maskedRequest } from "../signing/masked-request.ts"
import { wireUrl } from "../signing/wire-url.ts"
import type { AkskAuthOptions } from "./aksk-auth.ts"
import type { Attempt, Authentication, Rejection } from "./auth.ts"
import { createClockOffsets } from "./clock-offsets.ts"
import { countFailure, isKeyAtFault } from "./key-guard.ts"
import { standingAt, standingsOf, type Turn } from "./key-standing.ts"
import type { Renewable } from "./provided.ts"

/** The input of a signature. */
export interface SignedWith {
  readonly credentials: Credentials
  readonly signedAt: number
  readonly attempt: Attempt
  /** The hash of the body, or what stands for it. */
  readonly payload: string
  /** Absent for the first attempts of a process whose outcome nobody tells. */
  readonly turn: Turn | undefined
}

/**
 * The fault of a refused signature. `time`: the right one is known now. `key`: another key may do. `signature`: it must not be
 * tried again. `other`: nothing can be mended.
 */
type SignatureFault = "time" | "key" | "signature" | "other"

/** Learns from refused signatures. */
export interface SignatureJudge {
  /** The time that the endpoint's clock shows now, epoch ms. */
  nowAt(origin: string): number
  /** Whether the same request may succeed, signed anew. */
  judge(
    authentication: Authentication<SignedWith>,
    rejection: Rejection,
    source: Renewable<Credentials>,
    signal: AbortSignal | undefined,
  ): Promise<boolean>
}

/** The gateway does not know, or no longer knows, the key or its security token. */
const UNKNOWN_KEY = /\bak\b.*not exist|Get secretKey failed|decrypt token fail|token expires|security ?token/i

/** Failed signatures lock the key after five in a row, so they are never tried again. */
const FAILED_SIGNATURE = /signature fail|reach the limit/i

export function createSignatureJudge(options: AkskAuthOptions): SignatureJudge {
  const { clock = systemClock, onEvent } = options
  const { nowAt, learn } = createClockOffsets(clock, options.onClockOffset)

  const settle = (authentication: Authentication<SignedWith>, rejection: Rejection, fault: SignatureFault): void => {
    const { attempt, credentials } = authentication.used
    const { turn = standingAt(standingsOf(credentials, clock), attempt.url).turn } = authentication.used
    const { standing } = turn
    const ours = (): string[] => {
      const text = canonicalOf(authentication)
      return [text, maskedRequest(text)]
    }
    if (fault === "signature" && isKeyAtFault(rejection, ours)) {
      const retryAfterMs = countFailure(standing, turn, clock.monotonic())
      if (retryAfterMs !== undefined) {
        const { origin } = rejection
        const { accessKeyId } = credentials
        onEvent?.({ type: "credentials-paused", accessKeyId, origin, failures: standing.failures, retryAfterMs })
      }
    }
    standing.end(attempt, fault === "key" || fault === "other")
  }

  return {
    nowAt,
    async judge(authentication, rejection, source, signal) {
      const { credentials, signedAt } = authentication.used
      const fault = faultIn(rejection, learn(rejection, signedAt))
      settle(authentication, rejection, fault)
      // By the endpoint's clock, which is known now, the key may have expired too; and there is only one replay.
      const isExpired = (credentials.expiresAt ?? Number.POSITIVE_INFINITY) <= nowAt(rejection.origin)
      if (fault === "time" && isExpired) await source.renew(credentials, rejection, signal)
      return fault === "time" || (fault === "key" && (await source.renew(credentials, rejection, signal)))
    },
  }
}

/** The canonical request that was signed, made once more: few are ever asked for. */
function canonicalOf({ headers: added, used }: Authentication<SignedWith>): string {
  const { method, url, headers } = used.attempt
  const signedHeaders = /SignedHeaders=([^,]*)/.exec(added.authorization ?? "")?.[1] ?? ""
  const { names, positionOf, read } = selectHeaders(signedHeaders.split(";"))
  const values = read({ ...headers, ...added })
  const wire = wireUrl(url)
  values[positionOf("host")] ??= wire.host
  const end = ["", canonicalHeaders(names, values), signedHeaders, used.payload].join("\n")
  return canonicalText(method, wire, end)
}

function faultIn({ status, errorMessage }: Rejection, isTime: boolean): SignatureFault {
  if (isTime) return "time"
  // A failed signature is a 401. One without a text, as of HEAD or of a stream, may be that, and counts there.
  if (errorMessage === undefined) return status === 401 ? "signature" : "other"
  if (FAILED_SIGNATURE.test(errorMessage)) return "signature"
  return UNKNOWN_KEY.test(errorMessage) ? "key" : "other"
}
