import { numbering } from "@countersign/testkit"
import { afterEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

const platform = globalThis.fetch
afterEach(() => {
  globalThis.fetch = platform
})

describe.each(clients)("%s: a mock in place of the global fetch", (_, client) => {
  it.each([
    ["unread", undefined],
    ["read", 1024],
  ])("reads the body of the Request, and sees the credential, where bodies are %s", async (_how, limit) => {
    const seen: unknown[] = []
    globalThis.fetch = async (input) => {
      const request = input as Request
      seen.push(await request.json(), request.headers.get("x-own"), request.headers.get("x-auth-token"))
      return Response.json({ ok: true })
    }
    const api = withAuth(client, numbering("secret", limit))
    const sent = api.post("https://api.myhuaweicloud.com/users", { json: { name: "ü" }, headers: { "X-Own": "1" } })
    expect(await sent.json()).toEqual({ ok: true })
    expect(seen).toEqual([{ name: "ü" }, "1", "secret-1"])
  })
})
