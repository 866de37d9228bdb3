import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { PassThrough, Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { sign } from "@countersign/auth-core"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import {
  type AccessKey,
  createAuthHandler,
  createVerifier,
  memoryLockOut,
  memoryReplayStore,
  type VerifierOptions,
} from "../src/index.ts"
import { credentials, date, now, signed } from "./signed-request.ts"

const keys = (accessKeyId: string): AccessKey<string> | undefined =>
  accessKeyId === credentials.accessKeyId ? { ...credentials, owner: "alice" } : undefined
const options: VerifierOptions<string> = { keys, now }

async function listening(listener: RequestListener): Promise<{ port: number; host: string }> {
  const server = createServer(listener)
  await once(server.listen(0, "127.0.0.1"), "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, host: `127.0.0.1:${port}` }
}

/** The head of a signed request, as it goes on the wire. */
function headOf(host: string, method: string, path: string, body: string, more: Record<string, string> = {}): string {
  const request = { method, url: `http://${host}${path}`, headers: more, body }
  const headers = {
    host,
    "content-length": String(body.length),
    connection: "close",
    ...more,
    ...sign(request, credentials, { date }),
  }
  return `${method} ${path} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`
}

async function answerTo(port: number, ...parts: readonly (string | number | Buffer)[]): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  const answer = text(socket)
  for (const part of parts) {
    if (typeof part === "number") await sleep(part)
    else socket.write(part)
  }
  return await answer
}

describe("a request that was changed on its way", () => {
  const handler = createAuthHandler(createVerifier(options)).fetch(({ auth }) => Response.json(auth?.owner))
  const { method, url, headers, body } = signed()

  it("is refused with a fragment, which no signature covers", async () => {
    const init = { method, headers, body } as RequestInit
    expect((await handler(new Request(url, init))).status).toBe(200)
    expect((await handler(new Request(`${url}#&admin=true`, init))).status).toBe(400)
  })

  it("is refused with a number sign in place of a signed %23, where handlers would stop reading", async () => {
    const listener = createAuthHandler(createVerifier(options)).node(
      (_request, response) => void response.end("served"),
    )
    const { port, host } = await listening(listener)
    const head = headOf(host, "GET", "/files?name=a%23&dry=1", "")
    expect(await answerTo(port, head)).toContain("served")
    expect(await answerTo(port, head.replace("%23", "#"))).toMatch(/^HTTP\/1.1 400 .*REQUEST_AMBIGUOUS/s)
  })

  it("is refused as an absolute target of another scheme", async () => {
    const listener = createAuthHandler(createVerifier(options)).node(
      (_request, response) => void response.end("served"),
    )
    const { port, host } = await listening(listener)
    const head = headOf(host, "GET", `/ftp://${host}/admin`, "")
    expect(await answerTo(port, head)).toContain("served")
    expect(await answerTo(port, head.replace("GET /ftp:", "GET ftp:"))).toMatch(/^HTTP\/1.1 401/)
  })
})

describe("a replay", () => {
  it("is refused though the access key is spelled in another case that `keys` accepts", () => {
    const verifier = createVerifier({ keys: (id) => keys(id.toUpperCase()), now, replay: true })
    const request = signed()
    const { authorization = "" } = request.headers
    const respelled = {
      ...request,
      headers: { ...request.headers, authorization: authorization.replace("AKEX", "akex") },
    }
    expect(verifier.verify(request)).toHaveProperty("ok", true)
    expect(verifier.verify(respelled)).toHaveProperty("code", "SIGNATURE_REPLAYED")
  })

  it("is refused after the store has forgotten, however long the body or the key took", async () => {
    let time = date.getTime()
    const slow = vi.fn(async (id: string) => keys(id))
    const verifier = createVerifier({ keys: slow, now: () => time, replay: true, keyCache: { ttlMs: 0 } })
    expect(await verifier.verify(signed())).toHaveProperty("ok", true)
    time += 15 * 60_000 - 900
    slow.mockImplementation(async (id) => {
      time += 3_000
      return keys(id)
    })
    expect(await verifier.verify(signed())).toHaveProperty("code", "SIGNATURE_EXPIRED")
  })

  it("is no replay: a second check of a request whose store failed after it did its work", async () => {
    const store = memoryReplayStore({ now })
    const failing = async (id: string, ttlMs: number): Promise<boolean> => {
      void store.remember(id, ttlMs)
      return await Promise.reject(new Error("late"))
    }
    const remember = vi
      .fn(async (id: string, ttlMs: number) => store.remember(id, ttlMs))
      .mockImplementationOnce(failing)
    const verifier = createVerifier({ ...options, replay: { store: { remember }, acceptIfStoreFails: true } })
    const [first, second] = [createAuthHandler(verifier), createAuthHandler(verifier, { maxBodyBytes: 10 })]
    const { method, url, headers, body } = signed()
    const handler = first.fetch(second.fetch(() => new Response("served")))
    expect((await handler(new Request(url, { method, headers, body } as RequestInit))).status).toBe(200)
  })
})

/** Code that may run before a check, and then waits. */
const EARLIER: Readonly<Record<string, (request: IncomingMessage) => void>> = {
  listens: (request) => void request.on("data", () => undefined),
  "lets the body flow": (request) => void request.resume(),
  "listens and pauses": (request) => void request.on("data", () => undefined).pause(),
  "waits for the end": (request) => void request.on("readable", () => undefined),
}

describe.each(Object.entries(EARLIER))("a body, behind something that %s and then waits,", (_name, listen) => {
  it.each([true, false])("is not taken for its first part: listening at once %s", async (isEarly) => {
    const seen: string[] = []
    const checked = createAuthHandler(createVerifier(options)).node(async (request, response) => {
      seen.push(await text(request))
      response.end("served")
    })
    const { port, host } = await listening(async (request, response) => {
      if (isEarly) listen(request)
      await sleep(60)
      if (!isEarly) listen(request)
      checked(request, response)
    })
    const head = headOf(host, "POST", "/pay", "pay=1").replace("content-length: 5", "content-length: 16")
    expect(await answerTo(port, head, "pay=1", 10, "&to=mallory")).toMatch(/^HTTP\/1.1 (?:401|500)/)
    expect(seen).toEqual([])
  })

  it("is not taken for empty when it was read", async () => {
    const slow = createVerifier({ ...options, keys: async (id) => keys(id) })
    const checked = createAuthHandler(slow).node((_request, response) => void response.end("served"))
    const { port, host } = await listening((request, response) => {
      listen(request)
      checked(request, response)
    })
    const head = headOf(host, "POST", "/pay", "").replace("content-length: 0", "content-length: 6")
    expect(await answerTo(port, `${head}delete`)).toMatch(/^HTTP\/1.1 (?:401|500)/)
  })
})

describe("a body that something counts from before its check", () => {
  const body = "pay=1&to=bob"
  const framings = {
    "with its length": { frame: {}, sent: [body] },
    "in chunks": {
      frame: { "content-length": "", "transfer-encoding": "chunked" },
      sent: ["5\r\npay=1\r\n", 20, "7\r\n&to=bob\r\n0\r\n\r\n"],
    },
  }

  it.each(
    Object.entries(framings).flatMap(([name, framing]) =>
      [false, true].map((rawBody) => [name, rawBody, framing] as const),
    ),
  )("reaches its handler too: %s, rawBody %s", async (_name, rawBody, { frame, sent }) => {
    let counted = 0
    const checked = createAuthHandler(createVerifier(options), { rawBody }).node(async (request, response) => {
      response.end(`served ${await text(request)} ${counted} ${request.rawBody}`)
    })
    const { port, host } = await listening((request, response) => {
      request.on("data", (chunk: Buffer) => {
        counted += chunk.length
      })
      checked(request, response)
    })
    const head = headOf(host, "POST", "/pay", body, frame).replace("content-length: \r\n", "")
    const raw = rawBody ? body : undefined
    expect(await answerTo(port, head, 20, ...sent)).toContain(`served ${body} ${body.length} ${raw}`)
  })
})

describe("a body whose header was changed before its check", () => {
  const changes: Readonly<Record<string, (headers: IncomingMessage["headers"]) => void>> = {
    "lost its length": (headers) => delete headers["content-length"],
    "lost its coding": (headers) => delete headers["transfer-encoding"],
    "says zero": (headers) => Object.assign(headers, { "content-length": "0", "transfer-encoding": undefined }),
  }

  it.each(Object.entries(changes))("is not taken for empty: the header %s", async (_name, change) => {
    const checked = createAuthHandler(createVerifier(options)).node(async (request, response) => {
      response.end(`served ${await text(request)}`)
    })
    const { port, host } = await listening((request, response) => {
      change(request.headers)
      checked(request, response)
    })
    const send = (signed: string) => [
      answerTo(port, headOf(host, "POST", "/pay", signed).replace(/length: \d/, "length: 6"), 20, "delete"),
      answerTo(
        port,
        headOf(host, "POST", "/pay", signed).replace(/content-length: \d/, "transfer-encoding: chunked"),
        20,
        "6\r\ndelete\r\n0\r\n\r\n",
      ),
    ]
    for (const answer of await Promise.all(send(""))) expect(answer).toMatch(/^HTTP\/1.1 401/)
    for (const answer of await Promise.all(send("delete"))) expect(answer).toContain("served delete")
  })
})

describe("a body whose encoding was set before its check", () => {
  const encoded = async (
    encoding: BufferEncoding,
    ...parts: readonly (string | number | Buffer)[]
  ): Promise<string> => {
    const slowKeys = async (id: string) => {
      await sleep(40)
      return keys(id)
    }
    const slow = createVerifier({ ...options, keys: slowKeys })
    const checked = createAuthHandler(slow, { rawBody: true }).node(async (request, response) => {
      response.end(`served ${await text(request)}`)
    })
    const { port, host } = await listening((request, response) => checked(request.setEncoding(encoding), response))
    const body = Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of() : Buffer.from(part))))
    const head = headOf(host, "POST", "/pay", "hello-world")
    return await answerTo(port, head.replace("length: 11", `length: ${body.length}`), ...parts)
  }

  it.each<[string, BufferEncoding, (string | number | Buffer)[]]>([
    ["of text came", "utf8", ["hello", 80, "-world"]],
    ["of a character came", "utf8", [Buffer.of(0xe2, 0x82), 80, "hello-world"]],
    ["of other text came", "hex", ["hello", 80, "-world"]],
  ])("is not judged if a part %s", async (_what, encoding, parts) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    expect(await encoded(encoding, ...parts)).toMatch(/^HTTP\/1.1 500/)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("sets their encoding"), expect.anything())
  })

  it("is served as text if nothing came before", async () => {
    expect(await encoded("utf8", 300, "hello", 20, "-world")).toContain("served hello-world")
    expect(await encoded("hex", 300, "hello-world")).toContain(`served ${Buffer.from("hello-world").toString("hex")}`)
  })
})

describe("a body whose encoding was set between two checks, or before both,", () => {
  it.each(["utf8", "latin1", "hex"] as const)("is served as text: %s", async (encoding) => {
    const verifier = createVerifier(options)
    const first = createAuthHandler(verifier)
    const inner = createAuthHandler(verifier, { rawBody: true }).node(async (request, response) => {
      response.end(`served ${(await text(request)) === Buffer.from("grüße").toString(encoding)} ${request.rawBody}`)
    })
    const between = first.node((request, response) => inner(request.setEncoding(encoding), response))
    const both = first.node((request, response) => void setTimeout(() => inner(request, response), 20))
    const before: RequestListener = (request, response) => both(request.setEncoding(encoding), response)
    for (const listener of [between, before]) {
      const { port, host } = await listening(listener as RequestListener)
      const head = headOf(host, "POST", "/pay", "grüße").replace("length: 5", "length: 7")
      expect(await answerTo(port, head, 20, Buffer.from("grüße"))).toContain("served true grüße")
    }
  })
})

/** Requests that no server of Node made, as in tests by `inject` or on serverless platforms. */
describe("a body from a source that", () => {
  const long = "a".repeat(70_000)
  const sources: Readonly<Record<string, (chunks: (string | null)[]) => Readable>> = {
    "gives one chunk for each call": (chunks) =>
      new Readable({
        read() {
          this.push(chunks.shift() ?? null)
        },
      }),
    "gives one chunk for each call, later": (chunks) =>
      new Readable({
        read() {
          setTimeout(() => this.push(chunks.shift() ?? null), 2)
        },
      }),
    "has given some before": (chunks) => {
      const source = new Readable({
        read() {
          this.push(chunks.shift() ?? null)
        },
      })
      source.read(0)
      return source
    },
    "is a web stream": (chunks) => Readable.fromWeb(new Blob(chunks.filter((one) => one !== null)).stream() as never),
  }
  const ways = Object.entries(sources).flatMap(([name, source]) =>
    ["later", "at once"].flatMap((keysCome) =>
      [true, false].map((rawBody) => [name, keysCome, rawBody, source] as const),
    ),
  )

  it.each(ways)("%s is judged whole: keys come %s, rawBody %s", async (_name, keysCome, rawBody, source) => {
    const slow = createVerifier({
      ...options,
      keys: async (id) => {
        await sleep(10)
        return keys(id)
      },
    })
    const handler = createAuthHandler(keysCome === "later" ? slow : createVerifier(options), { rawBody }).node(
      async (request, response) => {
        const body = await text(request)
        response.end(
          `served ${body.length} ${body.endsWith("MALLORY")} ${!rawBody || String(request.rawBody) === body}`,
        )
      },
    )
    const send = async (signed: string, chunks: string[]): Promise<string> => {
      const request = Object.assign(source([...chunks, null]), {
        method: "POST",
        url: "/pay",
        rawHeaders: [],
        headers: {
          host: "a.example.com",
          ...sign({ method: "POST", url: "https://a.example.com/pay", body: signed }, credentials, { date }),
        },
      })
      const response = Object.assign(new PassThrough(), { writeHead: () => response, removeHeader: () => undefined })
      handler(request as unknown as IncomingMessage, response as unknown as ServerResponse)
      return await text(response)
    }
    expect(await send(`${long}MALLORY`, [long, "MALLORY"])).toBe("served 70007 true true")
    for (const signed of [long, "", "MALLORY"]) expect(await send(signed, [long, "MALLORY"])).not.toContain("served")
    expect(await send("", ["MALLORY"])).not.toContain("served")
    expect(await send("", [])).toBe("served 0 false true")
  })
})

describe("a body in very small chunks", () => {
  const size = 400_000
  const chunks = Buffer.from("1\r\na\r\n".repeat(size))

  it("is collected in little memory, and served in its order", async () => {
    const checked = createAuthHandler(createVerifier(options), { rawBody: true }).node(async (request, response) => {
      const body = await text(request)
      response.end(`served ${body === `XY${"a".repeat(size)}Z`} ${String(request.rawBody) === body}`)
    })
    const { port, host } = await listening(checked)
    const head = headOf(host, "POST", "/p", `XY${"a".repeat(size)}Z`)
    const before = process.memoryUsage().heapUsed
    let most = 0
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().heapUsed - before)
    }, 5)
    const parts = ["1\r\nX\r\n", 20, "1\r\nY\r\n", chunks, "1\r\nZ\r\n0\r\n\r\n"]
    const answer = await answerTo(port, head.replace(/content-length: \d+/, "transfer-encoding: chunked"), ...parts)
    clearInterval(look)
    expect(answer).toContain("served true true")
    // Each chunk on its own takes 200 bytes.
    expect(most).toBeLessThan(150 * size)
  })
})

describe("a check behind another one", () => {
  const payload = "a".repeat(300_000)

  it("collects a body with a signed hash that came in part before", async () => {
    const verifier = createVerifier(options)
    const first = createAuthHandler(verifier)
    const second = createAuthHandler(verifier, { rawBody: true })
    const inner = second.node((request, response) => void response.end(`served ${request.rawBody.length}`))
    const { port, host } = await listening(
      first.node((request, response) => void setTimeout(() => inner(request, response), 20)),
    )
    const hash = createHash("sha256").update(payload).digest("hex")
    const head = headOf(host, "POST", "/p", payload, { "x-sdk-content-sha256": hash })
    expect(await answerTo(port, head, payload.slice(0, 100_000), 50, payload.slice(100_000))).toContain("served 300000")
  })

  it("ends if the first one waits for its store at the end of the body", async () => {
    const store = memoryReplayStore({ now })
    const remember = async (id: string, ttlMs: number): Promise<boolean> => {
      await sleep(60)
      return store.remember(id, ttlMs)
    }
    const verifier = createVerifier({ ...options, replay: { store: { remember } } })
    const first = createAuthHandler(verifier, { streamBody: true })
    const second = createAuthHandler(verifier, { rawBody: true })
    const inner = second.node((request, response) => void response.end(`served ${request.rawBody}`))
    const { port, host } = await listening(
      first.node((request, response) => void setTimeout(() => inner(request, response), 20)),
    )
    expect(await answerTo(port, headOf(host, "POST", "/pay", "amount=1"), "amount=1")).toContain("served amount=1")
  })
})

describe("an answer that was begun", () => {
  it("gives way to a refusal, without the headers that are about its body or its caller", async () => {
    const handler = createAuthHandler(createVerifier(options), { streamBody: true }).node(async (request, response) => {
      response.setHeaders(
        new Map([
          ["content-encoding", "gzip"],
          ["etag", '"1"'],
          ["cache-control", "public"],
          ["set-cookie", "session=alice"],
          ["access-control-allow-origin", "*"],
        ]),
      )
      for await (const _ of request);
    })
    const { port, host } = await listening(handler)
    const answer = await answerTo(port, headOf(host, "POST", "/p", "amount=1"), "amount=2")
    expect(answer).toMatch(/^HTTP\/1.1 401/)
    expect(answer).toContain("access-control-allow-origin")
    expect(answer).not.toMatch(/gzip|etag|public|session/i)
  })

  it("ends without a failure of the process if its body turns out to be wrong", async () => {
    const failures: unknown[] = []
    const note = (failure: unknown): void => void failures.push(failure)
    process.on("unhandledRejection", note)
    onTestFinished(() => void process.off("unhandledRejection", note))
    const handler = createAuthHandler(createVerifier(options), { streamBody: true }).node(async (request, response) => {
      response.writeHead(200)
      for await (const chunk of request) response.write(chunk)
      response.end()
    })
    const { port, host } = await listening(handler)
    await answerTo(port, headOf(host, "POST", "/p", "amount=1"), "amount=2").catch(() => undefined)
    await sleep(20)
    expect(failures).toEqual([])
  })
})

describe("many guesses at once, while a key is looked up again,", () => {
  it.each(["basic", "signature"])("count as if they came one by one: %s", async (scheme) => {
    const onLockOut = vi.fn()
    let tell: () => void = () => undefined
    const told = new Promise<void>((resolve) => {
      tell = resolve
    })
    let isFirst = true
    const slow = async (id: string) => {
      if (!isFirst) await told
      isFirst = false
      return keys(id)
    }
    const verifier = createVerifier({ keys: slow, now, basic: true, lockOut: { failures: 5 }, onLockOut })
    const guess = (secretAccessKey: string) => {
      const { method, url } = signed()
      const basic = { authorization: `Basic ${btoa(`${credentials.accessKeyId}:${secretAccessKey}`)}` }
      const own = sign({ method, url }, { ...credentials, secretAccessKey }, { date })
      return verifier.verify({ method, url, headers: scheme === "basic" ? basic : own })
    }
    expect(await guess(credentials.secretAccessKey)).toHaveProperty("ok", true)
    const guesses = Array.from({ length: 200 }, (_, index) => guess(`wrong-${index}`))
    // More of them than may wait.
    expect(await guess(credentials.secretAccessKey)).toHaveProperty("code", "ACCESS_KEY_LOCKED")
    tell()
    const codes = (await Promise.all(guesses)).map((verdict) => !verdict.ok && verdict.code)
    expect(codes.filter((code) => code === "SIGNATURE_MISMATCH")).toHaveLength(5)
    expect(codes.filter((code) => code === "ACCESS_KEY_LOCKED")).toHaveLength(195)
    expect(onLockOut).toHaveBeenCalledOnce()
  })
})

describe("a lock-out that locks nothing", () => {
  it.each([
    ["an option", { lockMs: 0 }],
    ["a lock-out of its own", memoryLockOut({ lockMs: 0 })],
  ])("keeps no rightful caller out, however many guesses wait: by %s", async (_by, lockOut) => {
    let isFirst = true
    let tell: () => void = () => undefined
    const told = new Promise<void>((resolve) => {
      tell = resolve
    })
    const slow = async (id: string) => {
      if (!isFirst) await told
      isFirst = false
      return keys(id)
    }
    const onLockOut = vi.fn()
    const verifier = createVerifier({ keys: slow, now, lockOut, onLockOut })
    const call = (secretAccessKey: string) => {
      const { method, url } = signed()
      return verifier.verify({
        method,
        url,
        headers: sign({ method, url }, { ...credentials, secretAccessKey }, { date }),
      })
    }
    expect(await call(credentials.secretAccessKey)).toHaveProperty("ok", true)
    const guesses = Array.from({ length: 200 }, (_, index) => call(`wrong-${index}`))
    expect(await call(credentials.secretAccessKey)).toHaveProperty("ok", true)
    tell()
    const codes = new Set((await Promise.all(guesses)).map((verdict) => !verdict.ok && verdict.code))
    expect([...codes]).toEqual(["SIGNATURE_MISMATCH"])
    expect(onLockOut).toHaveBeenCalledTimes(40)
  })
})

describe("what strangers can send", () => {
  it.each(["Basic YTpi=", "Basic YTpi==", "Basic YTpi===", "Basic =", "Basic YQ"])("%s is refused", (authorization) => {
    const verifier = createVerifier({ ...options, basic: true })
    expect(verifier.verify({ method: "GET", url: "https://a.example.com/", headers: { authorization } })).toMatchObject(
      {
        ok: false,
        status: 401,
      },
    )
  })

  it("counts wrong signatures that wait for the same key", async () => {
    const slow = async (id: string): Promise<AccessKey<string> | undefined> => keys(id)
    const verifier = createVerifier({ keys: slow, now, lockOut: memoryLockOut({ now }) })
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, async () => verifier.verify({ ...signed(), method: "PUT" })),
    )
    expect(verdicts.filter((verdict) => !verdict.ok && verdict.code === "SIGNATURE_MISMATCH")).toHaveLength(5)
  })
})

describe("a source of the program", () => {
  it("may give an end that no date can hold", () => {
    const verifier = createVerifier({ keys: () => ({ ...credentials, expiresAt: -1e20 }), now })
    expect(verifier.verify(signed())).toHaveProperty("code", "ACCESS_KEY_EXPIRED")
  })

  it("may give null for a token that it does not know, and is left after 30 s without an answer", async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const request = { method: "GET", url: "https://a.example.com/", headers: { "x-auth-token": "MII" } }
    expect(createVerifier({ tokens: { find: () => null }, now }).verify(request)).toHaveProperty(
      "code",
      "TOKEN_INVALID",
    )
    const verdict = createVerifier({ tokens: { find: () => new Promise<null>(() => undefined) }, now }).verify(request)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await verdict).toHaveProperty("code", "TOKEN_SOURCE_FAILED")
  })

  it("lets a request without authentication pass whose body was read before, where that is optional", async () => {
    const request = new Request("https://a.example.com/", { method: "POST", body: "a" })
    await request.text()
    const handler = createAuthHandler(createVerifier(options), { optional: true, streamBody: true })
    expect((await handler.fetch(() => new Response("served"))(request)).status).toBe(200)
  })
})
