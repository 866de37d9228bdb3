import type { Connect } from "./clients/connect.ts"
import { fetchThroughDispatcher, undiciFetch, undiciRequest } from "./clients/undici.ts"

/** What undici gives; apart from others, since it puts a dispatcher of its own beneath the fetch of Node. */
export const connectors: Readonly<Record<string, Connect>> = {
  "undici.request": undiciRequest,
  "undici.fetch": undiciFetch,
  "fetch, setGlobalDispatcher": fetchThroughDispatcher,
}
