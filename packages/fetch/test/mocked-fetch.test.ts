import { numbering } from "@countersign/testkit"
import { createFetch as createOfetch } from "ofetch"
import createClient from "openapi-fetch"
import { afterEach, describe, expect, it } from "vitest"
import wretch from "wretch"
import { createFetch, withAuth } from "../src/index.ts"

const url = "https://api.myhuaweicloud.com/users"
const platform = globalThis.fetch
afterEach(() => {
  globalThis.fetch = platform
})

type Mock = (input: string | URL | Request, init?: RequestInit) => unknown

/** Returns a fetch that a mock answers, with or without auth. */
const ways: [name: string, make: (mock: Mock, limit?: number, bare?: boolean) => typeof fetch][] = [
  [
    "the caller's own fetch",
    (mock, limit, bare) => (bare ? (mock as typeof fetch) : withAuth(mock as typeof fetch, numbering("secret", limit))),
  ],
  [
    "the global fetch",
    (mock, limit, bare) => {
      globalThis.fetch = mock as typeof fetch
      return bare ? globalThis.fetch : createFetch(numbering("secret", limit))
    },
  ],
]
const json = (): Response => new Response('{"a":1}', { headers: { "content-type": "application/json" } })

/** The kinds and the readable parts of a request, without the additions of the auth and the engine. */
async function seenOf(input: string | URL | Request, init: RequestInit = {}): Promise<unknown> {
  const request = input instanceof Request ? input : new Request(input, init)
  const given = init.headers
  const names =
    given instanceof Headers ? [...given.keys()] : Object.keys(Object.fromEntries(Object.entries(given ?? {})))
  const pairs = Array.isArray(given) ? given.map(([name]) => name) : names
  return {
    kinds: [input.constructor.name, given?.constructor.name],
    names: pairs.filter((name) => name !== "x-auth-token"),
    request: [request.method, request.url, await request.text()],
    headers: [...request.headers].filter(([name]) => name !== "x-auth-token"),
  }
}

describe.each(ways)("a mock in place of %s", (_, make) => {
  const own = { "X-Own": "1", "Content-Type": "text/plain" }
  const post = { method: "POST", body: "ü", headers: own }
  const uses: [name: string, use: (fetch: typeof globalThis.fetch) => unknown][] = [
    ["text", (fetch) => fetch(url, post)],
    ["a URL", (fetch) => fetch(new URL(url), post)],
    ["Headers", (fetch) => fetch(url, { ...post, headers: new Headers(own) })],
    ["pairs", (fetch) => fetch(url, { ...post, headers: Object.entries(own) })],
    ["a Request", (fetch) => fetch(new Request(url, post))],
    ["ofetch", (fetch) => createOfetch({ fetch })(url, { method: "POST", body: { a: 1 } })],
    ["openapi-fetch", (fetch) => createClient<never>({ baseUrl: url, fetch }).request("post" as never, "/x" as never)],
    ["wretch", (fetch) => wretch(url).fetchPolyfill(fetch).headers({ "X-Own": "1" }).post({ a: 1 }).json()],
  ]
  it.each(uses)("sees %s as without auth", async (_name, use) => {
    const seenBy = async (limit?: number, bare = false): Promise<unknown[]> => {
      const seen: unknown[] = []
      const mock: Mock = async (input, init) => {
        // Without auth there may be none.
        seen.push(await seenOf(input, { headers: {}, ...init }))
        return json()
      }
      await use(make(mock, limit, bare))
      return seen
    }
    const bare = await seenBy(undefined, true)
    expect(bare).toHaveLength(1)
    expect(await seenBy()).toEqual(bare)
    expect(await seenBy(1024)).toEqual(bare)
  })

  it("sees the credential in a Request", async () => {
    const seen: unknown[] = []
    const mock: Mock = (input) => {
      seen.push((input as Request).headers.get("x-auth-token"))
      return json()
    }
    await make(mock)(new Request(url))
    expect(seen).toEqual(["secret-1"])
  })

  it.each<[what: string, answer: unknown]>([
    ["no status", { ok: true, json: async () => ({}) }],
    ["no headers, and 401", { ok: false, status: 401 }],
    ["no headers, and a redirect", { ok: false, status: 302 }],
    ["headers that are an object, and 403", { ok: false, status: 403, headers: { "x-own": "1" } }],
    ["nothing", undefined],
    ["null", null],
  ])("may answer with %s", async (_what, answer) => {
    expect(await make(async () => answer)(url)).toBe(answer)
  })
})

it.each<[kind: string, headers: HeadersInit]>([
  ["a record", { Authorization: "Basic own" }],
  ["pairs", [["Authorization", "Basic own"]]],
  ["Headers", new Headers({ Authorization: "Basic own" })],
])("a property on Object.prototype does not bring back what a redirect left behind: %s", async (_, headers) => {
  const seen: (string | null)[] = []
  const mock: Mock = (_input, init) => {
    seen.push(new Headers(init?.headers).get("authorization"))
    const location = "https://elsewhere.example.com/"
    return seen.length === 1 ? new Response(null, { status: 302, headers: { location } }) : json()
  }
  Object.defineProperty(Object.prototype, "authorization", {
    value: "polluted",
    configurable: true,
    writable: true,
  })
  try {
    await make(mock)(url, { headers })
  } finally {
    Reflect.deleteProperty(Object.prototype, "authorization")
  }
  expect(seen).toEqual(["Basic own", null])
})

function make(mock: Mock): typeof fetch {
  return withAuth(mock as typeof fetch, numbering())
}
