import { type Auth, createFetch } from "@countersign/fetch"
import wretch from "wretch"

export function client(auth: Auth): Promise<string> {
  return wretch("https://api.example.com").fetchPolyfill(createFetch(auth)).get().text()
}
