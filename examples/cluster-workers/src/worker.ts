import { createFetch, passwordToken, TokenCache, tokenAuth } from "@countersign/fetch"
import { redisStore } from "@countersign/redis"
import { createClient } from "redis"

const REQUESTS = 25

/** Runs one worker with its own client, its own memory cache, and the shared store. */
export async function work(): Promise<void> {
  const { ENDPOINT = "", PARTNER_USER = "", PARTNER_PASSWORD = "", PARTNER_DOMAIN = "", REDIS_URL } = process.env
  const redis = createClient({ url: REDIS_URL ?? "redis://127.0.0.1:6379" })
  redis.on("error", (error) => console.error("Redis:", error.message))
  await redis.connect()

  const cache = new TokenCache({ store: redisStore(redis, { prefix: `example-${new URL(ENDPOINT).port}:` }) })
  const token = passwordToken({
    iamEndpoint: ENDPOINT,
    user: PARTNER_USER,
    password: PARTNER_PASSWORD,
    domain: PARTNER_DOMAIN,
    scope: { domain: PARTNER_DOMAIN },
  })
  const api = createFetch(tokenAuth(token, { cache }), { hosts: [new URL(ENDPOINT).host] })

  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, () => api(`${ENDPOINT}/v2/accounts/customer-accounts/balances`)),
  )
  const failed = answers.filter(({ status }) => status !== 200).length
  console.log(`worker ${process.pid}: ${answers.length - failed} requests went through, ${failed} failed`)
  await cache.close()
  redis.destroy()
  process.exit(failed === 0 ? 0 : 1)
}
