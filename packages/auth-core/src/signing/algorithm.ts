import { createHmac } from "#digest"
import { bytesOfHex, type HashAlgorithm, type Hmac } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"

/**
 * How a request is signed: `SDK-HMAC-SHA256` everywhere; `SDK-HMAC-SM3` where the Chinese national hash is asked for;
 * `V11-HMAC-SHA256` with a key derived for a day, region and service, which IoTDA instances ask for.
 */
export type SigningAlgorithm = "SDK-HMAC-SHA256" | "SDK-HMAC-SM3" | "V11-HMAC-SHA256"

export type ContentHashHeader = `x-sdk-content-${HashAlgorithm}`

export interface AlgorithmTraits {
  readonly hash: HashAlgorithm
  /** The header that may carry the payload hash. */
  readonly contentHashHeader: ContentHashHeader
  /** Whether a credential scope takes part. */
  readonly scoped: boolean
}

const TRAITS: Readonly<Record<SigningAlgorithm, AlgorithmTraits>> = {
  "SDK-HMAC-SHA256": traits("sha256", false),
  "SDK-HMAC-SM3": traits("sm3", false),
  "V11-HMAC-SHA256": traits("sha256", true),
}

function traits(hash: HashAlgorithm, scoped: boolean): AlgorithmTraits {
  return { hash, contentHashHeader: `x-sdk-content-${hash}`, scoped }
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` for any other word. */
export function traitsOf(algorithm: SigningAlgorithm): AlgorithmTraits {
  if (isSigningAlgorithm(algorithm)) return TRAITS[algorithm]
  throw new AuthError("AUTH_INVALID_OPTION", `\`algorithm\` must be one of ${Object.keys(TRAITS).join(", ")}.`)
}

/** Whether a word on the wire names an algorithm. */
export function isSigningAlgorithm(word: string): word is SigningAlgorithm {
  return Object.hasOwn(TRAITS, word)
}

const PART = /^[\w.-]+$/

/**
 * The credential scope of V11-HMAC-SHA256 as a function of the X-Sdk-Date: `YYYYMMDD/<region>/<service>`.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when region or service is missing or malformed.
 */
export function credentialScope(region: string | undefined, service: string | undefined): (sdkDate: string) => string {
  if (!PART.test(region ?? "") || !PART.test(service ?? "")) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "V11-HMAC-SHA256 needs `region` and `service`, such as cn-north-4 and iotda.",
    )
  }
  return (sdkDate) => `${sdkDate.slice(0, 8)}/${region}/${service}`
}

/**
 * Derives the signing key of a scope: HKDF (RFC 5869) with the AK as salt, the SK as key material and the scope as info.
 * The HMAC key is the hex text of what it gives.
 *
 * @returns a function of the scope; the last key is kept, since a scope lasts a day.
 */
export function keyDeriver(accessKeyId: string, secretAccessKey: string): (scope: string | undefined) => Hmac {
  const extracted = createHmac("sha256", utf8(accessKeyId))(secretAccessKey)
  const expand = createHmac("sha256", bytesOfHex(extracted))
  let lastScope: string | undefined
  let lastKey: Hmac | undefined
  return (scope) => {
    if (lastKey === undefined || scope !== lastScope) {
      lastKey = createHmac("sha256", utf8(expand(`${scope}\x01`)))
      lastScope = scope
    }
    return lastKey
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
