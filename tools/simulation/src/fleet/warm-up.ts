import { memoryStore, passwordToken, TokenCache, tokenAuth } from "@countersign/auth-core"
import { authenticatedSend } from "@countersign/auth-core/adapter"
import { SERVICE_URL } from "../cloud/service.ts"

const HOUR_MS = 3_600_000

let warmed: Promise<void> | undefined

/**
 * Has the library load what it loads on demand, and make what it makes once. The first takes real time, the second random
 * numbers, and no run may depend on either.
 */
export function warmUp(): Promise<void> {
  warmed ??= (async () => {
    let issued = 0
    const provider = passwordToken({
      user: { id: "warm-up" },
      password: "warm-up",
      scope: { domain: { id: "domain" } },
      fetch: async () => {
        issued += 1
        const headers: Readonly<Record<string, string>> = { "x-subject-token": `token-${issued}` }
        const token = { expires_at: new Date(Date.now() + HOUR_MS).toISOString() }
        return {
          status: 201,
          headers: { get: (name) => headers[name] ?? null },
          text: async () => JSON.stringify({ token }),
        }
      },
    })
    const cache = new TokenCache({ store: memoryStore() })
    await authenticatedSend(
      tokenAuth(provider, { cache }),
      { method: "GET", url: SERVICE_URL, headers: {}, body: null },
      async () => ({ status: issued === 1 ? 401 : 200, headers: { get: () => null } }),
    )
    await cache.close()
  })()
  return warmed
}
