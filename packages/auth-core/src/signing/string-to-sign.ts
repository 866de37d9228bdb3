import type { HashAlgorithm } from "../digest/digest.ts"
import { invalidOption } from "../errors/auth-error.ts"

/** An access key, ready to sign on one date. */
export interface Key {
  /** Names the key in Authorization: `Access=<AK>`, or `Credential=<AK>/<scope>`. */
  readonly identity: string
  /** The credential scope and a line break; empty for an algorithm without a scope. */
  readonly scopeLine: string
  /** Signs a string to sign; gives the signature as Authorization carries it. */
  sign(stringToSign: string): string
  /**
   * Checks a signature of an algorithm whose signatures differ each time.
   * @default signs again and compares
   */
  verify?(stringToSign: string, signature: string): boolean
}

export interface ScopeOptions {
  /** The region of the credential scope, such as `cn-north-4`. V11-HMAC-SHA256 needs it. */
  region?: string | undefined
  /** The service of the credential scope, such as `iotdm` for IoTDA. V11-HMAC-SHA256 needs it. */
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
 * X-Sdk-Date of an instant: `YYYYMMDDTHHMMSSZ`, UTC.
 *
 * @param time epoch ms
 * @throws {AuthError} `AUTH_INVALID_OPTION` outside the years 0 to 9999.
 */
export function formatSdkDate(time: number): string {
  // Other years have more digits or a sign; an invalid date has no JSON.
  const text = new Date(Math.floor(time / 1000) * 1000).toJSON()?.replace(/[-:]|\.000/g, "")
  if (text?.length === 16) return text
  throw invalidOption("`date` must be a Date in the years 0 to 9999.")
}

/**
 * The string to sign without the hash of the canonical request at its end: algorithm, X-Sdk-Date and any scope, one line
 * each.
 *
 * @see API Signing Guide, "String to sign"
 */
export function stringToSignStart(algorithm: string, sdkDate: string, { scopeLine }: Key): string {
  // Joined into one flat text: a text made by `+` is put together again at each hash.
  return [algorithm, "\n", sdkDate, "\n", scopeLine].join("")
}
