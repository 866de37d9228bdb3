import { hashHex } from "#digest"
import { bytesOfHex, joined } from "../digest/bytes.ts"
import { bytesOf, type HashAlgorithm, hmacPads } from "../digest/digest.ts"
import type { KeyMaterial } from "./string-to-sign.ts"

/**
 * The private key of an access key on a curve, derived in counter mode (NIST SP 800-108, section 4.1): the first of the
 * HMACs under the SK that is small enough, plus one.
 *
 * @param algorithm the word at the beginning of the Authorization header
 * @param order of the curve's base point
 * @returns an integer from 1 to `order` - 1
 */
export function derivedPrivateKey(
  algorithm: string,
  { hash, accessKeyId, secretAccessKey }: Pick<KeyMaterial, "hash" | "accessKeyId" | "secretAccessKey">,
  order: bigint,
): bigint {
  const label = bytesOf(`\0\0\0\x01${algorithm}\0${accessKeyId}`)
  const hmac = hmacOfBytes(hash, secretAccessKey)
  for (let counter = 0; counter < 256; counter++) {
    const candidate = BigInt(`0x${hmac(joined([label, Uint8Array.of(counter, 0, 0, 1, 0)]))}`)
    if (candidate <= order - 2n) return candidate + 1n
  }
  throw new RangeError(`No private key of ${algorithm} can be derived from this access key.`)
}

/** HMAC from bytes, which text cannot hold, to hex (RFC 2104). */
function hmacOfBytes(hash: HashAlgorithm, key: string): (message: Uint8Array) => string {
  const { inner, outer } = hmacPads(key, (bytes) => bytesOfHex(hashHex(hash, bytes)))
  return (message) => hashHex(hash, joined([outer, bytesOfHex(hashHex(hash, joined([inner, message])))]))
}
