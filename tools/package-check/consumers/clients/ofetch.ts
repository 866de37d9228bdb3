import { type Auth, createFetch } from "@countersign/fetch"
import { createFetch as createOfetch } from "ofetch"

export function client(auth: Auth): Promise<string> {
  return createOfetch({ fetch: createFetch(auth) })<string, "text">("https://api.example.com")
}
