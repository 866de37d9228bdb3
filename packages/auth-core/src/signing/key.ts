import type { HashAlgorithm } from "../digest/digest.ts"

/** An access key, ready to sign on one date. */
export interface Key {
  /** Names the key in Authorization: `Access=<AK>`, or `Credential=<AK>/<scope>`. */
  readonly identity: string
  /** The credential scope and a line break; empty for an algorithm without a scope. */
  readonly scopeLine: string
  /** Signs a string to sign; gives the signature as Authorization carries it. */
  sign(stringToSign: string): string
  /**
   * Checks a signature of an algorithm that gives another one each time.
   * @default signs again and compares
   */
  verify?(stringToSign: string, signature: string): boolean
}

export interface ScopeOptions {
  /** Such as `cn-north-4`; V11-HMAC-SHA256 needs it. */
  region?: string | undefined
  /** Such as `iotda`; V11-HMAC-SHA256 needs it. */
  service?: string | undefined
}

export interface KeyMaterial extends ScopeOptions {
  /** The hash of the algorithm. */
  readonly hash: HashAlgorithm
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Gives the key for an X-Sdk-Date. */
export type KeyOfDate = (sdkDate: string) => Key

/**
 * The string to sign up to the hash of the canonical request, which ends it: algorithm, X-Sdk-Date and any scope, a line each.
 *
 * @see API Signing Guide, "String to sign"
 */
export function stringToSignStart(algorithm: string, sdkDate: string, { scopeLine }: Key): string {
  // Joined: text added up is put together again at each hash.
  return [algorithm, "\n", sdkDate, "\n", scopeLine].join("")
}
