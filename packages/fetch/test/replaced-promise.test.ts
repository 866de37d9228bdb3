import { akskAuth, tokenAuth } from "@countersign/auth-core"
import { recordingServer } from "@countersign/testkit"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createFetch } from "../src/index.ts"

const native = globalThis.Promise

// As zone.js and Bluebird do. The promises of async functions then have another class.
beforeEach(() => {
  globalThis.Promise = class Replaced<T> extends native<T> {} as PromiseConstructor
})
afterEach(() => {
  globalThis.Promise = native
})

const hosts = ["127.0.0.1"]
const token = { value: "token", issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 }
const key = { accessKeyId: "AK", secretAccessKey: "SK" }

it.each([
  { what: "a provided token", auth: tokenAuth(async () => token), header: "x-auth-token" },
  { what: "a provided key", auth: akskAuth(async () => key), header: "authorization" },
  {
    what: "an auth of one's own",
    auth: {
      bodyLimit: () => undefined,
      authenticate: async () => ({ headers: { "x-auth-token": "own" }, used: undefined }),
      judge: () => false,
    },
    header: "x-auth-token",
  },
])("$what authenticates also where the global Promise was replaced", async ({ auth, header }) => {
  await using server = await disposable()
  const fetch = createFetch(auth, { hosts })
  await fetch(server.url)
  await fetch(server.url, { method: "POST", body: new Blob(["body"]) })
  expect(server.arrivals.map(({ headers, body }) => [header in headers, String(body)])).toEqual([
    [true, ""],
    [true, "body"],
  ])
})

async function disposable() {
  const server = await recordingServer()
  return { ...server, [Symbol.asyncDispose]: () => server.close() }
}
