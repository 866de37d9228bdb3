export * from "@countersign/auth-core"
export type {
  IoRedisClient,
  IoRedisSubscriber,
  NodeRedisClient,
  NodeRedisSubscriber,
  RedisClient,
} from "./redis-client.ts"
export { type RedisStoreOptions, redisStore } from "./redis-store.ts"
