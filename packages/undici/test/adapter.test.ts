import { type AdapterUnderTest, bodySamples, describeAdapter, namedAuth } from "@countersign/testkit"
import { answerBy, describeMocks, type MockLibrary } from "@countersign/testkit/mocks"
import type { Dispatcher, MockAgent } from "undici"
import * as newest from "undici"
import { withAuth } from "../src/index.ts"
import { releases, type Undici } from "./releases.ts"

/** undici.request, with undici's interceptors for retries and redirects around the authentication. */
function byRequest(undici: Undici, mock?: () => Dispatcher): AdapterUnderTest {
  return {
    // undici.request sends only forms of its own class, and does not support URLSearchParams.
    adds: ["FormData with a file", "URLSearchParams"],
    // The retry interceptor of undici 7 treats a form as an iterable of bytes.
    spoilsOnRetry: undici === newest ? [] : ["FormData with a file"],
    connect({ baseUrl, auth, options }) {
      const { interceptors } = undici
      return async (given) => {
        const { method = "GET", path = "", headers = {}, body, as = "none", signal, retries = 0 } = given
        const agent = mock?.() ?? new undici.Agent()
        const authenticated =
          auth === undefined ? agent : withAuth(agent, auth, options ?? { hosts: [new URL(baseUrl).host] })
        const dispatcher = authenticated.compose(
          interceptors.retry({
            maxRetries: retries,
            minTimeout: 1,
            methods: ["PUT"],
            statusCodes: [503],
            throwOnError: false,
          } as never),
          interceptors.redirect({ maxRedirections: 20 }),
        )
        try {
          const response = await undici.request(baseUrl + path, {
            method: method as "GET",
            dispatcher,
            headers: as === "json" ? { "content-type": "application/json", ...headers } : headers,
            ...(as === "none" ? {} : { body: (as === "json" ? JSON.stringify(body) : body) as string }),
            ...(signal === undefined ? {} : { signal }),
            ...namedAuth("countersign", given),
          })
          return { status: response.statusCode, text: await response.body.text(), raw: response }
        } finally {
          if (mock === undefined) void agent.close()
        }
      }
    },
  }
}

/** undici.fetch, which follows redirects itself. */
function byFetch(undici: Undici, mock?: () => Dispatcher): AdapterUnderTest {
  return {
    neverRetries: true,
    // fetch cannot pass the auth of a request, so it is chosen here.
    namesNoAuth: true,
    // undici.fetch accepts only its own FormData.
    bodies: { "FormData with a file": { ...bodySamples["FormData with a file"], make: () => ownFormData(undici) } },
    connect({ baseUrl, auth, options }) {
      return async ({ method = "GET", path = "", headers = {}, body, as = "none", signal, ...given }) => {
        const agent = mock?.() ?? new undici.Agent()
        const isBare = auth === undefined || given.auth === false
        const hosts = [new URL(baseUrl).host]
        const dispatcher = isBare ? agent : withAuth(agent, given.auth ?? auth, options ?? { hosts })
        try {
          const response = await undici.fetch(baseUrl + path, {
            method,
            dispatcher,
            headers: as === "json" ? { "content-type": "application/json", ...headers } : headers,
            duplex: "half",
            ...(as === "none" ? {} : { body: (as === "json" ? JSON.stringify(body) : body) as string }),
            ...(signal === undefined ? {} : { signal }),
          })
          return { status: response.status, text: await response.text(), raw: response }
        } finally {
          if (mock === undefined) void agent.close()
        }
      }
    },
  }
}

function ownFormData({ FormData: Own }: Undici): unknown {
  const form = new Own()
  for (const [name, value] of bodySamples["FormData with a file"].make() as FormData) form.append(name, value)
  return form
}

for (const [name, undici] of releases) {
  describeAdapter(`${name}, request`, byRequest(undici))
  describeAdapter(`${name}, fetch`, byFetch(undici))
  const { library, dispatcher } = mockAgent(undici)
  describeMocks(`${name}, request`, byRequest(undici, dispatcher), [library])
  describeMocks(`${name}, fetch`, byFetch(undici, dispatcher), [library])
}

/** Its own dispatcher, which the adapter gets in place of an Agent. */
function mockAgent(undici: Undici): { library: MockLibrary; dispatcher: () => Dispatcher } {
  let agent: MockAgent
  return {
    dispatcher: () => agent,
    library: {
      name: "MockAgent",
      start(origin, routes, seen) {
        agent = new undici.MockAgent()
        answerBy(agent as never, origin, routes, seen)
        return () => agent.close()
      },
    },
  }
}
