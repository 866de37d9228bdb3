import type { AddressInfo } from "node:net"
import type { Readable } from "node:stream"
import {
  describeService,
  type RunningService,
  type ServiceOwner,
  type ServiceSetting,
  serviceClient,
  serviceKey,
} from "@countersign/testkit"
import cors from "@fastify/cors"
import formbody from "@fastify/formbody"
import multipart from "@fastify/multipart"
import fastify5, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify"
import fastify5_0 from "fastify-5.0"
import { describe, expect, it } from "vitest"
import { auth, createVerifier } from "../src/index.ts"

declare module "@countersign/fastify" {
  interface Register {
    owner: ServiceOwner
  }
}

async function application(fastify: typeof fastify5, setting: ServiceSetting): Promise<FastifyInstance> {
  const { verifier: options, proxy, seen } = setting
  const app = fastify({ forceCloseConnections: true, bodyLimit: 20 * 1024 * 1024 })
  await app.register(cors, { origin: "https://app.example.com" })
  await app.register(formbody)
  await app.register(multipart)
  await app.register(auth, { verifier: createVerifier(options), proxy })
  const answer = (route: string, more: (request: FastifyRequest) => object = () => ({})) => {
    return async (request: FastifyRequest) => {
      seen.push({ route, tenant: request.auth?.owner.tenant })
      return { tenant: request.auth?.owner.tenant ?? null, ...more(request) }
    }
  }
  const body = ({ body }: FastifyRequest): object => ({ body })
  app.get("/who", answer("who"))
  app.post("/json", answer("json", body))
  app.post("/form", answer("form", body))
  app.post("/multipart", async (request) => {
    seen.push({ route: "multipart", tenant: request.auth?.owner.tenant })
    const parsed: Record<string, string> = {}
    for await (const part of request.parts()) {
      parsed[part.fieldname] = part.type === "file" ? (await part.toBuffer()).toString("base64") : String(part.value)
    }
    return { tenant: request.auth?.owner.tenant, body: parsed }
  })
  await app.register((scope, _options, done) => {
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, bytes, parsed) => parsed(null, bytes))
    scope.all(
      "/bytes",
      answer("bytes", ({ body }) => ({ base64: Buffer.isBuffer(body) ? body.toString("base64") : "" })),
    )
    scope.post("/small", { config: { auth: { maxBodyBytes: 10 } } }, answer("small"))
    scope.post("/unsigned", { config: { auth: { allowUnsignedPayload: true } } }, answer("unsigned"))
    done()
  })
  app.post(
    "/raw",
    { config: { auth: { rawBody: true } } },
    answer("raw", ({ body, rawBody }) => ({ body, raw: rawBody?.toString() })),
  )
  app.all(
    "/optional",
    { config: { auth: { optional: true } } },
    answer("optional", ({ method, body }) => (method === "POST" ? { body } : {})),
  )
  app.get("/once", { config: { auth: { replay: true } } }, answer("once"))
  app.get("/failing", async () => {
    throw Object.assign(new Error("of the handler"), { statusCode: 418 })
  })
  await app.register((outer, _options, ready) => {
    const once = createVerifier({ ...options, replay: true })
    outer.register(auth, { verifier: once })
    outer.register((inner, _more, done) => {
      inner.register(auth, { verifier: once, maxBodyBytes: 1_000 })
      inner.addContentTypeParser("*", { parseAs: "buffer" }, (_request, bytes, parsed) => parsed(null, bytes))
      inner.route({ method: ["GET", "POST"], url: "/twice", handler: answer("twice") })
      done()
    })
    ready()
  })
  const maxBodyBytes = Number.POSITIVE_INFINITY
  const streaming = (route: string, isSwallowing = false) => {
    return async (request: FastifyRequest, _reply: FastifyReply) => {
      const one = { route, tenant: request.auth?.owner.tenant, bytes: 0 }
      seen.push(one)
      try {
        for await (const chunk of request.body as Readable) one.bytes += chunk.length
        Object.assign(one, { later: request.auth?.owner.tenant })
        return { tenant: request.auth?.owner.tenant, bytes: one.bytes }
      } catch (failure) {
        Object.assign(one, { failure })
        if (!isSwallowing) throw failure
        return {}
      }
    }
  }
  await app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload))
    scope.post("/stream", { config: { auth: { maxBodyBytes } } }, streaming("stream"))
    scope.post("/early", { config: { auth: { maxBodyBytes, streamBody: true } } }, streaming("early"))
    scope.post("/swallow", { config: { auth: { maxBodyBytes } } }, streaming("swallow", true))
    const lenient = { allowUnsignedPayload: true, allowUnsignedHost: true }
    const method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const
    scope.route({ method: [...method], url: "*", config: { auth: lenient }, handler: answer("any") })
    done()
  })
  return app
}

for (const [name, fastify] of [
  ["fastify", fastify5],
  ["fastify 5.0", fastify5_0],
] as const) {
  describeService(name, {
    // Fastify answers 400.
    unseen: ["path-invalid-percent"],
    async start(setting): Promise<RunningService> {
      const app = await application(fastify as typeof fastify5, setting)
      const second = await application(fastify as typeof fastify5, setting)
      await Promise.all([app, second].map((one) => one.listen({ port: 0, host: "127.0.0.1" })))
      const [a, b] = [app, second].map(({ server }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      return {
        origins: [a ?? "", b ?? ""],
        async close() {
          await Promise.all([app.close(), second.close()])
        },
      }
    },
  })
}

describe("a plugin that is not awaited", () => {
  const verifier = createVerifier({ keys: () => ({ ...serviceKey, owner: { tenant: "alice" } }) })

  it.each(["before", "after"])("keeps the options of routes that are added %s it", async (when) => {
    const app = fastify5()
    const routes = (): void => {
      app.get("/open", { config: { auth: false } }, async () => "open")
      app.get("/optional", { config: { auth: { optional: true } } }, async ({ auth }) => auth?.accessKeyId ?? "nobody")
      app.post("/small", { config: { auth: { maxBodyBytes: 3 } } }, async () => "small")
      app.get("/once", { config: { auth: { replay: true } } }, async () => "once")
      app.get("/wrong", { config: { auth: { maxBodyBytes: -1 } } }, async () => "wrong")
    }
    if (when === "before") routes()
    app.register(auth, { verifier })
    if (when === "after") routes()
    const origin = await app.listen({ port: 0, host: "127.0.0.1" })
    const client = serviceClient()
    const statuses: Record<string, number[]> = {}
    const date = new Date()
    for (const [path, part] of [
      ["/open", { sign: false }],
      ["/optional", { sign: false }],
      ["/small", { method: "POST", body: "four", headers: { "content-type": "text/plain" } }],
      ["/once", { sign: { date } }],
      ["/once", { sign: { date } }],
      ["/wrong", {}],
      ["/wrong", {}],
    ] as const) {
      const { status } = await client.call(origin, { path, ...part })
      statuses[path] = [...(statuses[path] ?? []), status]
    }
    client.close()
    await app.close()
    expect(statuses).toEqual({
      "/open": [200],
      "/optional": [200],
      "/small": [413],
      "/once": [200, 401],
      "/wrong": [500, 500],
    })
  })

  it("may be registered with a prefix and a log level, as any plugin, and refuses unknown options", async () => {
    const app = fastify5()
    await app.register(auth, { verifier, prefix: "/v1", logLevel: "warn" })
    app.get("/who", async () => "who")
    const misspelt = (): unknown => app.get("/misspelt", { config: { auth: { optinal: true } } }, async () => "")
    expect(misspelt).toThrow("no `optinal`")
    expect((await app.inject("/who")).statusCode).toBe(401)
    await expect(fastify5().register(auth, { verifier, optinal: true } as never)).rejects.toThrow("no `optinal`")
  })
})
