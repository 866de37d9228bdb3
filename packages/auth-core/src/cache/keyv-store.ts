import { invalidOption } from "../errors/auth-error.ts"
import type { CacheStore } from "./store.ts"

/** The part of Keyv that the store uses. */
export interface KeyvLike {
  /** The value of a key; `undefined` for none. */
  get(key: string): Promise<unknown>
  /** Keeps a value for `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs?: number): Promise<unknown>
  /** Deletes the value of a key. */
  delete(key: string): Promise<unknown>
  /** Tells the errors of the database, which `get` does not throw. */
  on?(event: "error", listener: (error: unknown) => void): unknown
}

/**
 * A store on Keyv and any database that it supports. Keyv has no leases: processes that find nothing at the same time
 * all call the issuer, and the last value stays.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function keyvStore(keyv: KeyvLike): CacheStore {
  if (typeof keyv?.get !== "function" || typeof keyv.set !== "function" || typeof keyv.delete !== "function") {
    throw invalidOption("`keyv` must be a Keyv, or an object with its functions get, set and delete.")
  }
  // Some adapters report errors by this event alone. Without a listener it would end the process.
  let lastError: unknown
  keyv.on?.("error", (error) => {
    lastError = error
  })
  return {
    async get(key) {
      lastError = undefined
      const value = await keyv.get(key)
      if (typeof value === "string") return value
      if (lastError !== undefined) throw lastError
      return undefined
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
