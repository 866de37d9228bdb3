/** The two integers of an ECDSA or SM2 signature: 32 bytes each, in a row, as lower-case hex. */
export type CompactSignature = string

const DIGITS = 64

/** DER of a signature: a SEQUENCE of two INTEGERs, as lower-case hex (RFC 3279, section 2.2.3). */
export function derOfSignature(compact: CompactSignature): string {
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
export function signatureOfDer(der: string, order: bigint): CompactSignature | undefined {
  // After the heads of the sequence and of the first integer; then comes the head of the second.
  const end = 8 + 2 * Number.parseInt(der.slice(6, 8), 16)
  const integers = [der.slice(8, end), der.slice(end + 4)].map((hex) => hex.replace(/^0+/, "").padStart(DIGITS, "0"))
  const compact = integers.join("")
  if (compact.length !== 2 * DIGITS || derOfSignature(compact) !== der) return undefined
  const isInRange = (hex: string): boolean => BigInt(`0x${hex}`) > 0n && BigInt(`0x${hex}`) < order
  return integers.every(isInRange) ? compact : undefined
}
