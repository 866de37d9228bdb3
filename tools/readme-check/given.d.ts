// Declares the names that fragments of READMEs use: the reader's own values, and exports of other packages.
import type { Auth, TokenProvider } from "@countersign/auth-core"

declare global {
  const url: string
  const publicUrl: string
  const baseUrl: string
  const baseURL: string
  const order: object
  const customerAuth: Auth
  const readPassword: () => Promise<string>
  const partnerToken: TokenProvider
  const bytes: Uint8Array
  const keyTable: { find(accessKeyId: string): Promise<{ secrets: string[]; tenant: string } | undefined> }
  const head: { method: string; url: string; headers: Record<string, string> }
  const incoming: AsyncIterable<Uint8Array>
  const nodeRedis: ReturnType<typeof import("redis").createClient>
  const waitUntil: (promise: Promise<unknown>) => void
  const Agent: typeof import("undici").Agent
  const interceptors: typeof import("undici").interceptors
  const setGlobalDispatcher: typeof import("undici").setGlobalDispatcher
  const RequestError: typeof import("got").RequestError
  const createOfetch: typeof import("ofetch").createFetch
  const wretch: typeof import("wretch").default
  const createClient: typeof import("openapi-fetch").default
  interface paths {
    [path: string]: never
  }
}
