import { type Auth, createFetch } from "@countersign/fetch"
import { createClient } from "@hey-api/client-fetch"

export function client(auth: Auth): unknown {
  return createClient({ baseUrl: "https://api.example.com", fetch: createFetch(auth) })
}
