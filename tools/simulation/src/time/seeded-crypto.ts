import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync } from "node:crypto"
import type { Random } from "./random.ts"

const TAG_BYTES = 16

interface Key {
  readonly bytes: Uint8Array
}

/**
 * A global `crypto` whose random bytes come from the seed. Web Crypto gives its results in the same turn instead of another
 * thread's, so their order is that of the calls.
 */
export function seededCrypto(random: Random): object {
  const fill = <B extends Uint8Array | Uint32Array>(bytes: B): B => {
    const size = 2 ** (8 * bytes.BYTES_PER_ELEMENT)
    for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor(random.next() * size)
    return bytes
  }
  return {
    getRandomValues: fill,
    randomUUID: () => {
      const hex = Buffer.from(fill(new Uint8Array(16))).toString("hex")
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
    },
    subtle: {
      importKey: async (_format: string, bytes: Uint8Array): Promise<Key> => ({ bytes: new Uint8Array(bytes) }),
      encrypt: async ({ iv, additionalData }: GcmParameters, { bytes }: Key, data: Uint8Array) => {
        const cipher = createCipheriv("aes-256-gcm", bytes, iv)
        if (additionalData !== undefined) cipher.setAAD(additionalData)
        return plain(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]))
      },
      decrypt: async ({ iv, additionalData }: GcmParameters, { bytes }: Key, data: Uint8Array) => {
        const decipher = createDecipheriv("aes-256-gcm", bytes, iv)
        if (additionalData !== undefined) decipher.setAAD(additionalData)
        decipher.setAuthTag(data.subarray(-TAG_BYTES))
        return plain(Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]))
      },
      sign: async (_algorithm: string, { bytes }: Key, data: Uint8Array) =>
        plain(createHmac("sha256", bytes).update(data).digest()),
      // One iteration: nobody guesses at passwords here.
      deriveBits: async ({ salt }: { salt: Uint8Array }, { bytes }: Key, bits: number) =>
        plain(pbkdf2Sync(bytes, salt, 1, bits / 8, "sha256")),
    },
  }
}

interface GcmParameters {
  readonly iv: Uint8Array
  readonly additionalData?: Uint8Array
}

/** An ArrayBuffer of its own, as Web Crypto returns. */
function plain(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
