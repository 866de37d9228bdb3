import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import type { AddressInfo } from "node:net"
import { PassThrough, Readable } from "node:stream"
import { buffer, text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import {
  describeService,
  type RunningService,
  type Seen,
  type ServiceOwner,
  type ServiceSetting,
  serviceHeaders,
  serviceKey,
} from "@countersign/testkit"
import { getRequestListener } from "@hono/node-server"
import { describe, expect, expectTypeOf, it, vi } from "vitest"
import {
  createAuthHandler,
  createVerifier,
  type HandlerOptions,
  type Identity,
  RequestRefused,
  type Verifier,
  type VerifierEvent,
} from "../src/index.ts"

/** Each route of the contract, in the forms of fetch. The platform parses forms. */
const PARSERS: Readonly<Record<string, (request: Response, raw?: Uint8Array) => Promise<object>>> = {
  "/who": async () => ({}),
  "/json": async (request) => ({ body: await request.json() }),
  "/form": async (request) => ({ body: Object.fromEntries(await request.formData()) }),
  async "/multipart"(request) {
    const { name, file } = Object.fromEntries(await request.formData())
    return { body: { name, file: Buffer.from(await (file as File).arrayBuffer()).toString("base64") } }
  },
  "/bytes": async (request) => ({ base64: Buffer.from(await request.arrayBuffer()).toString("base64") }),
  "/raw": async (request, raw) => ({ body: await request.json(), raw: new TextDecoder().decode(raw) }),
  async "/optional"(request) {
    const given = await request.text()
    return given === "" ? {} : { body: JSON.parse(given) }
  },
  "/small": async (request) => ({ bytes: (await request.text()).length }),
  "/unsigned": async () => ({}),
  "/once": async () => ({}),
}

const STREAMED = ["/stream", "/early", "/swallow"]
const OWN: Readonly<Record<string, HandlerOptions>> = {
  "/raw": { rawBody: true },
  "/optional": { optional: true },
  "/small": { maxBodyBytes: 10 },
  "/unsigned": { allowUnsignedPayload: true },
  "/once": { replay: true },
  "/stream": { maxBodyBytes: Number.POSITIVE_INFINITY },
  "/early": { maxBodyBytes: Number.POSITIVE_INFINITY, streamBody: true },
  "/swallow": { maxBodyBytes: Number.POSITIVE_INFINITY },
  "*": { allowUnsignedPayload: true, allowUnsignedHost: true },
}
/** With the options of every request. */
const USUAL = ["/who", "/json", "/form", "/multipart", "/bytes", "/failing"]

interface Given {
  auth: Identity<ServiceOwner> | undefined
  rawBody: Uint8Array | undefined
}

type Answer = { status: number; json: object }

/** A handler's work, apart from its form. */
async function handled(
  path: string,
  given: Given,
  seen: Seen[],
  chunks: AsyncIterable<Uint8Array>,
  whole: () => Response,
): Promise<Answer> {
  const one: Seen = { route: path.slice(1), tenant: given.auth?.owner.tenant }
  seen.push(one)
  if (path === "/failing") throw Object.assign(new Error("of the handler"), { status: 418 })
  if (!STREAMED.includes(path)) {
    const more = await PARSERS[path]?.(whole(), given.rawBody)
    return { status: 200, json: { tenant: given.auth?.owner.tenant ?? null, ...more } }
  }
  one.bytes = 0
  try {
    for await (const chunk of chunks) one.bytes += chunk.length
    one.later = given.auth?.owner.tenant
    return { status: 200, json: { tenant: given.auth?.owner.tenant, bytes: one.bytes } }
  } catch (failure) {
    one.failure = failure
    if (path !== "/swallow") throw failure
    return { status: 200, json: {} }
  }
}

function handlersOf<Handler>(
  { verifier: options, proxy }: ServiceSetting,
  wrap: (one: AuthHandlers) => Handler,
): (path: string) => Handler {
  const verifier = createVerifier(options)
  const handlers = Object.fromEntries(
    Object.entries(OWN).map(([path, own]) => [path, wrap(createAuthHandler(verifier, own))]),
  )
  const usual = wrap(createAuthHandler(verifier, { proxy }))
  const once = verifier.with({ replay: true })
  const [first, second] = [createAuthHandler(once), createAuthHandler(once, { maxBodyBytes: 1_000 })]
  const twice = {
    node: (handler: never) => first.node(second.node(handler) as never),
    fetch: (handler: never) => first.fetch(second.fetch(handler) as never),
  }
  handlers["/twice"] = wrap(twice as never)
  return (path) => (USUAL.includes(path) ? usual : (handlers[path] ?? handlers["*"] ?? usual))
}

type AuthHandlers = ReturnType<typeof createAuthHandler<ServiceOwner, HandlerOptions, boolean>>

const pathOf = (url = ""): string => url.replace(/\?.*/, "")

function nodeListener(setting: ServiceSetting): RequestListener {
  const handlerAt = handlersOf(setting, (auth) =>
    auth.node(async (request, response) => {
      const headers = request.headers as Record<string, string>
      const body = request.method === "GET" || request.method === "HEAD" ? null : Readable.toWeb(request)
      const whole = (): Response => new Response(body as ReadableStream, { headers })
      try {
        const { json } = await handled(pathOf(request.url), request, setting.seen, request, whole)
        response.setHeader("content-type", "application/json").end(JSON.stringify(json))
      } catch (error) {
        // The answer has been sent: nobody has to catch it.
        if (error instanceof RequestRefused) throw error
        response.writeHead((error as { status?: number }).status ?? 500).end()
      }
    }),
  )
  return withCors((request, response) => handlerAt(pathOf(request.url))(request, response))
}

function fetchListener(setting: ServiceSetting): RequestListener {
  const handlerAt = handlersOf(setting, (auth) =>
    auth.fetch(async (request, { further }: { further: string }) => {
      expect(further).toBe("a further argument")
      const path = pathOf(new URL(request.url).pathname)
      const whole = (): Response => request as unknown as Response
      const chunks = request.body ?? []
      const { json } = await handled(path, request, setting.seen, chunks as AsyncIterable<Uint8Array>, whole)
      return Response.json(json)
    }),
  )
  const fetch = async (request: Request, bindings: object): Promise<Response> => {
    try {
      return await handlerAt(new URL(request.url).pathname)(request, { ...bindings, further: "a further argument" })
    } catch (error) {
      return new Response(null, { status: (error as { status?: number }).status ?? 500 })
    }
  }
  return withCors(getRequestListener(fetch))
}

function withCors(listener: RequestListener): RequestListener {
  return (request, response) => {
    response.setHeader("access-control-allow-origin", "https://app.example.com")
    if (request.method === "OPTIONS") response.writeHead(204).end()
    else listener(request, response)
  }
}

async function listening(listener: RequestListener): Promise<RunningService> {
  const servers = [createServer(listener), createServer(listener)]
  await Promise.all(servers.map((server) => once(server.listen(0, "127.0.0.1"), "listening")))
  const [first, second] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    origins: [first ?? "", second ?? ""],
    async close() {
      for (const server of servers) server.close().closeAllConnections()
    },
  }
}

describeService("node:http", { start: (setting) => listening(nodeListener(setting)) })
describeService("fetch handlers", {
  unseen: ["path-dot-segments"],
  start: (setting) => listening(fetchListener(setting)),
})

const verifier = createVerifier({
  keys: (accessKeyId) =>
    accessKeyId === serviceKey.accessKeyId ? { ...serviceKey, owner: { tenant: "alice" } } : null,
})

describe("createAuthHandler", () => {
  it("refuses options that it cannot keep", () => {
    const wrong: [HandlerOptions, RegExp][] = [
      [{ streamBody: true, rawBody: true }, /choose one/],
      [{ rawBody: 1 as never }, /true or false/],
      [{ maxBodyBytes: -1 }, /maxBodyBytes/],
      [{ proxy: { host: "https://a.example.com" } }, /`proxy.host` must be a host/],
      [{ proxy: { host: "a.example.com", hostHeader: "x-forwarded-host" } }, /not both/],
      [{ proxy: { removedPrefix: "shop/" } }, /start of a path/],
      [{ proxy: { hostHeader: "x forwarded" } }, /header name/],
      [{ proxy: "a.example.com" as never }, /`proxy` must be an object/],
      [{ proxy: { hosts: "a.example.com" } as never }, /`proxy` have no `hosts`/],
      [{ optinal: true } as never, /no `optinal`\. They may have streamBody,/],
      [null as never, /must be an object/],
    ]
    for (const [options, message] of wrong) expect(() => createAuthHandler(verifier, options)).toThrow(message)
    expect(() => createAuthHandler({} as never)).toThrow("`verifier` must be one of createVerifier")
  })

  it("types the caller by the options", () => {
    createAuthHandler(verifier).node(({ auth, rawBody }) => {
      expectTypeOf(auth).toEqualTypeOf<Identity<{ tenant: string }>>()
      expectTypeOf(rawBody).toEqualTypeOf<undefined>()
    })
    createAuthHandler(verifier, { optional: true }).fetch(({ auth }) => {
      expectTypeOf(auth).toEqualTypeOf<Identity<{ tenant: string }> | undefined>()
      return new Response()
    })
    const keys = (): { secretAccessKey: string; owner: ServiceOwner } => ({
      secretAccessKey: "x",
      owner: { tenant: "a" },
    })
    const lenient = createVerifier({ keys, optional: true })
    for (const one of [lenient, lenient.with({}), createVerifier({ keys }).with({ optional: true })]) {
      createAuthHandler(one).fetch(({ auth }) => {
        expectTypeOf(auth).toEqualTypeOf<Identity<ServiceOwner> | undefined>()
        return new Response()
      })
    }
    // @ts-expect-error -- a verifier that lets in callers without authentication is no Verifier of the usual type
    expectTypeOf<Verifier<ServiceOwner>>(lenient)
    for (const one of [createVerifier({ keys, optional: false }), lenient.with({ optional: false })])
      createAuthHandler(one).node(({ auth }) => expectTypeOf(auth).toEqualTypeOf<Identity<ServiceOwner>>())
    createAuthHandler(verifier, { rawBody: true }).node(({ rawBody }) => expectTypeOf(rawBody).toEqualTypeOf<Buffer>())
  })

  it("is no replay to itself when two of them stream one body", async () => {
    const guarded = verifier.with({ replay: true })
    const [first, second] = [
      createAuthHandler(guarded, { streamBody: true }),
      createAuthHandler(guarded, { streamBody: true }),
    ]
    const call = { method: "POST", path: "/", body: "x" }
    const headers = serviceHeaders("https://a.example.com", call)
    const handler = first.fetch(second.fetch(async (request) => new Response(await request.text())))
    const sent = (): Request => new Request("https://a.example.com/", { method: "POST", headers, body: "x" })
    const answer = await handler(sent())
    expect([answer.status, await answer.text()]).toEqual([200, "x"])
    expect((await handler(sent())).status).toBe(401)
  })

  it("is no replay to itself when two of them check one request at the same time, but copies are", async () => {
    const seen = new Set<string>()
    const remember = async (id: string): Promise<boolean> => !seen.has(id) && seen.add(id).has(id)
    const handler = createAuthHandler(verifier.with({ replay: { remember } })).fetch(() => new Response())
    const headers = serviceHeaders("https://a.example.com", { method: "GET", path: "/" })
    const request = new Request("https://a.example.com/", { headers })
    const copies = [request.clone(), new Request(request)]
    const answers = await Promise.all([request, request, ...copies].map((one) => handler(one)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401])
  })

  it("asks a replay store again after it failed", async () => {
    const answers = [async () => Promise.reject(new Error("down")), async () => true]
    const remember = (): Promise<boolean> => answers.shift()?.() ?? Promise.resolve(false)
    const handler = createAuthHandler(verifier.with({ replay: { remember } })).fetch(() => new Response())
    const headers = serviceHeaders("https://a.example.com", { method: "GET", path: "/" })
    const request = new Request("https://a.example.com/", { headers })
    expect([(await handler(request)).status, (await handler(request)).status]).toEqual([503, 200])
  })

  it.each<[string, RequestListener, string]>([
    [
      "closes the connection of an answer that was begun and whose body is wrong",
      (request, response) => {
        request.on("error", () => undefined)
        response.write("begun")
        request.pipe(response)
      },
      "terminated",
    ],
    [
      "lets a handler end the answer that it began, though the body is wrong",
      async (request, response) => {
        response.write("begun")
        await buffer(request).catch(() => response.end(", and ended"))
      },
      "begun, and ended",
    ],
  ])("%s", async (_name, handle, seen) => {
    const handler = createAuthHandler(verifier, { streamBody: true }).node((request, response) =>
      handle(request, response as never),
    )
    const { origins, close } = await listening(handler)
    const call = {
      method: "POST",
      path: "/",
      body: "right",
      headers: { "x-sdk-content-sha256": createHash("sha256").update("right").digest("hex") },
    }
    const sent = fetch(`${origins[0]}/`, { method: "POST", body: "wrong", headers: serviceHeaders(origins[0], call) })
    const answer = await sent.then((response) => response.text()).catch((error: Error) => error.message)
    expect(answer).toBe(seen)
    await close()
  })

  it("tells events with the origin that the Host header names", async () => {
    const origins: string[] = []
    const onEvent = (event: VerifierEvent): void => void ("origin" in event && origins.push(event.origin))
    const handler = createAuthHandler(createVerifier({ keys: () => serviceKey, onEvent })).node((_, response) => {
      response.end()
    })
    const running = await listening(handler)
    const [origin] = running.origins
    await fetch(`${origin}/a`, { headers: serviceHeaders(origin, { method: "GET", path: "/a" }) })
    await fetch(`${origin}/a`)
    expect(origins).toEqual([origin, origin])
    await running.close()
  })

  it.each([
    ["is wrong", "Access=AK", () => serviceKey],
    ["has a key whose source is slow", "Access=AK", () => new Promise<never>(() => undefined)],
  ])("leaves an answer alone that the program gave before a signature that %s", async (_name, access, keys) => {
    const slow = createVerifier({ keys, keyCache: { timeoutMs: 60 } })
    const handler = createAuthHandler(slow).node((_, response) => void response.end("handled"))
    const uncaught: unknown[] = []
    const note = (error: unknown): unknown => uncaught.push(error)
    process.on("uncaughtException", note).on("unhandledRejection", note)
    const { origins, close } = await listening((request, response) => {
      handler(request, response)
      response.writeHead(503).end("too late")
    })
    const headers = {
      "x-sdk-date": new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ""),
      authorization: `SDK-HMAC-SHA256 ${access}, SignedHeaders=host;x-sdk-date, Signature=${"0".repeat(64)}`,
      "content-length": "4",
    }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = request(origins[0], { method: "POST", headers }, resolve).on("error", reject)
      sending.write("ab")
      setTimeout(() => sending.end("cd"), 100)
    })
    expect([answer.statusCode, String(await buffer(answer))]).toEqual([503, "too late"])
    await sleep(100)
    expect(uncaught).toEqual([])
    process.off("uncaughtException", note).off("unhandledRejection", note)
    await close()
  })

  it("tells who reads a body before it", async () => {
    const warned: [string, unknown][] = []
    const warn = vi.spyOn(process, "emitWarning").mockImplementation((text, more) => {
      warned.push([String(text), more])
    })
    const handler = createAuthHandler(verifier).node(() => undefined)
    const { origins, close } = await listening(async (request, response) => {
      await buffer(request)
      handler(request, response)
    })
    const call = { method: "POST", path: "/", body: "x" }
    const answer = await fetch(`${origins[0]}/`, { ...call, headers: serviceHeaders(origins[0], call) })
    expect(answer.status).toBe(500)
    const text =
      "The body was read before its signature was checked: put the auth before whatever reads bodies or sets their encoding."
    expect(warned).toEqual([[text, { code: "COUNTERSIGN_NOT_CHECKED" }]])
    warn.mockRestore()
    const used = new Request("https://a.example.com/", { method: "POST", body: "x" })
    const sent = new Request(used, { headers: serviceHeaders("https://a.example.com", call) })
    await sent.text()
    const fetchHandler = createAuthHandler(verifier).fetch(() => new Response())
    await expect(fetchHandler(sent)).rejects.toThrow(text)
    await close()
  })

  it("types the caller by each member of a union of options", () => {
    const route = { optional: true } as { optional: true } | { maxBodyBytes: number }
    expectTypeOf(verifier.with(route).optional).toEqualTypeOf<boolean>()
    createAuthHandler(verifier, route).node(({ auth }) => {
      expectTypeOf(auth).toEqualTypeOf<Identity<{ tenant: string }> | undefined>()
    })
  })

  it("is quick with as many headers that are not ASCII as a server takes", async () => {
    const handler = createAuthHandler(verifier).node(() => undefined)
    const { origins, close } = await listening(handler)
    const names = Array.from({ length: 900 }, (_, index) => `h${index}`)
    const headers = { authorization: "x", ...Object.fromEntries(names.map((name) => [name, "Ã©"])) }
    const took: number[] = []
    for (let time = 0; time < 3; time++) {
      const begun = process.cpuUsage()
      await new Promise((resolve, reject) => {
        request(origins[0], { headers }, resolve).on("error", reject).end()
      })
      took.push(process.cpuUsage(begun).user / 1_000)
    }
    await close()
    // Copied once for each header, they took half a second.
    expect(Math.min(...took)).toBeLessThan(150)
  })

  it("keeps the class and the members of a request", async () => {
    class FrameworkRequest extends Request {
      readonly place = "here"
    }
    const handler = createAuthHandler(verifier).fetch<FrameworkRequest>(async (request) => {
      expect(request).toBeInstanceOf(FrameworkRequest)
      return Response.json({ place: request.place, body: await request.json() })
    })
    const call = { method: "POST", path: "/a", body: "{}" }
    const origin = "https://a.example.com"
    const answer = await handler(
      new FrameworkRequest(`${origin}/a`, { ...call, headers: serviceHeaders(origin, call) }),
    )
    expect(await answer.json()).toEqual({ place: "here", body: {} })
  })

  it("leaves the parts of a URL to the path that the handler sees", async () => {
    const handler = createAuthHandler(verifier, { allowUnsignedHost: true }).node((_request, response) =>
      response.end(),
    )
    const { origins, close } = await listening((request, response) => handler(request, response))
    const call = { path: "/x/secret", sign: { signedHeaders: ["x-sdk-date"] } }
    const headers = serviceHeaders(origins[0], call)
    const status = async (path: string, host: string): Promise<number> => {
      const [response] = await once(request(origins[0] + path, { headers: { ...headers, host } }).end(), "response")
      response.resume()
      return response.statusCode
    }
    expect(await status("/x/secret", "a.example.com")).toBe(200)
    expect(await status("/secret", "a.example.com/x")).toBe(401)
    await close()
  })

  it("checks requests of HTTP/2, with the host of their own field", async () => {
    const handler = createAuthHandler(verifier).node(async (request, response) => {
      response.end(`${request.auth.owner.tenant} ${await text(request)}`)
    })
    const server = createHttp2Server((request, response) =>
      handler(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    )
    await once(server.listen(0, "127.0.0.1"), "listening")
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = connect(origin)
    const send = async (body: string | undefined, forged = body): Promise<[number, string]> => {
      const call = { method: body === undefined ? "GET" : "POST", path: "/a", body }
      const headers = { ...serviceHeaders(origin, call), ":path": "/a", ":method": call.method }
      const stream = client.request(headers)
      stream.end(forged)
      const [response] = await once(stream, "response")
      return [response[":status"], await text(stream)]
    }
    expect(await send(undefined)).toEqual([200, "alice "])
    expect(await send("body")).toEqual([200, "alice body"])
    expect((await send("body", "forged"))[0]).toBe(401)
    client.close()
    server.close()
  })

  it("does not judge a body of HTTP/2 in part, of which a listener beneath the request took some", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined)
    const slow = createVerifier({
      keys: async () => {
        await sleep(40)
        return serviceKey
      },
      keyCache: { ttlMs: 0 },
    })
    const second = createAuthHandler(slow, { maxBodyBytes: 100 }).node(async (request, response) => {
      response.end(`served ${await text(request)}`)
    })
    const first = createAuthHandler(slow).node((request, response) => second(request, response))
    let isHeard = true
    let isPeeking = false
    const server = createHttp2Server(async (request, response) => {
      if (isHeard) request.stream.on("data", () => undefined)
      if (isPeeking) request.read(0)
      if (isPeeking) await sleep(20)
      first(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = connect(origin)
    const send = async (...parts: string[]): Promise<[number, string]> => {
      const headers = serviceHeaders(origin, { method: "POST", path: "/a", body: "hello" })
      const stream = client.request({ ...headers, ":path": "/a", ":method": "POST" })
      const answer = once(stream, "response")
      for (const part of parts) {
        stream.write(part)
        await sleep(80)
      }
      stream.end()
      const [response] = await answer
      return [response[":status"], await text(stream)]
    }
    expect((await send("forged", "hello"))[0]).toBe(500)
    expect((await send("hello"))[0]).toBe(500)
    isHeard = false
    expect(await send("hel", "lo")).toEqual([200, "served hello"])
    isPeeking = true
    expect(await send("hel", "lo")).toEqual([200, "served hello"])
    client.close()
    server.close()
    warn.mockRestore()
  })

  it("takes a body from whatever else is a stream", async () => {
    const handler = createAuthHandler(verifier).node(async (request, response) => {
      response.end(await text(request))
    })
    const call = { method: "POST", path: "/a", body: "from elsewhere" }
    const headers = { host: "a.example.com", "content-length": "14", ...serviceHeaders("https://a.example.com", call) }
    const request = Object.assign(Readable.from([Buffer.from("from "), Buffer.from("elsewhere")]), {
      method: "POST",
      url: "/a",
      headers,
    })
    const response = new PassThrough()
    handler(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    expect(await text(response)).toBe("from elsewhere")
  })
})
