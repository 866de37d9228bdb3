import { createHmac } from "#digest"
import type { Hmac } from "../digest/digest.ts"
import type { BoundSecret } from "../identity/provider.ts"

let hmac: Hmac | undefined

/** Tells secrets apart within this process: half an HMAC-SHA256 under a random key that never leaves the process. */
export function fingerprintOf(secret: BoundSecret): string {
  if (secret.fingerprint === undefined) {
    secret.fingerprint = processHmac(secret.revealAll()).slice(0, 32)
  }
  return secret.fingerprint
}

/** HMAC-SHA256 under a random key of this process. */
export function processHmac(text: string): string {
  hmac ??= randomHmac()
  return hmac(text)
}

/** HMAC-SHA256 under a random key. Not made at load time, since Workers have random numbers only during a request. */
export function randomHmac(): Hmac {
  const words = new Uint32Array(6)
  // The global `crypto` of Node takes 2 ms to load.
  const nodes = globalThis.process?.getBuiltinModule?.("node:crypto")
  const random = nodes?.randomFillSync(words) ?? crypto.getRandomValues(words)
  // 192 bits in at most 60 digits: a key of ASCII that fits into a block is quicker.
  return createHmac("sha256", random.join(""))
}
