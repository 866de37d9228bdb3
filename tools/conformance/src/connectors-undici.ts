import type { Connect } from "./clients/connect.ts"
import { fetchThroughDispatcher, undiciFetch, undiciRequest } from "./clients/undici.ts"

/** The clients of undici. They run in a separate program, since undici changes the dispatcher of Node's fetch. */
export const connectors: Readonly<Record<string, Connect>> = {
  "undici.request": undiciRequest,
  "undici.fetch": undiciFetch,
  "fetch, setGlobalDispatcher": fetchThroughDispatcher,
}
