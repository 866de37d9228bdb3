import { createHmac } from "#digest"
import type { Hmac } from "../digest/digest.ts"
import type { BoundSecret } from "../identity/provider.ts"

let hmac: Hmac | undefined

/** Tells a secret from others in this process: half an HMAC-SHA256 under a key that the process draws and keeps to itself. */
export function fingerprintOf(secret: BoundSecret): string {
  if (secret.fingerprint === undefined) {
    hmac ??= randomHmac()
    secret.fingerprint = hmac(secret.revealAll()).slice(0, 32)
  }
  return secret.fingerprint
}

/** HMAC-SHA256 under a random key. Not at load time: Workers draw random numbers only while they serve a request. */
export function randomHmac(): Hmac {
  return createHmac("sha256", crypto.getRandomValues(new Uint8Array(32)))
}
