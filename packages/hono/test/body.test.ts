// A small body is read before the handler. The handler reads it again, in every way that Hono has, and leaves the request
// itself readable.
import { sign } from "@countersign/auth-core"
import { type Handler, Hono } from "hono"
import { Hono as Hono4_0 } from "hono-4.0"
import { describe, expect, it } from "vitest"
import { auth, createVerifier } from "../src/index.ts"

const credentials = { accessKeyId: "AK-OF-ALICE", secretAccessKey: "sk-of-alice" }
const URL_OF_SERVICE = "http://127.0.0.1/v1/servers"
const verifier = createVerifier({ keys: () => credentials })

describe.each([
  ["hono", Hono],
  ["hono 4.0", Hono4_0 as unknown as typeof Hono],
])("a body that %s reads", (_name, HonoClass) => {
  async function answer(body: string, type: string, handler: Handler): Promise<unknown> {
    const app = new HonoClass()
    app.post("/v1/servers", auth(verifier), handler)
    const headers = { "content-type": type, "content-length": String(new TextEncoder().encode(body).length) }
    const signed = sign({ method: "POST", url: URL_OF_SERVICE, headers, body }, credentials)
    const response = await app.request(URL_OF_SERVICE, { method: "POST", body, headers: { ...headers, ...signed } })
    expect(response.status).toBe(200)
    return await response.json()
  }

  it("is there in the request, as text and as JSON, and as text again", async () => {
    const body = '\uFEFF{"name":"größe"}'
    const read = await answer(body, "application/json", async ({ req, json }) =>
      json([await req.raw.clone().text(), await req.text(), await req.json(), await req.text()]),
    )
    const text = body.slice(1)
    expect(read).toEqual([text, text, JSON.parse(text), text])
  })

  it.each(["arrayBuffer", "blob"] as const)("is there as %s, after its text too", async (method) => {
    const read = await answer("größe", "text/plain", async ({ req, json }) =>
      json([await req.text(), await new Response(await req[method]()).text()]),
    )
    expect(read).toEqual(["größe", "größe"])
  })

  it("is there as a form, after its text too", async () => {
    const read = await answer("a=1&b=gr%C3%B6%C3%9Fe", "application/x-www-form-urlencoded", async ({ req, json }) =>
      json([await req.text(), await req.parseBody()]),
    )
    expect(read).toEqual(["a=1&b=gr%C3%B6%C3%9Fe", { a: "1", b: "größe" }])
  })
})
