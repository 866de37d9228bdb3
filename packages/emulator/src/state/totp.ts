import { createHmac } from "node:crypto"

const STEP_MS = 30_000

/** The six digits that a virtual MFA device shows at a time (RFC 6238, with the algorithm of RFC 4226). */
export function totp(secret: string, time: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.max(0, Math.floor(time / STEP_MS))))
  const mac = createHmac("sha1", secret).update(counter).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, "0")
}

/** Whether a code is that of now, or of the step before: a code may be typed late. */
export function isTotp(code: string | undefined, secret: string, time: number): boolean {
  return code === totp(secret, time) || code === totp(secret, time - STEP_MS)
}
