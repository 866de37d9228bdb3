import { systemClock } from "../identity/clock.ts"
import type { Credentials } from "../identity/credentials.ts"
import { canonicalRequest } from "../signing/canonical-request.ts"
import { maskedRequest } from "../signing/masked-request.ts"
import type { AkskAuthOptions } from "./aksk-auth.ts"
import type { Attempt, Authentication, Rejection } from "./auth.ts"
import { createClockOffsets } from "./clock-offsets.ts"
import { countFailure, isKeyAtFault } from "./key-guard.ts"
import type { KeyStanding } from "./key-standing.ts"

/** What a signature was made from. */
export interface SignedWith {
  readonly credentials: Credentials
  readonly signedAt: number
  readonly attempt: Attempt
  /** The hash of the body, or what stands for it. */
  readonly payload: string
  readonly standing: KeyStanding
  /** The round of the standing in which it went. */
  readonly round: number
}

/**
 * What is wrong with a refused signature: its time, which is now known better; its key, so that another may do; itself, so
 * that none may be tried again; else nothing that can be mended.
 */
export type SignatureFault = "time" | "key" | "signature" | "other"

/** Learns from refused signatures. */
export interface SignatureJudge {
  /** The time that the endpoint's clock shows now, epoch ms. */
  nowAt(origin: string): number
  faultOf(authentication: Authentication<SignedWith>, rejection: Rejection): SignatureFault
}

/** The gateway does not know, or no longer knows, the key or its security token. */
const UNKNOWN_KEY = /\bak\b.*not exist|Get secretKey failed|decrypt token fail|token expires|security ?token/i

/** Failed signatures lock the key after five in a row, so they are never tried again. */
const FAILED_SIGNATURE = /signature fail|reach the limit/i

export function createSignatureJudge(options: AkskAuthOptions): SignatureJudge {
  const { clock = systemClock, algorithm, onEvent } = options
  const { nowAt, learn } = createClockOffsets(clock, options.onClockOffset)

  const settle = (authentication: Authentication<SignedWith>, rejection: Rejection, fault: SignatureFault): void => {
    const { attempt, credentials, standing, payload, round } = authentication.used
    const ours = (): string[] => {
      const headers = { ...attempt.headers, ...authentication.headers }
      const signedHeaders = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? "")?.[1]?.split(";")
      const text = canonicalRequest({ ...attempt, headers }, { algorithm, signedHeaders, payloadHash: payload })
      return [text, maskedRequest(text)]
    }
    if (fault === "signature" && isKeyAtFault(rejection, ours)) {
      const retryAfterMs = countFailure(standing, round, clock.monotonic())
      if (retryAfterMs !== undefined) {
        const { origin } = rejection
        const { accessKeyId } = credentials
        onEvent?.({ type: "credentials-paused", accessKeyId, origin, failures: standing.failures, retryAfterMs })
      }
    }
    // A failed signature is a 401; one without a text may be that.
    const { status, errorMessage } = rejection
    const isOther = (fault === "key" || fault === "other") && (errorMessage !== undefined || status !== 401)
    if (isOther && standing.failures === 0) standing.confirm()
    standing.end(attempt)
  }

  return {
    nowAt,
    faultOf(authentication, rejection) {
      const fault = faultIn(rejection, learn(rejection, authentication.used.signedAt))
      settle(authentication, rejection, fault)
      return fault
    },
  }
}

function faultIn({ errorMessage = "" }: Rejection, isTime: boolean): SignatureFault {
  if (isTime) return "time"
  if (FAILED_SIGNATURE.test(errorMessage)) return "signature"
  return UNKNOWN_KEY.test(errorMessage) ? "key" : "other"
}
