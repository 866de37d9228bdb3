import type { WallClock } from "../identity/wall-clock.ts"
import type { Rejection } from "./auth.ts"
import { createClockOffsets } from "./clock-offsets.ts"

/** What is wrong with a refused signature: its time, which is now known better; its key, so that another may do; else nothing that can be mended. */
export type SignatureFault = "time" | "key" | "other"

/** Learns from refused signatures. */
export interface SignatureJudge {
  /** The time that the endpoint's clock shows now, epoch ms. */
  nowAt(origin: string): number
  faultOf(rejection: Rejection, signedAt: number): SignatureFault
}

/** The gateway does not know, or no longer knows, the key or its security token. */
const UNKNOWN_KEY = /\bak\b.*not exist|Get secretKey failed|decrypt token fail|token expires|security ?token/i

/** Failed signatures lock the key after five in a row, so they are never tried again. */
const FAILED_SIGNATURE = /signature fail|reach the limit/i

export function createSignatureJudge(
  clock: WallClock,
  onOffset: ((offset: { origin: string; offsetMs: number }) => void) | undefined,
): SignatureJudge {
  const { nowAt, learn } = createClockOffsets(clock, onOffset)
  return {
    nowAt,
    faultOf(rejection, signedAt) {
      if (learn(rejection, signedAt)) return "time"
      const { errorMessage = "" } = rejection
      return UNKNOWN_KEY.test(errorMessage) && !FAILED_SIGNATURE.test(errorMessage) ? "key" : "other"
    },
  }
}
