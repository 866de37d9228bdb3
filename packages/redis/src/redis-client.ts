import { AuthError } from "@countersign/auth-core/adapter"
import { type IoRedisClient, ioRedisCommands } from "./io-redis-client.ts"
import { type NodeRedisClient, nodeRedisCommands } from "./node-redis-client.ts"
import type { RedisCommands } from "./redis-commands.ts"
import { type ValkeyGlideClient, valkeyGlideCommands } from "./valkey-glide-client.ts"

/** A connected client of one of the supported packages. */
export type RedisClient = NodeRedisClient | IoRedisClient | ValkeyGlideClient

/**
 * The commands of a client.
 *
 * @param user who needs them, for the message
 * @throws {AuthError} `AUTH_INVALID_OPTION` for any other client
 */
export function commandsOf(client: RedisClient, user: string): RedisCommands {
  if (typeof client === "object" && client !== null) {
    if ("customCommand" in client) return valkeyGlideCommands(client)
    // Only ioredis and its relatives can define commands.
    if ("defineCommand" in client) return ioRedisCommands(client)
    if (typeof client.eval === "function") return nodeRedisCommands(client)
  }
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `${user} needs a client of the package redis, ioredis, iovalkey or @valkey/valkey-glide.`,
  )
}
