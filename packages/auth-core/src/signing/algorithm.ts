import { createHmac } from "#digest"
import { bytesOfHex, type HashAlgorithm } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import type { Key, KeyMaterial, KeyOfDate } from "./string-to-sign.ts"

/**
 * How a request is signed: `SDK-HMAC-SHA256` everywhere; `SDK-HMAC-SM3` where the Chinese national hash is required;
 * `V11-HMAC-SHA256`, with a key derived for a day, region and service, for IoTDA instances.
 */
export type SigningAlgorithm = "SDK-HMAC-SHA256" | "SDK-HMAC-SM3" | "V11-HMAC-SHA256"

export type ContentHashHeader = `x-sdk-content-${HashAlgorithm}`

/** Everything that differs between algorithms. */
interface Algorithm {
  /** Hashes the body and the canonical request. */
  readonly hash: HashAlgorithm
  /** The header that may carry the payload hash. */
  readonly contentHashHeader: ContentHashHeader
  /**
   * Prepares an access key once.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
   */
  readonly createKey: (material: KeyMaterial) => KeyOfDate
}

export const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  "SDK-HMAC-SHA256": {
    hash: "sha256",
    contentHashHeader: "x-sdk-content-sha256",
    createKey: hmacKey,
  },
  "SDK-HMAC-SM3": {
    hash: "sm3",
    contentHashHeader: "x-sdk-content-sm3",
    createKey: hmacKey,
  },
  "V11-HMAC-SHA256": {
    hash: "sha256",
    contentHashHeader: "x-sdk-content-sha256",
    createKey: derivedKey,
  },
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` for any other name. */
export function algorithmOf(name: SigningAlgorithm): Algorithm {
  if (isSigningAlgorithm(name)) return ALGORITHMS[name]
  throw new AuthError("AUTH_INVALID_OPTION", `\`algorithm\` must be one of ${Object.keys(ALGORITHMS).join(", ")}.`)
}

/** Whether a word on the wire names an algorithm. */
export function isSigningAlgorithm(word: string): word is SigningAlgorithm {
  return Object.hasOwn(ALGORITHMS, word)
}

/** HMAC under the SK. */
function hmacKey({ hash, accessKeyId, secretAccessKey }: KeyMaterial): KeyOfDate {
  const key = { identity: `Access=${accessKeyId}`, scopeLine: "", sign: createHmac(hash, secretAccessKey) }
  return () => key
}

const PART = /^[\w.-]+$/

/**
 * HMAC under a key derived for a credential scope, `YYYYMMDD/<region>/<service>`, by HKDF (RFC 5869): the AK is the salt, the
 * SK the key material and the scope the info. The hex text of its output is the key.
 */
function derivedKey({ hash, accessKeyId, secretAccessKey, region, service }: KeyMaterial): KeyOfDate {
  if (!PART.test(region ?? "") || !PART.test(service ?? "")) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "V11-HMAC-SHA256 needs `region` and `service`, such as cn-north-4 and iotda.",
    )
  }
  const expand = createHmac(hash, bytesOfHex(createHmac(hash, accessKeyId)(secretAccessKey)))
  // Saves 5 us: a scope lasts a day.
  const keyOf = rememberLast(
    (scope: string): Key => ({
      identity: `Credential=${accessKeyId}/${scope}`,
      scopeLine: `${scope}\n`,
      sign: createHmac(hash, expand(`${scope}\x01`)),
    }),
  )
  return (sdkDate) => keyOf(`${sdkDate.slice(0, 8)}/${region}/${service}`)
}
