import { invalidOption } from "../errors/auth-error.ts"
import { hasBrand } from "../runtime/has-brand.ts"
import { lazily } from "../runtime/promises.ts"
import {
  type CacheStore,
  type CoordinatedStore,
  failureKeyOf,
  isCoordinated,
  type Lease,
  type StoreNotice,
  type StoreQuestion,
  type StoreWatch,
  type Taken,
  toBase64Url,
} from "./store.ts"

/** The types of Node 22 do not name it. */
type CryptoKey = Parameters<typeof globalThis.crypto.subtle.encrypt>[1]

/** A key for AES-256-GCM. */
export interface EncryptionKey {
  /**
   * Names the key in each value that it encrypted: 1 to 64 letters, digits, `-` and `_`. Not secret. Never reuse one.
   */
  id: string
  /** 32 bytes: a Uint8Array, base64 or base64url text, or a CryptoKey for AES-GCM that may encrypt and decrypt. */
  key: Uint8Array | string | CryptoKey
}

/** A stored value that could not be decrypted. */
export interface UnreadableValue {
  /** The store key: a hash of the identity key. */
  readonly key: string
  /** Which encryption key was named, if any. */
  readonly keyId?: string | undefined
  /**
   * `malformed`: it does not have the form of an encrypted value. `unknown-key`: its key is not among `keys`.
   * `not-authentic`: it was changed, moved from another store key, or encrypted with another key of that name.
   */
  readonly reason: "malformed" | "unknown-key" | "not-authentic"
}

/** Options of {@link encryptedStore}. */
export interface EncryptedStoreOptions {
  /**
   * The first key encrypts, all decrypt. To rotate: add the new key after the old one everywhere, then put it first
   * everywhere, and remove the old one a day later.
   */
  keys: readonly EncryptionKey[]
  /** Receives each value that is treated as absent because it does not decrypt. Anything it throws is ignored. */
  onUnreadable?: ((unreadable: UnreadableValue) => void) | undefined
}

interface ReadyKey {
  readonly id: string
  readonly key: Promise<CryptoKey>
  /** Names secrets. */
  readonly namingKey: () => CryptoKey | Promise<CryptoKey>
}

const FORMAT = "e1"
const IV_BYTES = 12
const KEY_BYTES = 32

/**
 * Encrypts every value with AES-256-GCM and binds it to its store key. A value that does not decrypt counts as absent.
 *
 * Store keys name secrets by an HMAC under a key derived from each of `keys`. Nobody can try passwords without that
 * key.
 *
 * Format: `e1.<key id>.<base64url of 12 bytes IV, ciphertext, 16 bytes tag>`; associated data: `e1.<key id>.<store
 * key>`.
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

  /** The text of a value; nothing when it does not decrypt. */
  const reveal = async (key: string, text: string): Promise<string | undefined> => {
    const value = await decrypt(key, text)
    if (typeof value === "string") return value
    tell(onUnreadable, value)
    return undefined
  }

  const encryptedLease = (key: string, lease: Lease): Lease => ({
    version: lease.version,
    set: async (text, ...rest) => lease.set(await encrypt(key, text), ...rest),
    setFailure: async (text, ...rest) => lease.setFailure(await encrypt(failureKeyOf(key), text), ...rest),
    release: () => lease.release(),
  })

  const opened = async <T extends { readonly text: string }>(key: string, stored: T): Promise<T> => ({
    ...stored,
    text: (await reveal(key, stored.text)) ?? "",
  })

  const take = async (inner: CoordinatedStore, key: string, question: StoreQuestion): Promise<Taken> => {
    const taken = await inner.take(key, question)
    if (taken.kind === "value") return await opened(key, taken)
    if (taken.kind === "failure") return await opened(failureKeyOf(key), taken)
    if (taken.kind !== "lease") return taken
    const failure = taken.failure && (await opened(failureKeyOf(key), taken.failure))
    return { ...taken, lease: encryptedLease(key, taken.lease), failure }
  }

  const tellNotice = async (notice: StoreNotice, listener: (notice: StoreNotice) => void): Promise<void> => {
    const { key, value, failure } = notice
    if (value !== undefined) listener({ ...notice, value: await opened(key, value) })
    else if (failure !== undefined) listener({ ...notice, failure: await opened(failureKeyOf(key), failure) })
    else listener(notice)
  }

  return {
    async get(key) {
      const text = await store.get(key)
      return text === undefined ? undefined : await reveal(key, text)
    },
    async set(key, value, ttlMs) {
      await store.set(key, await encrypt(key, value), ttlMs)
    },
    delete: (key) => store.delete(key),
    ...(isCoordinated(store) && { take: (key: string, question: StoreQuestion) => take(store, key, question) }),
    // During a rotation, values of processes with another first key are found.
    namesOf: (secret) => Promise.all(ready.map(async ({ namingKey }) => nameUnder(await namingKey(), secret))),
    ...(store.watch && {
      watch: (listener: (notice: StoreNotice) => void, onUnheard?: (reason: string) => void) =>
        watchOf(store, (notice) => void tellNotice(notice, listener), onUnheard),
    }),
  }
}

function watchOf(store: CacheStore, ...listeners: Parameters<NonNullable<CacheStore["watch"]>>): StoreWatch {
  const watch = store.watch?.(...listeners)
  if (watch === undefined) throw new TypeError("`watch` returned nothing.")
  return watch
}

function tell(onUnreadable: EncryptedStoreOptions["onUnreadable"], unreadable: UnreadableValue): void {
  try {
    onUnreadable?.(unreadable)
  } catch {
    // The failure of a listener must not fail the request.
  }
}

/** HMAC-SHA256, in base64url. */
async function nameUnder(key: CryptoKey, secret: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(secret))))
}

/**
 * Derives a key for HMAC, even from a CryptoKey that can only encrypt and decrypt: the ciphertext of zeros under a
 * fixed IV, which never leaves this function. Values have random IVs, so one of them equals the fixed one no more
 * likely than two of them are equal.
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
    throw invalidOption("encryptedStore needs the Web Crypto API, which browsers offer on https only.")
  }
  const [first, ...others] = Array.isArray(keys) ? keys.map(readyKey) : []
  if (first === undefined) {
    throw invalidOption("`keys` must be an array of at least one { id, key }.")
  }
  const ids = new Set([first, ...others].map(({ id }) => id))
  if (ids.size !== others.length + 1) {
    throw invalidOption(
      "Two of `keys` have the same id. Give each its own, since a stored value names its key by the id.",
    )
  }
  return [first, ...others]
}

function readyKey(given: EncryptionKey, index: number): ReadyKey {
  const { id, key }: Partial<EncryptionKey> = given ?? {}
  if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) {
    throw invalidOption(`\`keys[${index}].id\` must be 1 to 64 letters, digits, "-" or "_".`)
  }
  if (isCryptoKey(key)) {
    const { name, length }: { name?: unknown; length?: unknown } = Object(key.algorithm)
    // An old key only decrypts.
    const usages = index === 0 ? (["encrypt", "decrypt"] as const) : (["decrypt"] as const)
    if (name === "AES-GCM" && length === KEY_BYTES * 8 && usages.every((usage) => key.usages.includes(usage))) {
      return withNamingKey(id, Promise.resolve(key))
    }
    throw invalidOption(
      `\`keys[${index}].key\` must be a CryptoKey of 256 bits for AES-GCM with the usages ${usages.join(" and ")}; this one has ${length ?? "?"} bits for ${name} with ${key.usages.join(" and ") || "none"}.`,
    )
  }
  const bytes = typeof key === "string" ? fromBase64Url(key) : key
  if (!hasBrand(bytes, "Uint8Array") || bytes?.length !== KEY_BYTES) {
    throw invalidOption(
      `\`keys[${index}].key\` must be 32 bytes in a Uint8Array or in base64, for example crypto.getRandomValues(new Uint8Array(32)), or a CryptoKey.`,
    )
  }
  const imported = crypto.subtle.importKey("raw", new Uint8Array(bytes), "AES-GCM", false, ["encrypt", "decrypt"])
  return withNamingKey(id, imported)
}

function withNamingKey(id: string, key: Promise<CryptoKey>): ReadyKey {
  return { id, key, namingKey: lazily(async () => namingKeyOf(await key)) }
}

function isCryptoKey(key: EncryptionKey["key"] | undefined): key is CryptoKey {
  return hasBrand(key, "CryptoKey") && Array.isArray(Object(key).usages)
}

/** Reads either base64 alphabet, padded or not. Returns `undefined` for any other text. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
