// One service, once with each framework: POST /v1/orders keeps an order, GET /v1/orders lists the caller's own.
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { auth as expressAuth } from "@countersign/express"
import { auth as fastifyAuth } from "@countersign/fastify"
import { auth as honoAuth } from "@countersign/hono"
import { createAuthHandler } from "@countersign/server"
import { getRequestListener } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { verifier } from "./verifier.ts"

interface Order {
  size: number
}

/** The orders of each caller, by the AK. */
function createOrders() {
  const orders = new Map<string, Order[]>()
  const of = (accessKeyId = ""): Order[] => orders.get(accessKeyId) ?? []
  return {
    list: (accessKeyId: string | undefined) => ({ orders: of(accessKeyId) }),
    add(accessKeyId: string | undefined, order: unknown) {
      orders.set(accessKeyId ?? "", [...of(accessKeyId), order as Order])
      return { accepted: true }
    },
  }
}

export const services: Readonly<Record<string, () => Promise<RequestListener>>> = {
  async "node:http"() {
    const orders = createOrders()
    return createAuthHandler(verifier).node(async (request, response) => {
      const { accessKeyId } = request.auth
      const answer = request.method === "POST" ? orders.add(accessKeyId, await json(request)) : orders.list(accessKeyId)
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer))
    })
  },

  async fetch() {
    const orders = createOrders()
    const handler = createAuthHandler(verifier).fetch(async (request) => {
      const { accessKeyId } = request.auth
      const isPost = request.method === "POST"
      return Response.json(isPost ? orders.add(accessKeyId, await request.json()) : orders.list(accessKeyId))
    })
    return getRequestListener(handler)
  },

  async express() {
    const orders = createOrders()
    const app = express()
    app.use(expressAuth(verifier), express.json())
    app.get("/v1/orders", (request, response) => void response.json(orders.list(request.auth?.accessKeyId)))
    app.post("/v1/orders", (request, response) => {
      response.json(orders.add(request.auth?.accessKeyId, request.body))
    })
    return app
  },

  async fastify() {
    const orders = createOrders()
    const app = fastify()
    await app.register(fastifyAuth, { verifier })
    app.get("/v1/orders", async (request) => orders.list(request.auth?.accessKeyId))
    app.post("/v1/orders", async (request) => orders.add(request.auth?.accessKeyId, request.body))
    await app.ready()
    return app.routing.bind(app)
  },

  async hono() {
    const orders = createOrders()
    const app = new Hono()
    const auth = honoAuth(verifier)
    app.get("/v1/orders", auth, (c) => c.json(orders.list(c.var.auth.accessKeyId)))
    app.post("/v1/orders", auth, async (c) => c.json(orders.add(c.var.auth.accessKeyId, await c.req.json())))
    return getRequestListener(app.fetch)
  },
}

/** Starts a service. Returns its origin. */
export async function startService(name: string): Promise<{ origin: string; stop(): void }> {
  const listener = await services[name]?.()
  if (listener === undefined) throw new RangeError(`There is no service ${name}.`)
  const server = createServer(listener)
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => server.close().closeAllConnections(),
  }
}
