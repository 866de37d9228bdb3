import { createHmac } from "#digest"
import { bytesOfHex } from "../digest/bytes-of-hex.ts"
import type { Hmac } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"

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
