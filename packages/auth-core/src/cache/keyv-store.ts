import { AuthError } from "../errors/auth-error.ts"
import type { CacheStore } from "./store.ts"
import "./shared-renewal.chunk.ts"

// Loads the code for shared renewals together with the store, so that the first read of a cache does not wait for it.

/** The part of Keyv that the store uses. */
export interface KeyvLike {
  get(key: string): Promise<unknown>
  set(key: string, value: string, ttlMs?: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/**
 * A store on Keyv and any database that it supports. Keyv has no leases: processes that find nothing at the same time
 * all call the issuer, and the last value stays.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function keyvStore(keyv: KeyvLike): CacheStore {
  if (typeof keyv?.get !== "function" || typeof keyv.set !== "function" || typeof keyv.delete !== "function") {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`keyv` must be a Keyv, or an object with its functions get, set and delete.",
    )
  }
  return {
    async get(key) {
      const value = await keyv.get(key)
      return typeof value === "string" ? value : undefined
    },
    async set(key, value, ttlMs) {
      // Keyv reports most errors by its result only.
      if ((await keyv.set(key, value, ttlMs)) === false) throw new Error("Keyv did not keep the value.")
    },
    async delete(key) {
      await keyv.delete(key)
    },
  }
}
