import { createFetch, passwordToken, TokenCache, tokenAuth } from "@countersign/fetch"
import { redisStore } from "@countersign/redis"
import { createClient } from "redis"

// Outside the handler, so made once per instance of the function and kept between invocations.
const { ENDPOINT = "", PARTNER_USER = "", PARTNER_PASSWORD = "", PARTNER_DOMAIN = "", REDIS_URL } = process.env

const redis = createClient({ url: REDIS_URL ?? "redis://127.0.0.1:6379" })
redis.on("error", (error) => console.error("Redis:", error.message))
// Not awaited, so that an instance also starts if its Redis is slow.
redis.connect().catch(() => undefined)

const cache = new TokenCache({ store: redisStore(redis, { prefix: `function-${new URL(ENDPOINT).port}:` }) })
const token = passwordToken({
  iamEndpoint: ENDPOINT,
  user: PARTNER_USER,
  password: PARTNER_PASSWORD,
  domain: PARTNER_DOMAIN,
  scope: { domain: PARTNER_DOMAIN },
})
const api = createFetch(tokenAuth(token, { cache }), { hosts: [new URL(ENDPOINT).host] })

/** Handles one event; FunctionGraph, Lambda and the like call a function of this form. */
export async function handler(event: { customer: string }): Promise<{ statusCode: number; body: string }> {
  const response = await api(`${ENDPOINT}/v2/orders/customer-orders?customer_id=${encodeURIComponent(event.customer)}`)
  return { statusCode: response.status, body: await response.text() }
}
