import { commandsOf, type RedisClient } from "./redis-client.ts"
import { checkPrefix, type RedisStoreOptions } from "./redis-store.ts"

/** Remembers the requests that a fleet accepted. It fits the option `replay` of `@countersign/server`. */
export interface RedisReplayStore {
  /**
   * Remembers a request, in one step that concurrent processes cannot divide.
   *
   * @param id names the request
   * @param ttlMs how long to remember it, milliseconds
   * @returns `true` if it is new, `false` if it came before. Fails as the client does.
   */
  remember(id: string, ttlMs: number): Promise<boolean>
}

/** A client may send a command again whose answer was lost. Then the request is not new, but it is this very one. */
const REMEMBER_SCRIPT = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
`

/**
 * A replay store on Redis (6.2 or later) or Valkey, through a connected client of the package `redis`, `ioredis`, `iovalkey`
 * or `@valkey/valkey-glide`. Clusters and sentinels work too.
 *
 * Each request is one key, `SET NX PX`, that the server forgets when its signature has expired. Only requests with a right
 * signature get that far. A server that evicts keys, restarts empty, or fails over to a replica that lags may accept one twice.
 *
 * `prefix` is the start of every key; by default it is "countersign:replay:".
 * @throws {AuthError} `AUTH_INVALID_OPTION` for another kind of client, or a prefix with braces.
 */
export function redisReplayStore(
  client: RedisClient,
  { prefix = "countersign:replay:" }: RedisStoreOptions = {},
): RedisReplayStore {
  checkPrefix(prefix)
  const commands = commandsOf(client, "redisReplayStore")
  const self = crypto.randomUUID()
  let last = 0
  return {
    async remember(id, ttlMs) {
      last += 1
      const answer = await commands.run(REMEMBER_SCRIPT, [prefix + id], [`${self}:${last}`, String(Math.ceil(ttlMs))])
      return Number(answer) === 1
    },
  }
}
