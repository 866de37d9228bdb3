// The server of Hono on Node: its requests only show those of Node, so the auth checks and collects there.
import { createHash } from "node:crypto"
import { once } from "node:events"
import { type IncomingMessage, request as send } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { buffer } from "node:stream/consumers"
import { serviceHeaders, serviceKey } from "@countersign/testkit"
import { type HttpBindings, type ServerType, serve } from "@hono/node-server"
import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono"
import { bodyLimit } from "hono/body-limit"
import { logger } from "hono/logger"
import { afterEach, describe, expect, it, vi } from "vitest"
import { auth, createVerifier } from "../src/index.ts"

const BODY = "a=1&b=gr%C3%B6%C3%9Fe"
const servers: ServerType[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function started(handler: Handler, before: MiddlewareHandler[]): Promise<string> {
  const app = new Hono()
  for (const middleware of before) app.use("*", middleware)
  app.all("/v1/servers", handler)
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
  servers.push(server)
  await once(server, "listening")
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Sent {
  readonly method?: string
  readonly body?: string
  /** The body that arrives, if it is not the signed one. */
  readonly instead?: string
}

async function call(origin: string, { method = "POST", body = BODY, instead = body }: Sent = {}) {
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": String(instead.length) }
  const signed = serviceHeaders(origin, { method, path: "/v1/servers", body, headers })
  const sent = send(`${origin}/v1/servers`, { method, headers: signed }).end(instead)
  const [answer] = await once(sent, "response")
  return { status: answer.statusCode as number, text: (await buffer(answer)).toString() }
}

/** Lets the body arrive before the auth. */
const slow: MiddlewareHandler = async (_context, next) => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  await next()
}

const verifier = createVerifier({ keys: () => serviceKey, replay: true })
/** It asks for the key each time, and waits for it. */
const later = createVerifier({ keys: async () => serviceKey, keyCache: { ttlMs: 0 } })

describe.each([
  ["at once", [auth(verifier)]],
  ["after the body has come", [slow, auth(verifier)]],
  ["twice", [auth(verifier), auth(verifier, { maxBodyBytes: 100 })]],
  ["twice, around a slow middleware", [auth(verifier), slow, auth(verifier)]],
  ["with the raw body", [auth(verifier, { rawBody: true })]],
  ["behind others that hold the body", [bodyLimit({ maxSize: 1_000 }), logger(() => undefined), auth(verifier)]],
  ["late, behind another that holds the body", [slow, bodyLimit({ maxSize: 1_000 }), auth(later, { rawBody: true })]],
  ["twice, behind another that holds the body", [slow, bodyLimit({ maxSize: 1_000 }), auth(verifier), auth(later)]],
])("a body on a server of Node, checked %s,", (_when, middleware) => {
  it.each<[string, Handler]>([
    ["text", async ({ req, text }) => text(await req.text())],
    ["an array buffer", async ({ req, text }) => text(new TextDecoder().decode(await req.arrayBuffer()))],
    ["a blob", async ({ req, text }) => text(await (await req.blob()).text())],
    [
      "a form",
      async ({ req, text }) => text(new URLSearchParams((await req.parseBody()) as Record<string, string>).toString()),
    ],
    ["a stream", async ({ req, text }) => text(await new Response(req.raw.body).text())],
    ["a copy of the request", async ({ req, text }) => text(await new Request(req.raw).text())],
    ["a clone of the request", async ({ req, text }) => text(await req.raw.clone().text())],
  ])("arrives as %s", async (_way, handler) => {
    const origin = await started(handler, middleware)
    expect(await call(origin)).toEqual({ status: 200, text: BODY })
  })

  it("is refused if it is another one, and the connection stays usable", async () => {
    const origin = await started(({ text }) => text("served"), middleware)
    for (const instead of [BODY.replace("1", "2"), `${BODY}0`]) {
      expect((await call(origin, { instead })).status).toBe(401)
      expect((await call(origin, { body: `right, after ${instead}` })).status).toBe(200)
    }
  })
})

const replacing: MiddlewareHandler = async ({ req }, next) => {
  req.raw = new Request(req.raw)
  await next()
}

/** Code that reads a body of Node, or listens to it, before the auth. */
const READERS: Readonly<Record<string, (incoming: IncomingMessage) => unknown>> = {
  listens: (incoming) => incoming.on("data", () => undefined),
  "reads the whole": async (incoming) => await buffer(incoming),
  "reads a part": async (incoming) => {
    await once(incoming, "readable")
    incoming.read(6)
  },
  "listens and waits": async (incoming) => {
    incoming.on("data", () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 40))
  },
  "lets it flow and waits": async (incoming) => {
    incoming.resume()
    await new Promise((resolve) => setTimeout(resolve, 40))
  },
}

describe.each(
  Object.entries(READERS).flatMap(([name, read]) => [
    { name, read, after: [] },
    { name: `${name} before another middleware asks for it`, read, after: [bodyLimit({ maxSize: 100_000 })] },
    { name: `${name} before another middleware replaces the request`, read, after: [replacing] },
  ]),
)("a body of which something that $name had a part", ({ name, read, after }) => {
  const signedHash = { "x-sdk-content-sha256": createHash("sha256").update("").digest("hex") }

  it.each<[string, Parameters<typeof auth>[1], Record<string, string>]>([
    ["by default", {}, {}],
    ["with the raw body", { rawBody: true }, {}],
    ["as it streams", { streamBody: true }, {}],
    ["by a signed hash", {}, signedHash],
  ])("is not judged by the rest, %s", async (_how, options, more) => {
    const seen: string[] = []
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.onError((error, { text }) => text(error.message, 500))
    app.use(async ({ env }, next) => {
      await read(env.incoming)
      await next()
    })
    const isAtOnce = name.startsWith("listens") && !name.includes("waits")
    const checking = isAtOnce ? createVerifier({ keys: () => serviceKey }) : later
    app.use(...after, auth(checking, options)).post("/v1/servers", async ({ req, text }) => {
      seen.push(await req.text())
      return text("served")
    })
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
    servers.push(server)
    await once(server, "listening")
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const body of ["forged", "x".repeat(70_000)]) {
      const known = { "content-length": String(body.length) }
      // Of a length that nobody knows, nobody can tell that a part is missing.
      const isUntold = after.length > 0 && name.startsWith("reads a part")
      for (const size of isUntold ? [known] : [known, { "transfer-encoding": "chunked" }]) {
        const signed = serviceHeaders(origin, { method: "POST", path: "/v1/servers", body: "", headers: more })
        const sent = send(`${origin}/v1/servers`, { method: "POST", headers: { ...signed, ...size } })
        const [answer] = await once(sent.end(body), "response")
        const text = String(await buffer(answer))
        // Where the other middleware has the whole, it is another body than the signed one.
        if (answer.statusCode !== 401 || after.length === 0)
          expect([answer.statusCode, text]).toEqual([500, expect.stringContaining("read before")])
      }
    }
    expect(seen).toEqual([])
  })
})

describe("an empty body of unknown length", () => {
  it.each<[string, MiddlewareHandler]>([
    [
      "a copy was read",
      async ({ req }, next) => {
        await req.raw.clone().text()
        await next()
      },
    ],
    [
      "something asked for it",
      async ({ req }, next) => {
        void req.raw.body
        await slow({} as Context, next)
      },
    ],
    [
      "something waited for it",
      async ({ env }, next) => {
        await once((env as HttpBindings).incoming, "readable")
        await next()
      },
    ],
  ])("is served though %s", async (_what, before) => {
    for (const checking of [
      auth(verifier),
      auth(later),
      auth(later, { rawBody: true }),
      auth(later, { streamBody: true }),
    ]) {
      const origin = await started(async ({ req, text }) => text(`served ${await req.text()}`), [before, checking])
      const signed = serviceHeaders(origin, { method: "POST", path: "/v1/servers", body: "" })
      const headers = { ...signed, "transfer-encoding": "chunked" }
      const [answer] = await once(send(`${origin}/v1/servers`, { method: "POST", headers }).end(), "response")
      expect([answer.statusCode, String(await buffer(answer))]).toEqual([200, "served "])
    }
  })
})

describe("a server of Node", () => {
  it("checks the body of a GET, which a Request does not show", async () => {
    const origin = await started(({ text }) => text("served"), [auth(verifier)])
    expect(await call(origin, { method: "GET" })).toEqual({ status: 200, text: "served" })
    expect((await call(origin, { method: "GET", instead: BODY.replace("1", "2") })).status).toBe(401)
  })

  it("keeps the request that came", async () => {
    const seen: unknown[] = []
    const note: MiddlewareHandler = async ({ req }, next) => {
      seen.push(req.raw)
      await next()
    }
    const origin = await started(({ text }) => text("served"), [note, auth(verifier), note])
    await call(origin)
    expect(seen[0]).toBe(seen[1])
  })

  it("does not judge the rest of a body for the whole where a middleware listens, and another replaces the request", async () => {
    const listening: MiddlewareHandler = async ({ env }, next) => {
      ;(env as HttpBindings).incoming.on("data", () => undefined)
      await next()
    }
    const app = new Hono().use(listening, replacing, auth(later)).post("/v1/servers", ({ text }) => text("served"))
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
    servers.push(server)
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const request = { method: "POST", path: "/v1/servers", body: "hello", headers: { connection: "close" } }
    const signed = Object.entries(serviceHeaders(`http://127.0.0.1:${port}`, request))
    const lines = [["host", `127.0.0.1:${port}`], ["content-length", "11"], ...signed].map(([n, v]) => `${n}: ${v}\r\n`)
    const socket = connect(port, "127.0.0.1")
    socket.write(`POST /v1/servers HTTP/1.1\r\n${lines.join("")}\r\nforged`)
    await new Promise((resolve) => setTimeout(resolve, 80))
    socket.write("hello")
    expect((await buffer(socket)).toString("latin1").slice(9, 12)).toMatch(/401|500/)
  })

  it("checks a request by which a middleware replaces the one that came", async () => {
    const replacing: MiddlewareHandler = async ({ req }, next) => {
      req.raw = new Request(req.raw, { method: "PUT" })
      await next()
    }
    const origin = await started(({ text }) => text("served"), [replacing, auth(verifier)])
    expect((await call(origin)).status).toBe(401)
  })

  it.each([
    ["repeats a signed header, which a Request joins", "/files", "/files", "from: mallory\r\n"],
    ["has dots in its path, which a Request resolves", "/files/x%2F..%2F..%2Fadmin", "/files/x/../../admin", ""],
    ["has a number sign, which ends a URL", "/files/a%23b", "/files/a#b", ""],
  ])("refuses a request that %s", async (_what, signed, target, more) => {
    const app = new Hono().use(auth(verifier)).all("*", ({ text }) => text("served"))
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
    servers.push(server)
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const own = { from: "alice", connection: "close" }
    const request = { method: "GET", path: signed, body: "", headers: own, sign: { signedHeaders: ["host", "from"] } }
    const headers = serviceHeaders(`http://127.0.0.1:${port}`, request)
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const answers: string[] = []
    for (const head of [`GET ${signed} HTTP/1.1\r\n`, `GET ${target} HTTP/1.1\r\n${more}`]) {
      const socket = connect(port, "127.0.0.1")
      socket.end(`${head}${lines.join("")}\r\n`)
      answers.push((await buffer(socket)).toString("latin1").slice(9, 12))
    }
    expect(answers).toEqual(["200", expect.stringMatching(/^40[01]$/)])
  })

  it("answers a refusal without the headers that were meant for an answer", async () => {
    const heading: MiddlewareHandler = async (context, next) => {
      context.header("set-cookie", "session=alice")
      context.header("cache-control", "public")
      context.header("x-request-id", "1")
      await next()
    }
    const origin = await started(({ text }) => text("served"), [heading, auth(verifier)])
    const { status, headers } = await fetch(`${origin}/v1/servers`)
    const shown = ["set-cookie", "cache-control", "x-request-id"].map((name) => headers.get(name))
    expect([status, ...shown]).toEqual([401, null, null, "1"])
  })

  it("settles the request of a caller who hung up while its key was looked up", async () => {
    const slowKey = createVerifier({
      keys: () => new Promise<typeof serviceKey>((resolve) => setTimeout(() => resolve(serviceKey), 60)),
    })
    let isOver = false
    const noting: MiddlewareHandler = async (_context, next) => {
      try {
        await next()
      } finally {
        isOver = true
      }
    }
    const origin = await started(({ text }) => text("served"), [noting, auth(slowKey)])
    const signed = serviceHeaders(origin, { method: "POST", path: "/v1/servers", body: BODY })
    const headers = { ...signed, "content-length": "100" }
    const sent = send(`${origin}/v1/servers`, { method: "POST", headers })
    sent.on("error", () => undefined).write(BODY)
    setTimeout(() => sent.destroy(), 20)
    await vi.waitFor(() => expect(isOver).toBe(true))
  })

  it("fails the request of a caller who hangs up before the end of a body", async () => {
    let tell: (failure: unknown) => void = () => undefined
    const failed = new Promise((resolve) => {
      tell = resolve
    })
    const catching: MiddlewareHandler = async (context, next) => {
      await next()
      tell(context.error)
    }
    const origin = await started(({ text }) => text("served"), [catching, auth(verifier)])
    const headers = { "content-length": "100" }
    const signed = serviceHeaders(origin, { method: "POST", path: "/v1/servers", body: BODY, headers })
    const sent = send(`${origin}/v1/servers`, { method: "POST", headers: signed })
    sent.on("error", () => undefined).write(BODY)
    setTimeout(() => sent.destroy(), 20)
    expect(await failed).toMatchObject({ message: expect.stringContaining("closed before the body") })
  })
})
