import { createHmac } from "node:crypto"

const STEP_MS = 30_000
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/**
 * The six digits that a virtual MFA device shows at a time (RFC 6238, with the algorithm of RFC 4226).
 *
 * @param secret in Base32 (RFC 4648), as it is typed into a device
 * @param time epoch ms
 */
export function totp(secret: string, time: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.max(0, Math.floor(time / STEP_MS))))
  const mac = createHmac("sha1", bytesOf(secret)).update(counter).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, "0")
}

/** Whether a code is the current one or the one before, since a code may be typed late. */
export function isTotp(code: string | undefined, secret: string, time: number): boolean {
  return code === totp(secret, time) || code === totp(secret, time - STEP_MS)
}

function bytesOf(base32: string): Buffer {
  const bits = [...base32].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("")
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
