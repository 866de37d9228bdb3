import { hashHex } from "#digest"

/**
 * The key of an identity in a store: `v1.` and the SHA-256 in hex of the identity key, with what names its secret in the
 * next line. Nobody reads a user's name off it. The version is that of the envelope, so that versions which do not understand
 * each other do not meet.
 *
 * @param secret names the secret: made with a key, or slowly, so that nobody finds a password by trying
 */
export function storeKeyOf(identityKey: string, secret?: string): string {
  return `v1.${hashHex("sha256", secret === undefined ? identityKey : `${identityKey}\n${secret}`)}`
}

const FAILURE = ".failure"

/** Where the failures of the same identity are kept. */
export function failureKeyOf(storeKey: string): string {
  return storeKey + FAILURE
}

/** The store key whose failures are kept there; nothing for a key of another kind. */
export function valueKeyOf(failureKey: string): string | undefined {
  return failureKey.endsWith(FAILURE) ? failureKey.slice(0, -FAILURE.length) : undefined
}
