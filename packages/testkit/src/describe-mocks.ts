import { type Auth, akskAuth, verify } from "@countersign/auth-core"
import { afterEach, describe, expect, it } from "vitest"
import type { AdapterRequest, AdapterResponse, AdapterUnderTest } from "./contracts/adapter-under-test.ts"
import { errorFacts } from "./error-facts.ts"
import type { MockedRequest, MockedRoute, MockLibrary } from "./mock-library.ts"
import { numbering } from "./numbering-auth.ts"

const ORIGIN = "https://mocked.myhuaweicloud.com"
const key = { accessKeyId: "AKMOCKED0123456789AB", secretAccessKey: "secret-key-of-the-mock-suite" }
const auths: [name: string, make: () => Auth][] = [
  ["a token", () => numbering()],
  ["AK/SK", () => akskAuth(key)],
]

/** The contract of a client under a mocking library: it finds the same answers with auth as without. */
export function describeMocks(name: string, adapter: AdapterUnderTest, libraries: readonly MockLibrary[]): void {
  describe.each(libraries)(`${name} under $name`, (library) => {
    let seen: MockedRequest[] = []
    let stop: (() => unknown) | undefined
    afterEach(async () => {
      await stop?.()
      stop = undefined
    })
    const mock = (...routes: MockedRoute[]): void => {
      seen = []
      stop = library.start(ORIGIN, routes, (request) => seen.push(request))
    }
    const send = async (request: AdapterRequest, auth?: Auth): Promise<AdapterResponse> =>
      adapter.connect({ baseUrl: ORIGIN, ...(auth === undefined ? {} : { auth }) })(request)

    describe.each(auths)("with %s", (_, make) => {
      it.each<[what: string, request: AdapterRequest, route: Omit<MockedRoute, "answers">]>([
        ["a path", { path: "/users" }, { method: "GET", path: "/users" }],
        ["a query", { path: "/users?q=a%20b&n=1" }, { method: "GET", path: "/users", query: { q: "a b", n: "1" } }],
        [
          "a body",
          { method: "POST", path: "/users", body: { a: "ü" }, as: "json" },
          { method: "POST", path: "/users", body: '{"a":"ü"}' },
        ],
      ])("is answered by %s, and authenticated for it", async (_what, request, route) => {
        mock({ ...route, answers: [{ status: 201, body: '{"mocked":true}', headers: { "x-mock": "1" } }] })
        const bare = await send(request)
        expect(bare).toMatchObject({ status: 201, text: '{"mocked":true}' })
        expect(await send(request, make())).toMatchObject({ status: bare.status, text: bare.text })
        const [first, second] = seen
        expect(second?.target.replaceAll("+", "%20")).toBe(first?.target.replaceAll("+", "%20"))
        expect(second?.body).toBe(first?.body)
        expect(await isAuthenticated(second)).toBe(true)
        expect(await isAuthenticated(first)).toBe(false)
      })

      it("fails as without auth when the connection breaks or nothing answers", async () => {
        mock({ method: "GET", path: "/broken", answers: [] })
        for (const path of ["/broken", "/unknown"]) {
          const bare = await outcomeOf(send({ path }))
          expect(await outcomeOf(send({ path }, make()))).toEqual(bare)
        }
      })
    })

    it("sends a request once more after a 401, with a new token", async () => {
      mock({ method: "GET", path: "/users", answers: [{ status: 401, body: "{}" }, { body: '"renewed"' }] })
      expect(await send({ path: "/users" }, numbering())).toMatchObject({ status: 200, text: '"renewed"' })
      expect(seen.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1", "secret-2"])
    })

    it("gives an answer without headers and body to the caller", async () => {
      mock({ method: "GET", path: "/empty", answers: [{ status: 404 }] })
      expect(await send({ path: "/empty" }, numbering())).toMatchObject({ status: 404 })
    })
  })
}

/** The status, from libraries that refuse by an answer; else the part of the error that the caller sees. */
async function outcomeOf(sent: Promise<AdapterResponse>): Promise<unknown> {
  const response = await sent.catch(() => undefined)
  return response === undefined ? errorFacts(sent) : response.status
}

async function isAuthenticated(request: MockedRequest | undefined): Promise<boolean> {
  if (request === undefined) return false
  const { method, target, headers, body } = request
  if (headers["x-auth-token"] !== undefined) return true
  const signed = { method, url: ORIGIN + target, headers: { host: new URL(ORIGIN).host, ...headers }, body }
  return (await verify(signed, { secretFor: async () => key })).ok
}
