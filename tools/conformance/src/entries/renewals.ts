// For workerd: clients that outlive requests. A request names the server, the client and the action.
import { waitUntil } from "cloudflare:workers"
import { type AuthFetch, createFetch, type TokenCacheOptions, type TokenProvider, tokenAuth } from "@countersign/fetch"

const LIFETIME_MS = 4_000

const clients = new Map<string, AuthFetch>()

function clientOf(name: string, server: string): AuthFetch {
  const known = clients.get(name)
  if (known !== undefined) return known
  const provider: TokenProvider = async () => {
    const answer = await fetch(`${server}/iam`)
    const { value } = (await answer.json()) as { value: string }
    return { value, issuedAt: Date.now(), expiresAt: Date.now() + LIFETIME_MS }
  }
  const cache: TokenCacheOptions = { refreshAheadMs: LIFETIME_MS / 2, ...(name.startsWith("kept") && { waitUntil }) }
  const client = createFetch(tokenAuth(provider, { cache }), { hosts: ["127.0.0.1"] })
  clients.set(name, client)
  return client
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const server = searchParams.get("server") ?? ""
    const call = async (): Promise<string> => {
      const answer = await clientOf(searchParams.get("client") ?? "", server)(`${server}/service`)
      return await answer.text()
    }
    try {
      if (pathname === "/call") return new Response(await call())
      void call()
      // The request for a token has been sent by then.
      await new Promise((resolve) => setTimeout(resolve, 100))
      return new Response("left")
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
}
