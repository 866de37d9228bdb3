import type { Credentials } from "../identity/credentials.ts"
import { type Clock, systemClock, type WallClock } from "../runtime/clock.ts"
import { redactCanonicalRequest } from "../runtime/redact.ts"
import { tellListeners } from "../runtime/tell-listeners.ts"
import type { ResolvedRequest } from "../signing/canonicalizer.ts"
import { isSignatureExpired, serverTimeIn } from "../signing/server-time.ts"
import type { SigningKey } from "../signing/signing-key.ts"
import type { Attempt, AuthEvent, Authentication, Rejection, ReplayReason } from "./auth.ts"
import type { RenewableCredential } from "./cached-credential.chunk.ts"
import { countFailure, standingAt, standingsOf, type Turn } from "./key-standing.ts"

export interface SignatureJudgeOptions {
  /**
   * Receives the events of the credentials, and those of a cache of this auth alone, unless `cache` has an `onEvent` of its
   * own. They hold no secret.
   */
  onEvent?: ((event: AuthEvent) => unknown) | undefined
  /**
   * Receives the difference when the clock of an endpoint is found to be off: server time minus local time,
   * milliseconds.
   */
  onClockOffset?: ((offset: { origin: string; offsetMs: number }) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

/** The input of a signature. */
export interface SignedWith {
  readonly credentials: Credentials
  readonly key: SigningKey
  readonly attempt: Attempt
  readonly request: ResolvedRequest
  /** Absent for the first attempts of a process, if nobody reports their outcome. */
  readonly turn: Turn | undefined
}

/**
 * The fault of a refused signature. `time`: the right time is known now. `key`: another key may succeed. `signature`:
 * it must not be tried again. `other`: another try is useless.
 */
type SignatureFault = "time" | "key" | "signature" | "other"

/** Learns from refused signatures. */
export interface SignatureJudge {
  /** The time of the endpoint's clock, epoch ms. */
  nowAt(origin: string): number
  /** Why the same request may succeed with a new signature; `false` when it may not. */
  judge(
    authentication: Authentication<SignedWith>,
    rejection: Rejection,
    source: RenewableCredential<Credentials>,
    signal: AbortSignal | undefined,
  ): Promise<ReplayReason | false>
}

/** The gateway does not know the key or its security token, or no longer does. */
const UNKNOWN_KEY =
  /\bak\b.*not exist|app not found|Get secretKey failed|decrypt token fail|token expires|security ?token/i

/** Failed signatures lock the key after five in a row, so they are never tried again. */
const FAILED_SIGNATURE = /signature fail|reach the limit/i

export function createSignatureJudge(options: SignatureJudgeOptions): SignatureJudge {
  const { clock = systemClock, onEvent } = options
  const { nowAt, learn } = createClockOffsets(clock, options.onClockOffset)

  const settle = (authentication: Authentication<SignedWith>, rejection: Rejection, fault: SignatureFault): void => {
    const { attempt, credentials, key, request } = authentication.used
    const { turn = standingAt(standingsOf(credentials, clock), attempt.url).turn } = authentication.used
    const { standing } = turn
    const ours = (): string[] => {
      const text = key.canonicalRequest(request)
      return [text, redactCanonicalRequest(text)]
    }
    if (fault === "signature" && isKeyAtFault(rejection, ours)) {
      const retryAfterMs = countFailure(standing, turn, clock.monotonic())
      if (retryAfterMs !== undefined) {
        const { origin } = rejection
        const { accessKeyId } = credentials
        const { failures } = standing
        tellListeners({ type: "credentials-paused", accessKeyId, origin, failures, retryAfterMs }, onEvent)
      }
    }
    standing.end(attempt, fault === "key" || fault === "other")
  }

  return {
    nowAt,
    async judge(authentication, rejection, source, signal) {
      const { credentials, request } = authentication.used
      const fault = faultIn(rejection, learn(rejection, request.signedAt))
      settle(authentication, rejection, fault)
      // By the endpoint's clock the key may have expired too, and there is only one replay.
      const isExpired = (credentials.expiresAt ?? Number.POSITIVE_INFINITY) <= nowAt(rejection.origin)
      if (fault === "time" && isExpired) await source.renew(credentials, rejection, signal)
      if (fault === "time") return "clock-corrected"
      return fault === "key" && (await source.renew(credentials, rejection, signal))
    },
  }
}

function faultIn({ status, errorMessage }: Rejection, isTime: boolean): SignatureFault {
  if (isTime) return "time"
  // A failed signature is a 401. A 401 without a text, as for HEAD or a stream, counts as one.
  if (errorMessage === undefined) return status === 401 ? "signature" : "other"
  if (FAILED_SIGNATURE.test(errorMessage)) return "signature"
  return UNKNOWN_KEY.test(errorMessage) ? "key" : "other"
}

/**
 * Whether the key may be the reason of a failed signature: the gateway reports a failed signature, and the canonical
 * request that it shows is ours. If they differ, the request was changed on its way. If the answer cannot be read, it
 * may be the key.
 *
 * @param ours the signed canonical request, with line breaks
 */
function isKeyAtFault({ errorMessage }: Rejection, ours: () => readonly string[]): boolean {
  if (errorMessage === undefined) return true
  // API Gateway leaves out `aksk` for an app.
  if (!/verify (?:aksk )?signature fail/i.test(errorMessage)) return false
  const theirs = /canonicalRequest:(.*)/is.exec(errorMessage)?.[1]?.trim()
  if (theirs === undefined || theirs === "") return true
  // A long one may be cut short.
  return ours().some((text) => inOneLine(text).startsWith(inOneLine(theirs)))
}

/** Gateways write each line break as `|`. A proxy in front of them may write it in another way, and escape it as in HTML. */
function inOneLine(canonicalRequest: string): string {
  return canonicalRequest.replaceAll(/\\r\\n|\\n|\r?\n/g, "|").replaceAll("&amp;", "&")
}

/** The difference between the clock of each endpoint and the local one, learned from its answers. */
interface ClockOffsets {
  /** The time of the endpoint's clock, epoch ms. */
  nowAt(origin: string): number
  /**
   * Whether the time of the signature was rejected. If so, the endpoint's offset is learned from the times in the text
   * of the rejection, else from its Date header.
   */
  learn(rejection: Rejection, signedAt: number): boolean
}

/** The difference that the gateway allows. */
const TOLERANCE_MS = 15 * 60_000
const MOST_ORIGINS = 1_000

function createClockOffsets(clock: WallClock, onOffset: SignatureJudgeOptions["onClockOffset"]): ClockOffsets {
  const offsets = new Map<string, number>()
  return {
    nowAt: (origin) => clock.now() + (offsets.get(origin) ?? 0),
    learn({ origin, errorMessage, serverTime }, signedAt) {
      const theirs = serverTimeIn(errorMessage, signedAt) ?? serverTime
      const isOff = theirs !== undefined && Math.abs(theirs - signedAt) > TOLERANCE_MS
      // Without a text, only the Date header tells an expired signature from a wrong one.
      const expired = errorMessage === undefined ? isOff : isSignatureExpired(errorMessage)
      // A gateway that checks the end of a temporary key first would check the time of the signature next.
      const isNext = isOff && errorMessage?.includes("token expires") === true
      if (theirs === undefined || !(expired || isNext)) return expired
      const offsetMs = theirs - clock.now()
      const [oldest] = offsets.keys()
      if (offsets.size >= MOST_ORIGINS && oldest !== undefined) offsets.delete(oldest)
      offsets.set(origin, offsetMs)
      onOffset?.({ origin, offsetMs })
      return expired
    },
  }
}
