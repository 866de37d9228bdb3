import type { SigningAlgorithm } from "./algorithm.ts"

/**
 * The text that the key signs, up to the hash of the canonical request at its end: algorithm, time, and scope where there is
 * one, a line each.
 *
 * @see API Signing Guide, "String to sign"
 */
export function stringToSign(algorithm: SigningAlgorithm, sdkDate: string, scope: string | undefined): string {
  // Joined, since a text that was added up is put together anew with each hash.
  return [algorithm, sdkDate, ...(scope === undefined ? [] : [scope]), ""].join("\n")
}
