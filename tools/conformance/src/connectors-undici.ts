import type { Connect } from "./clients/connect.ts"
import { fetchThroughDispatcher, undiciFetch, undiciRequest } from "./clients/undici.ts"

/** The clients of undici. They have a program of their own, since undici puts its dispatcher beneath the fetch of Node. */
export const connectors: Readonly<Record<string, Connect>> = {
  "undici.request": undiciRequest,
  "undici.fetch": undiciFetch,
  "fetch, setGlobalDispatcher": fetchThroughDispatcher,
}
