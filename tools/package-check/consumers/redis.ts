import { type CacheStore, redisStore } from "@countersign/redis"
import { Redis } from "ioredis"
import { createClient } from "redis"

export async function works(): Promise<boolean> {
  const stores: CacheStore[] = [redisStore(new Redis({ lazyConnect: true })), redisStore(createClient())]
  return stores.every((store) => store.take !== undefined)
}
