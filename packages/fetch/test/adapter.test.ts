import { type AdapterUnderTest, describeAdapter, namedAuth } from "@countersign/testkit"
import { describeMocks, mockedByMockAgent, mockedByMsw, mockedByNock } from "@countersign/testkit/mocks"
import { type AuthFetch, createFetch } from "../src/index.ts"

const adapter: AdapterUnderTest = {
  connect({ baseUrl, auth, options }) {
    // fetch has no base URL, so the test names the hosts.
    const hosts = [new URL(baseUrl).host]
    const send: AuthFetch = auth === undefined ? fetch : createFetch(auth, { hosts, ...options })
    return async (request) => {
      const { method = "GET", path = "", headers = {}, body, as = "none", signal } = request
      const json: RequestInit = {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }
      const response = await send(`${baseUrl}${path}`, {
        method,
        headers,
        ...(as === "json" ? json : as === "body" ? { body: body as BodyInit, duplex: "half" } : {}),
        ...namedAuth("auth", request),
        ...(signal === undefined ? {} : { signal }),
      })
      return { status: response.status, text: await response.text(), raw: response }
    }
  },
  neverRetries: true,
}

describeAdapter("fetch", adapter)
describeMocks("fetch", adapter, [mockedByMockAgent, mockedByNock, mockedByMsw])
