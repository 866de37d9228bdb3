// A service in a separate process: one framework, bare or with verification. It prints its port, then for each line of its input its
// CPU time in nanoseconds and the most memory since the line before, in bytes. It ends with its input.
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { auth as expressAuth } from "@countersign/express"
import { auth as fastifyAuth } from "@countersign/fastify"
import { auth as honoAuth } from "@countersign/hono"
import { createAuthHandler, createVerifier } from "@countersign/server"
import { getRequestListener } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { credentials } from "./example-request.ts"

/** `bare` does nothing else than the framework; `hashing` also hashes uploads, without a signature. */
export type FrameworkVariant = "bare" | "hashing" | "verifying"
export type FrameworkName = keyof typeof listeners

const verifier = createVerifier({ keys: () => credentials })
const options = { maxBodyBytes: Number.POSITIVE_INFINITY }

/** Reads an upload. Returns its size. */
async function sizeOf(body: AsyncIterable<Uint8Array>, variant: FrameworkVariant): Promise<number> {
  const hash = variant === "hashing" ? createHash("sha256") : undefined
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    hash?.update(chunk)
  }
  return hash?.digest("hex") === "" ? 0 : size
}

const listeners = {
  async "node:http"(variant: FrameworkVariant): Promise<RequestListener> {
    const listener: RequestListener = async (request, response) => {
      if (request.method !== "PUT") response.end("ok")
      else response.end(String(await sizeOf(request, variant)))
    }
    return variant === "verifying" ? createAuthHandler(verifier, options).node(listener) : listener
  },
  async express(variant: FrameworkVariant): Promise<RequestListener> {
    const app = express()
    if (variant === "verifying") app.use(expressAuth(verifier, options))
    app.post("/v1/servers", express.json(), (_request, response) => void response.send("ok"))
    app.get("/v1/servers", (_request, response) => void response.send("ok"))
    app.put("/v1/servers", async (request, response) => void response.send(String(await sizeOf(request, variant))))
    return app
  },
  async fastify(variant: FrameworkVariant): Promise<RequestListener> {
    const app = fastify({ bodyLimit: Number.MAX_SAFE_INTEGER })
    if (variant === "verifying") await app.register(fastifyAuth, { verifier, ...options })
    app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload))
    app.post("/v1/servers", async () => "ok")
    app.get("/v1/servers", async () => "ok")
    app.put("/v1/servers", async (request) => String(await sizeOf(request.body as Readable, variant)))
    await app.ready()
    return app.routing.bind(app)
  },
  async hono(variant: FrameworkVariant): Promise<RequestListener> {
    const app = new Hono()
    if (variant === "verifying") app.use(honoAuth(verifier, options))
    app.post("/v1/servers", async (context) => {
      await context.req.json()
      return context.text("ok")
    })
    app.get("/v1/servers", (context) => context.text("ok"))
    app.put("/v1/servers", async (context) =>
      context.text(String(await sizeOf(context.req.raw.body as AsyncIterable<Uint8Array>, variant))),
    )
    return getRequestListener(app.fetch)
  },
}

if (process.argv[1] === import.meta.filename) {
  const [, , framework, variant] = process.argv as [string, string, FrameworkName, FrameworkVariant]
  const server = createServer(await listeners[framework](variant))
  server.keepAliveTimeout = 120_000
  await once(server.listen(0, "127.0.0.1"), "listening")
  console.log((server.address() as AddressInfo).port)
  let most = 0
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  // Only for uploads: it takes a quarter of the CPU time of a service that small requests keep busy.
  server.on("request", function startLooking({ method }) {
    if (method !== "PUT") return
    server.off("request", startLooking)
    setInterval(look, 5).unref()
  })
  for await (const _ of createInterface({ input: process.stdin })) {
    const { user, system } = process.cpuUsage()
    console.log(`${(user + system) * 1_000} ${most}`)
    globalThis.gc?.()
    most = process.memoryUsage.rss()
  }
  process.exit()
}
