// A small body is read before the handler, which reads it again from a new request.
import { serviceHeaders, serviceKey } from "@countersign/testkit"
import { type Handler, Hono, type MiddlewareHandler } from "hono"
import { Hono as Hono4_0 } from "hono-4.0"
import { describe, expect, it } from "vitest"
import { auth, createVerifier } from "../src/index.ts"

const ORIGIN = "http://127.0.0.1"
const verifier = createVerifier({ keys: () => serviceKey })
const BODY = "a=1&b=gr%C3%B6%C3%9Fe"

describe.each([
  ["hono", Hono],
  ["hono 4.0", Hono4_0 as unknown as typeof Hono],
])("a body, by %s,", (_name, HonoClass) => {
  async function answer(handler: Handler, ...before: MiddlewareHandler[]): Promise<unknown> {
    const app = new HonoClass()
    app.use("*", auth(verifier))
    for (const middleware of before) app.use("*", middleware)
    app.post("/v1/servers", handler)
    const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": String(BODY.length) }
    const call = { method: "POST", path: "/v1/servers", body: BODY, headers }
    const init = { method: "POST", body: BODY, headers: serviceHeaders(ORIGIN, call) }
    const response = await app.request(ORIGIN + call.path, init)
    expect(response.status).toBe(200)
    return await response.json()
  }

  it.each<[string, Handler]>([
    ["text", async ({ req, json }) => json(await req.text())],
    ["arrayBuffer", async ({ req, json }) => json(new TextDecoder().decode(await req.arrayBuffer()))],
    ["blob", async ({ req, json }) => json(await (await req.blob()).text())],
    ["the request", async ({ req, json }) => json(await req.raw.text())],
    ["a copy of the request", async ({ req, json }) => json(await new Request(req.raw).text())],
  ])("is there as %s", async (_way, handler) => {
    expect(await answer(handler)).toBe(BODY)
  })

  it("is there as a form", async () => {
    expect(await answer(async ({ req, json }) => json(await req.parseBody()))).toEqual({ a: "1", b: "größe" })
  })

  it("is there behind a second auth", async () => {
    expect(await answer(async ({ req, json }) => json(await req.text()), auth(verifier, { maxBodyBytes: 100 }))).toBe(
      BODY,
    )
  })

  it("is there behind a second auth, though the request was replaced: that is no replay", async () => {
    const guarded = createVerifier({ keys: () => serviceKey, replay: true })
    const app = new HonoClass()
    const replacing: MiddlewareHandler = async ({ req }, next) => {
      req.raw = new Request(req.raw)
      await next()
    }
    app.use("*", auth(guarded), replacing, auth(guarded))
    app.post("/v1/servers", async ({ req, json }) => json(await req.text()))
    const call = { method: "POST", path: "/v1/servers", body: BODY }
    const init = { method: "POST", body: BODY, headers: serviceHeaders(ORIGIN, call) }
    const response = await app.request(ORIGIN + call.path, init)
    expect([response.status, await response.json()]).toEqual([200, BODY])
    expect((await app.request(ORIGIN + call.path, init)).status).toBe(401)
  })

  it("is that of a request which a later middleware puts in place", async () => {
    const replacing: MiddlewareHandler = async ({ req }, next) => {
      req.raw = new Request(req.raw, { body: "another" })
      await next()
    }
    expect(await answer(async ({ req, json }) => json(await req.text()), replacing)).toBe("another")
  })

  it("is not served with a fragment in the URL, which no signature covers", async () => {
    const app = new HonoClass()
    app.use("*", auth(verifier))
    app.get("/v1/servers", ({ req, json }) => json(req.query()))
    const headers = serviceHeaders(ORIGIN, { method: "GET", path: "/v1/servers?a=1", body: "" })
    expect((await app.request(`${ORIGIN}/v1/servers?a=1`, { headers })).status).toBe(200)
    expect((await app.request(`${ORIGIN}/v1/servers?a=1#&admin=1`, { headers })).status).toBe(400)
  })

  it("that is wrong takes the place of an answer, with nothing of its body and caller", async () => {
    const app = new HonoClass()
    app.use("*", auth(verifier, { streamBody: true }))
    app.post("/v1/servers", async (context) => {
      await context.req.text().catch(() => undefined)
      for (const name of ["content-encoding", "etag", "cache-control", "set-cookie"]) context.header(name, "of-alice")
      context.header("content-length", "3")
      context.header("x-request-id", "1")
      return context.body("abc")
    })
    const headers = serviceHeaders(ORIGIN, { method: "POST", path: "/v1/servers", body: BODY })
    const response = await app.request(`${ORIGIN}/v1/servers`, { method: "POST", body: `${BODY}!`, headers })
    expect([response.status, response.headers.get("x-request-id")]).toEqual([401, "1"])
    expect(JSON.stringify([...response.headers])).not.toContain("of-alice")
    expect(response.headers.get("content-length")).not.toBe("3")
  })
})
