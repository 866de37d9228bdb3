import { type IoRedisClient, ioRedisCommands } from "./io-redis-client.ts"
import { type NodeRedisClient, nodeRedisCommands } from "./node-redis-client.ts"
import type { RedisCommands } from "./redis-commands.ts"
import { type ValkeyGlideClient, valkeyGlideCommands } from "./valkey-glide-client.ts"

/** A connected client of one of the supported packages. */
export type RedisClient = NodeRedisClient | IoRedisClient | ValkeyGlideClient

/** The commands of a client; nothing where it is none of the supported ones. */
export function commandsOf(client: RedisClient): RedisCommands | undefined {
  if (typeof client !== "object" || client === null) return undefined
  if ("customCommand" in client) return valkeyGlideCommands(client)
  // Only ioredis and its relatives can define commands.
  if ("defineCommand" in client) return ioRedisCommands(client)
  return typeof client.eval === "function" ? nodeRedisCommands(client) : undefined
}
