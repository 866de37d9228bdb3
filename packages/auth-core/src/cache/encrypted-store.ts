import { AuthError } from "../errors/auth-error.ts"
import { fromBase64Url, toBase64Url } from "../runtime/base64-url.ts"
import { hasBrand } from "../runtime/has-brand.ts"
import type { CacheStore, Lease } from "./store.ts"

/** The types of Node 22 have no name for it. */
type CryptoKey = Parameters<typeof globalThis.crypto.subtle.encrypt>[1]

/** A key for AES-256-GCM. */
export interface EncryptionKey {
  /** Names the key in what it encrypted: 1 to 64 letters, digits, `-` and `_`. Not secret; never use one twice. */
  id: string
  /** 32 bytes: as they are, as base64 or base64url text, or as a CryptoKey for AES-GCM that may encrypt and decrypt. */
  key: Uint8Array | string | CryptoKey
}

/** Why a stored value could not be decrypted. */
export interface UnreadableValue {
  /** The store key: a hash of the identity key. */
  readonly key: string
  /** Which encryption key was named, if any. */
  readonly keyId?: string | undefined
  /** It has not the shape of an encrypted value; its key is not among `keys`; or it was changed, moved from another store key, or encrypted with another key of that name. */
  readonly reason: "malformed" | "unknown-key" | "not-authentic"
}

export interface EncryptedStoreOptions {
  /**
   * The first encrypts, all decrypt. To rotate: add the new key behind the old one everywhere, then put it first everywhere,
   * and remove the old one when a day has passed.
   */
  keys: readonly EncryptionKey[]
  /** Told of each value that counts as absent because it does not decrypt. What it throws is ignored. */
  onUnreadable?: ((unreadable: UnreadableValue) => void) | undefined
}

interface ReadyKey {
  readonly id: string
  readonly key: Promise<CryptoKey>
}

const FORMAT = "e1"
const IV_BYTES = 12
const KEY_BYTES = 32

/**
 * A store that keeps only what is encrypted with AES-256-GCM, each value bound to its store key. What does not decrypt counts
 * as absent.
 *
 * Secrets are named in store keys by an HMAC under a key derived from each of `keys`: no password can be found by trying
 * without that.
 *
 * Format: `e1.<key id>.<base64url of 12 bytes IV, ciphertext, 16 bytes tag>`; associated data: `e1.<key id>.<store key>`.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 * @see NIST SP 800-38D
 */
export function encryptedStore(store: CacheStore, { keys, onUnreadable }: EncryptedStoreOptions): CacheStore {
  const ready = readyKeys(keys)
  const [first] = ready

  const encrypt = async (key: string, value: string): Promise<string> => {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
    const algorithm = { name: "AES-GCM", iv, additionalData: associatedData(first.id, key) }
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt(algorithm, await first.key, new TextEncoder().encode(value)),
    )
    const bytes = new Uint8Array(iv.length + sealed.length)
    bytes.set(iv)
    bytes.set(sealed, iv.length)
    return `${FORMAT}.${first.id}.${toBase64Url(bytes)}`
  }

  const decrypt = async (key: string, text: string): Promise<string | UnreadableValue> => {
    const [format, keyId, encoded, ...rest] = text.split(".")
    const bytes = encoded === undefined ? undefined : fromBase64Url(encoded)
    if (format !== FORMAT || bytes === undefined || bytes.length <= IV_BYTES || rest.length > 0) {
      return { key, reason: "malformed" }
    }
    const named = ready.find(({ id }) => id === keyId)
    if (named === undefined) return { key, keyId, reason: "unknown-key" }
    const algorithm = {
      name: "AES-GCM",
      iv: bytes.subarray(0, IV_BYTES),
      additionalData: associatedData(named.id, key),
    }
    try {
      const opened = await crypto.subtle.decrypt(algorithm, await named.key, bytes.subarray(IV_BYTES))
      return new TextDecoder().decode(opened)
    } catch {
      return { key, keyId, reason: "not-authentic" }
    }
  }

  const encryptedLease = (key: string, lease: Lease): Lease => ({
    set: async (value, ttlMs) => lease.set(await encrypt(key, value), ttlMs),
    release: () => lease.release(),
  })

  return {
    async get(key) {
      const text = await store.get(key)
      if (text === undefined) return undefined
      const value = await decrypt(key, text)
      if (typeof value === "string") return value
      tell(onUnreadable, value)
      return undefined
    },
    async set(key, value, ttlMs) {
      await store.set(key, await encrypt(key, value), ttlMs)
    },
    delete: (key) => store.delete(key),
    ...(store.acquireLease && {
      async acquireLease(key: string, ttlMs: number) {
        const lease = await store.acquireLease?.(key, ttlMs)
        return lease && encryptedLease(key, lease)
      },
    }),
    // While keys rotate, what the others have written under another first key is found.
    namesOf: (secret) => Promise.all(ready.map(async ({ key }) => nameUnder(await namingKeyOf(await key), secret))),
    ...(store.watch && { watch: store.watch.bind(store) }),
  }
}

function tell(onUnreadable: EncryptedStoreOptions["onUnreadable"], unreadable: UnreadableValue): void {
  try {
    onUnreadable?.(unreadable)
  } catch {
    // A listener is no part of the request.
  }
}

/** HMAC-SHA256, in base64url. */
async function nameUnder(key: CryptoKey, secret: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(secret))))
}

/**
 * Derives a key for HMAC, also from a CryptoKey that can do nothing but encrypt and decrypt: the ciphertext of zeros under an
 * IV of its own, which never leaves this function. Values have random IVs; that one of them is this is as likely as that two
 * are one.
 */
async function namingKeyOf(key: CryptoKey): Promise<CryptoKey> {
  const iv = new TextEncoder().encode("secret names")
  const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array(KEY_BYTES))
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  return crypto.subtle.importKey("raw", bytes.slice(0, KEY_BYTES), algorithm, false, ["sign"])
}

function associatedData(keyId: string, key: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${FORMAT}.${keyId}.${key}`)
}

function readyKeys(keys: readonly EncryptionKey[]): readonly [ReadyKey, ...ReadyKey[]] {
  if (typeof globalThis.crypto?.subtle?.encrypt !== "function") {
    throw new AuthError("AUTH_INVALID_OPTION", "encryptedStore needs the Web Crypto API: in browsers, use https.")
  }
  const [first, ...others] = Array.isArray(keys) ? keys.map(readyKey) : []
  if (first === undefined) {
    throw new AuthError("AUTH_INVALID_OPTION", "`keys` must be a list of at least one { id, key }.")
  }
  const ids = new Set([first, ...others].map(({ id }) => id))
  if (ids.size !== others.length + 1) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "Two of `keys` have one id: what either encrypted could not be told apart.",
    )
  }
  return [first, ...others]
}

function readyKey(given: EncryptionKey, index: number): ReadyKey {
  const { id, key }: Partial<EncryptionKey> = given ?? {}
  if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) {
    throw new AuthError("AUTH_INVALID_OPTION", `\`keys[${index}].id\` must be 1 to 64 letters, digits, "-" or "_".`)
  }
  if (isCryptoKey(key)) {
    const { name, length }: { name?: unknown; length?: unknown } = Object(key.algorithm)
    // An old key only decrypts.
    const usages = index === 0 ? (["encrypt", "decrypt"] as const) : (["decrypt"] as const)
    if (name === "AES-GCM" && length === KEY_BYTES * 8 && usages.every((usage) => key.usages.includes(usage))) {
      return { id, key: Promise.resolve(key) }
    }
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      `\`keys[${index}].key\` must be a CryptoKey of 256 bits for AES-GCM with the usages ${usages.join(" and ")}: it is one of ${length ?? "?"} bits for ${name} with ${key.usages.join(" and ") || "none"}.`,
    )
  }
  const bytes = typeof key === "string" ? fromBase64Url(key) : key
  if (!hasBrand(bytes, "Uint8Array") || bytes?.length !== KEY_BYTES) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      `\`keys[${index}].key\` must be 32 bytes in a Uint8Array (or their base64), such as crypto.getRandomValues(new Uint8Array(32)) gives, or a CryptoKey.`,
    )
  }
  const imported = crypto.subtle.importKey("raw", new Uint8Array(bytes), "AES-GCM", false, ["encrypt", "decrypt"])
  return { id, key: imported }
}

function isCryptoKey(key: EncryptionKey["key"] | undefined): key is CryptoKey {
  return hasBrand(key, "CryptoKey") && Array.isArray(Object(key).usages)
}
