import { AuthError, type CacheStore, type StoreChange } from "@countersign/auth-core"
import { commandsOf, type RedisClient } from "./redis-client.ts"
import { ACQUIRE_SCRIPT, DELETE_SCRIPT, FENCED_SET_SCRIPT, RELEASE_SCRIPT, SET_SCRIPT } from "./scripts.ts"

export interface RedisStoreOptions {
  /** The start of every key and channel. @default "countersign:" */
  prefix?: string | undefined
}

/**
 * A store for `TokenCache` on Redis (6.2 or later) or Valkey, through a connected client of the package `redis` or
 * `ioredis`. Clusters and sentinels work too.
 *
 * Keys after the prefix, where `k` is the store key of an identity: `{k}` holds the value, `{k}:lease` the process that
 * may renew it, `{k}:meta` the numbers of the last lease and of the last lease that set a value (for 7 days). Changes
 * are published on the channel `changes`. The store listens to it on a connection of its own.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for another kind of client, or a prefix with braces.
 */
export function redisStore(client: RedisClient, { prefix = "countersign:" }: RedisStoreOptions = {}): CacheStore {
  checkPrefix(prefix)
  const commands = commandsOf(client) ?? refuse()
  const channel = `${prefix}changes`
  const self = crypto.randomUUID()
  const valueKey = (key: string): string => `${prefix}{${key}}`
  const leaseKey = (key: string): string => `${prefix}{${key}}:lease`
  const metaKey = (key: string): string => `${prefix}{${key}}:meta`
  const message = (change: StoreChange, key: string): string => `${self} ${change} ${key}`
  return {
    get: (key) => commands.get(valueKey(key)),
    async set(key, value, ttlMs) {
      await commands.run(SET_SCRIPT, [valueKey(key)], [value, String(ttlMs), channel, message("set", key)])
    },
    async delete(key) {
      await commands.run(DELETE_SCRIPT, [valueKey(key)], [channel, message("deleted", key)])
    },
    async acquireLease(key, ttlMs) {
      const holder = crypto.randomUUID()
      const number = await commands.run(ACQUIRE_SCRIPT, [leaseKey(key), metaKey(key)], [holder, String(ttlMs)])
      if (number === null || number === undefined) return undefined
      return {
        async set(value, valueTtlMs) {
          const values = [String(number), value, String(valueTtlMs), channel, message("set", key)]
          return Number(await commands.run(FENCED_SET_SCRIPT, [valueKey(key), metaKey(key)], values)) === 1
        },
        async release() {
          await commands.run(RELEASE_SCRIPT, [leaseKey(key)], [holder])
        },
      }
    },
    watch(listener) {
      let ended = false
      const subscription = commands.subscribe({
        heard(text) {
          const [, sender, change, key] = MESSAGE.exec(text) ?? []
          if (!ended && key !== undefined && sender !== self) listener(key, change as StoreChange)
        },
      })
      subscription.listenTo(channel)
      return () => {
        ended = true
        subscription.end()
      }
    },
  }
}

const MESSAGE = /^(\S+) (set|deleted) (\S+)$/

function refuse(): never {
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "redisStore needs a client of the package redis, ioredis, iovalkey or @valkey/valkey-glide.",
  )
}

/** Braces in the prefix would choose the node of a key in a cluster. */
function checkPrefix(prefix: string): void {
  if (typeof prefix === "string" && /^[^{}\s]*$/.test(prefix)) return
  throw new AuthError("AUTH_INVALID_OPTION", "`prefix` must be a string without braces or white space.")
}
