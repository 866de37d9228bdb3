import { hashHex } from "#digest"
import { bytesOfHex, joined } from "../digest/bytes.ts"
import { bytesOf, type HashAlgorithm, hmacPads } from "../digest/digest.ts"
import { ALGORITHMS, type SigningAlgorithm } from "./algorithm.ts"
import type { Key, KeyMaterial } from "./string-to-sign.ts"

/** A signature scheme on an elliptic curve. Keys are in lower-case hex. */
export interface Curve {
  /** Order of the base point. */
  readonly order: bigint
  /** Uncompressed: `04`, x, y. */
  publicKeyOf(privateKey: string): string
  sign(text: string, privateKey: string, publicKey: string): CompactSignature
  verify(text: string, signature: CompactSignature, publicKey: string): boolean
}

/** Adds an algorithm that signs with a private key derived from AK and SK. A signer or a verifying key derives it once. */
export function addAsymmetric(name: SigningAlgorithm, curve: Curve): void {
  ALGORITHMS[name].createKey = (material) => {
    const key = asymmetricKey(name, curve, material)
    return () => key
  }
}

function asymmetricKey(name: SigningAlgorithm, curve: Curve, material: KeyMaterial): Key {
  const privateKey = derivedPrivateKey(name, material, curve.order).toString(16).padStart(64, "0")
  const publicKey = curve.publicKeyOf(privateKey)
  return {
    identity: `Access=${material.accessKeyId}`,
    scopeLine: "",
    sign: (text) => derOfSignature(curve.sign(text, privateKey, publicKey)),
    verify(text, signature) {
      const compact = signatureOfDer(signature, curve.order)
      return compact !== undefined && curve.verify(text, compact, publicKey)
    },
  }
}

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

/** The two integers of an ECDSA or SM2 signature: 32 bytes each, in a row, as lower-case hex. */
type CompactSignature = string

const DIGITS = 64

/** DER of a signature: a SEQUENCE of two INTEGERs, as lower-case hex (RFC 3279, section 2.2.3). */
function derOfSignature(compact: CompactSignature): string {
  const integers = integer(compact.slice(0, DIGITS)) + integer(compact.slice(DIGITS))
  return `30${byte(integers.length / 2)}${integers}`
}

function integer(hex: string): string {
  const short = hex.replace(/^(?:00)+(?=..)/, "")
  // The first bit is a sign.
  const value = short < "8" ? short : `00${short}`
  return `02${byte(value.length / 2)}${value}`
}

function byte(value: number): string {
  return value.toString(16).padStart(2, "0")
}

/**
 * Reads DER. It accepts the one encoding that {@link derOfSignature} writes, so that nobody can spell a signature in two ways.
 *
 * @param order of the curve's base point
 * @returns `undefined` for anything else, and for integers that are not from 1 to `order` - 1
 */
function signatureOfDer(der: string, order: bigint): CompactSignature | undefined {
  // After the heads of the sequence and of the first integer; then comes the head of the second.
  const end = 8 + 2 * Number.parseInt(der.slice(6, 8), 16)
  const integers = [der.slice(8, end), der.slice(end + 4)].map((hex) => hex.replace(/^0+/, "").padStart(DIGITS, "0"))
  const compact = integers.join("")
  if (compact.length !== 2 * DIGITS || derOfSignature(compact) !== der) return undefined
  const isInRange = (hex: string): boolean => BigInt(`0x${hex}`) > 0n && BigInt(`0x${hex}`) < order
  return integers.every(isInRange) ? compact : undefined
}
