import type { HashAlgorithm } from "../digest/digest.ts"
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
