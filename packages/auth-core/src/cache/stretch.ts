import { toBase64Url } from "./base64-url.ts"
import { StoreUnavailable } from "./guarded-store.ts"

/** As OWASP advises for PBKDF2-HMAC-SHA256, in rounds: Cloudflare refuses more than 100,000 iterations at once. */
const ROUNDS = 6
const ITERATIONS = 100_000

/**
 * Derives from a secret what may be seen by those who can read a store: a guess at a password costs 600,000 iterations of
 * PBKDF2-HMAC-SHA256. About a tenth of a second of CPU, beside the program's own thread in Node.
 *
 * @param salt differs for each identity
 * @throws {StoreUnavailable} where there is no Web Crypto API, as in browsers without https
 * @see OWASP Password Storage Cheat Sheet; RFC 8018, section 5.2
 */
export async function stretch(secret: string, salt: string): Promise<string> {
  const { subtle } = globalThis.crypto
  if (subtle === undefined) throw new StoreUnavailable("There is no Web Crypto API.")
  const encoder = new TextEncoder()
  let bytes = encoder.encode(secret)
  for (let round = 0; round < ROUNDS; round += 1) {
    const key = await subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"])
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: encoder.encode(salt), iterations: ITERATIONS }
    bytes = new Uint8Array(await subtle.deriveBits(algorithm, key, 256))
  }
  return toBase64Url(bytes)
}
