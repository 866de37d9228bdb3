import { axiosClient } from "./clients/axios.ts"
import type { Connect } from "./clients/connect.ts"
import { bare, underOfetch, underOpenapiFetch, underWretch } from "./clients/fetch.ts"
import { kyClient } from "./clients/ky.ts"

/** Every client that needs only a fetch. */
export const connectors: Readonly<Record<string, Connect>> = {
  "axios, fetch": axiosClient("fetch"),
  ky: kyClient,
  fetch: bare,
  ofetch: underOfetch,
  wretch: underWretch,
  "openapi-fetch": underOpenapiFetch,
}
