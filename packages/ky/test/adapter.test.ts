import { type AdapterUnderTest, describeAdapter, namedAuth } from "@countersign/testkit"
import { describeMocks, mockedByMockAgent, mockedByMsw, mockedByNock } from "@countersign/testkit/mocks"
import type ky from "ky"
import type { HTTPError } from "ky"
import { withAuth } from "../src/index.ts"
import { clients, prefix } from "./clients.ts"

function adapter(name: string, client: typeof ky): AdapterUnderTest {
  return {
    connect({ baseUrl, auth, options }) {
      const base = client.extend(prefix(name, baseUrl))
      const api = auth === undefined ? base : withAuth(base, auth, options)
      return async (request) => {
        const { method = "GET", path = "", headers = {}, body, as = "none", signal, retries = 0 } = request
        try {
          const response = await api(path.replace(/^\//, ""), {
            method,
            headers,
            ...(as === "json" ? { json: body } : as === "body" ? { body: body as BodyInit } : {}),
            ...namedAuth("countersign", request),
            ...(signal === undefined ? {} : { signal }),
            retry: { limit: retries, delay: () => 1 },
          })
          return { status: response.status, text: await response.text(), raw: response }
        } catch (error) {
          // The class differs between the two releases.
          if (!(error instanceof Error) || error.name !== "HTTPError") throw error
          return { status: (error as HTTPError).response.status, text: "", raw: error }
        }
      }
    },
  }
}

for (const [name, client] of clients) {
  describeAdapter(name, adapter(name, client))
  describeMocks(name, adapter(name, client), [mockedByMockAgent, mockedByNock, mockedByMsw])
}
