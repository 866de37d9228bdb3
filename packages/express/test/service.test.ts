import { once } from "node:events"
import type { Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { describeService, type RunningService, type ServiceOwner, type ServiceSetting } from "@countersign/testkit"
import cors from "cors"
import express5, { type Express, type Request, type Response } from "express"
import multer from "multer"
import { auth, createVerifier } from "../src/index.ts"

declare module "@countersign/express" {
  interface Register {
    owner: ServiceOwner
  }
}

// Their types have other names.
const require = createRequire(import.meta.url)
const express4: typeof express5 = require("express-4")
const express4_18: typeof express5 = require("express-4.18")

function application(express: typeof express5, { verifier: options, proxy, seen }: ServiceSetting): Express {
  const verifier = createVerifier(options)
  const app = express()
  // It silences what Express prints of errors.
  app.set("env", "test")
  app.use(cors({ origin: "https://app.example.com" }))
  const answer = (route: string, more: (request: Request) => object = () => ({})) => {
    return (request: Request, response: Response) => {
      const { tenant = null } = request.auth?.owner ?? {}
      seen.push({ route, tenant: request.auth?.owner.tenant })
      response.json({ tenant, ...more(request) })
    }
  }
  const body = ({ body }: Request): object => ({ body })
  const usual = auth(verifier, { proxy })
  app.get("/who", usual, answer("who"))
  app.post("/json", usual, express.json(), answer("json", body))
  app.post("/form", usual, express.urlencoded({ extended: false }), answer("form", body))
  app.post(
    "/multipart",
    usual,
    multer().single("file"),
    answer("multipart", ({ body, file }) => ({ body: { ...body, file: file?.buffer.toString("base64") } })),
  )
  app.all(
    "/bytes",
    usual,
    express.raw({ limit: "20mb" }),
    answer("bytes", ({ body }) => ({ base64: Buffer.isBuffer(body) ? body.toString("base64") : "" })),
  )
  app.post(
    "/raw",
    auth(verifier, { rawBody: true }),
    express.json(),
    answer("raw", ({ body, rawBody }) => ({ body, raw: rawBody?.toString() })),
  )
  app.all(
    "/optional",
    auth(verifier, { optional: true }),
    express.json(),
    answer("optional", ({ method, body }) => (method === "POST" ? { body } : {})),
  )
  app.post("/small", auth(verifier, { maxBodyBytes: 10 }), express.raw(), answer("small"))
  app.post("/unsigned", auth(verifier, { allowUnsignedPayload: true }), express.raw(), answer("unsigned"))
  app.get("/once", auth(verifier, { replay: true }), answer("once"))
  app.get("/failing", usual, () => {
    throw Object.assign(new Error("of the handler"), { status: 418 })
  })
  const maxBodyBytes = Number.POSITIVE_INFINITY
  const streaming = (route: string, isSwallowing = false) => {
    return async (request: Request, response: Response) => {
      const one = { route, tenant: request.auth?.owner.tenant, bytes: 0 }
      seen.push(one)
      try {
        for await (const chunk of request) one.bytes += chunk.length
        Object.assign(one, { later: request.auth?.owner.tenant })
        response.json({ tenant: request.auth?.owner.tenant, bytes: one.bytes })
      } catch (failure) {
        Object.assign(one, { failure })
        if (!isSwallowing) throw failure
        response.json({})
      }
    }
  }
  // Express 4 does not wait for handlers.
  const caught = (handler: ReturnType<typeof streaming>) => (request: Request, response: Response, next: () => void) =>
    void handler(request, response).catch(next)
  app.post("/stream", auth(verifier, { maxBodyBytes }), caught(streaming("stream")))
  app.post("/early", auth(verifier, { maxBodyBytes, streamBody: true }), caught(streaming("early")))
  app.post("/swallow", auth(verifier, { maxBodyBytes }), caught(streaming("swallow", true)))
  const once = verifier.with({ replay: true })
  app.all("/twice", auth(once), auth(once, { maxBodyBytes: 1_000 }), answer("twice"))
  app.all(/.*/, auth(verifier, { allowUnsignedPayload: true, allowUnsignedHost: true }), answer("any"))
  return app
}

async function started(app: Express): Promise<RunningService> {
  const servers: Server[] = [app.listen(0, "127.0.0.1"), app.listen(0, "127.0.0.1")]
  await Promise.all(servers.map((server) => once(server, "listening")))
  const [first, second] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    origins: [first ?? "", second ?? ""],
    async close() {
      for (const server of servers) server.close().closeAllConnections()
    },
  }
}

for (const [name, express] of [
  ["express 5", express5],
  ["express 4", express4],
  ["express 4.18", express4_18],
] as const) {
  describeService(name, { start: (setting) => started(application(express, setting)) })
}
