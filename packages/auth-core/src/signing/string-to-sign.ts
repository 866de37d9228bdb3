import type { SigningAlgorithm } from "./algorithm.ts"

/**
 * The text that the key signs: algorithm, time, scope where there is one, and the hash of the canonical request, in lines.
 *
 * @see API Signing Guide, "String to sign"
 */
export function stringToSign(
  algorithm: SigningAlgorithm,
  sdkDate: string,
  scope: string | undefined,
  requestHash: string,
): string {
  return `${algorithm}\n${sdkDate}\n${scope === undefined ? "" : `${scope}\n`}${requestHash}`
}
