import { type AdapterUnderTest, describeAdapter, namedAuth } from "@countersign/testkit"
import { describeMocks, mockedByMsw, mockedByNock } from "@countersign/testkit/mocks"
import type { Got, Method, Response } from "got"
import { withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

const olderRefusals = {
  URLSearchParams: "got 14 takes `form` only",
  "Uint8Array view into a larger buffer": "got 14 takes a Buffer only",
  "web ReadableStream": "got 14 takes Node streams only",
}

function adapter(client: Got, oldest: boolean): AdapterUnderTest {
  return {
    connect({ baseUrl, auth, options }) {
      const base = client.extend({ prefixUrl: baseUrl })
      const api = auth === undefined ? base : withAuth(base, auth, options)
      return async (request) => {
        const { method = "GET", path = "", headers = {}, body, as = "none", signal, retries = 0 } = request
        // got does not accept these, so the caller of the client alone converts them to text.
        const form = auth === undefined && body instanceof URLSearchParams ? String(body) : undefined
        const formType = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }
        const response = (await api(path.replace(/^\//, ""), {
          method: method as Method,
          headers: { ...formType, ...headers },
          ...(as === "json" ? { json: body } : as === "body" ? { body: (form ?? body) as string } : {}),
          context: namedAuth("countersign", request),
          ...(signal === undefined ? {} : { signal }),
          retry: { limit: retries, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) },
          throwHttpErrors: false,
        })) as Response<string>
        return { status: response.statusCode, text: response.body, raw: response }
      }
    },
    refuses: {
      Blob: "got takes no Blob",
      ArrayBuffer: "got takes views of one only",
      ...(oldest ? olderRefusals : {}),
    },
    keepsMethodOn302: true,
    keepsNoStreams: true,
  }
}

for (const [name, client] of clients) {
  const underTest = adapter(client, name === "got 14.0")
  describeAdapter(name, underTest)
  describeMocks(name, underTest, [mockedByNock, mockedByMsw])
}
