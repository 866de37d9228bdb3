import { Readable } from "node:stream"
import FormData from "form-data"
import { BINARY, type BodyMakers } from "./bodies.ts"
import { axiosClient } from "./clients/axios.ts"
import type { Connect } from "./clients/connect.ts"
import { bare, underOfetch, underOpenapiFetch, underWretch } from "./clients/fetch.ts"
import { gotClient } from "./clients/got.ts"
import { kyClient } from "./clients/ky.ts"
import { undiciFetch, undiciRequest } from "./clients/undici.ts"

/** Every client that runs where Node's own modules are. */
export const connectors: Readonly<Record<string, Connect>> = {
  "axios, http": axiosClient("http"),
  "axios, fetch": axiosClient("fetch"),
  got: gotClient,
  ky: kyClient,
  fetch: bare,
  ofetch: underOfetch,
  wretch: underWretch,
  "openapi-fetch": underOpenapiFetch,
  "undici.request": undiciRequest,
  "undici.fetch": undiciFetch,
}

export const makers: BodyMakers = {
  nodeReadable: (chunks) => Readable.from(chunks, { objectMode: false }),
  npmFormData() {
    const form = new FormData()
    form.append("name", "Jörg")
    form.append("file", Buffer.from(BINARY), { filename: "bytes.bin" })
    return form
  },
}
