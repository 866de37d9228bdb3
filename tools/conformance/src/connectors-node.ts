import { axiosClient } from "./clients/axios.ts"
import type { Connect } from "./clients/connect.ts"
import { bare, underOfetch, underOpenapiFetch, underWretch } from "./clients/fetch.ts"
import { gotClient } from "./clients/got.ts"
import { gotPipe, gotStream } from "./clients/got-stream.ts"
import { kyClient } from "./clients/ky.ts"

/** Every client that needs Node's own modules. */
export const connectors: Readonly<Record<string, Connect>> = {
  "axios, http": axiosClient("http"),
  "axios, fetch": axiosClient("fetch"),
  got: gotClient,
  "got.stream": gotStream,
  "got.stream, piped": gotPipe,
  ky: kyClient,
  fetch: bare,
  ofetch: underOfetch,
  wretch: underWretch,
  "openapi-fetch": underOpenapiFetch,
}
