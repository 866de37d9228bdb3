import { Readable } from "node:stream"
import { inspect } from "node:util"
import {
  type Answer,
  type Arrival,
  numbering,
  type RecordingServer,
  recordingServer,
  testServers,
} from "@countersign/testkit"
import { afterEach, describe, expect, it, vi } from "vitest"
import { createFetch, withAuth } from "../src/index.ts"

const { serve, listen } = testServers()
afterEach(() => {
  vi.unstubAllGlobals()
})

const tokens = ({ arrivals }: RecordingServer) => arrivals.map(({ headers }) => headers["x-auth-token"])
const bodies = ({ arrivals }: RecordingServer) => arrivals.map(({ body }) => body.toString())
const once = (status: number) => (_arrival: Arrival, index: number) => (index === 0 ? { status } : {})

describe("the input of fetch", () => {
  it("may be a URL, a string or a Request", async () => {
    const server = await serve()
    const authFetch = createFetch(numbering(), { hosts: [server.host] })
    await authFetch(new URL(`${server.url}/a`))
    await authFetch(`${server.url}/b`)
    await authFetch(new Request(`${server.url}/c`, { method: "put", headers: { "x-custom": "1" }, body: "x" }))
    expect(server.arrivals.map(({ method, target }) => `${method} ${target}`)).toEqual(["GET /a", "GET /b", "PUT /c"])
    expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
    expect(server.arrivals[2]?.headers).toMatchObject({ "x-custom": "1", "content-length": "1" })
  })

  it("is used for members that init leaves undefined", async () => {
    const server = await serve()
    const authFetch = createFetch(numbering(), { hosts: [server.host] })
    const request = new Request(server.url, { method: "DELETE", headers: { "x-custom": "1" } })
    await authFetch(request, { method: undefined, headers: undefined, signal: undefined } as never)
    expect(server.arrivals[0]).toMatchObject({ method: "DELETE", headers: { "x-custom": "1" } })
    const aborted = new Request(server.url, { method: "POST", body: "x", signal: AbortSignal.abort() })
    await expect(authFetch(aborted, { signal: undefined } as never)).rejects.toThrow("aborted")
    expect((await authFetch(aborted.clone(), { signal: null })).status).toBe(200)
  })

  it("may come with null in place of init, as in fetch", async () => {
    const server = await serve()
    await createFetch(numbering(), { hosts: [server.host] })(server.url, null as never)
    expect(tokens(server)).toEqual(["secret-1"])
  })

  it("goes to fetch unchanged if no credential may go there", async () => {
    const seen: unknown[][] = []
    const own = async (...given: unknown[]): Promise<Response> => {
      seen.push(given)
      return new Response()
    }
    const authFetch = createFetch(numbering(), { hosts: ["api.example.com"], fetch: own })
    const request = new Request("https://other.example.com/", { method: "POST", body: "x" })
    await authFetch(request, { cache: "no-store" })
    await authFetch("data:text/plain,hello")
    expect(seen).toEqual([
      [request, { cache: "no-store" }],
      ["data:text/plain,hello", {}],
    ])
    expect(seen[0]?.[0]).toBe(request)
    expect(request.bodyUsed).toBe(false)
  })

  it("is refused when it is relative and there is no page", async () => {
    await expect(createFetch(numbering())("/v1/things")).rejects.toMatchObject({ code: "AUTH_INVALID_REQUEST" })
  })

  it("is passed on without auth when only the caller's fetch can resolve it", async () => {
    const seen: unknown[][] = []
    const own = async (...given: unknown[]): Promise<Response> => {
      seen.push(given)
      return new Response()
    }
    const init = { method: "DELETE" }
    await createFetch(numbering(), { fetch: own })("/v1/things", init)
    expect(seen).toEqual([["/v1/things", init]])
  })
})

describe("init is read as the platform reads it", () => {
  const members = { method: "POST", headers: { "x-own": "1" }, body: "text" }

  class WithGetters {
    readonly #reads: string[]
    constructor(reads: string[]) {
      this.#reads = reads
    }
    #read<Name extends keyof typeof members>(name: Name): (typeof members)[Name] {
      this.#reads.push(name)
      return members[name]
    }
    get method(): string {
      return this.#read("method")
    }
    get headers(): Record<string, string> {
      return this.#read("headers")
    }
    get body(): string {
      return this.#read("body")
    }
  }

  const forms: [string, () => object][] = [
    ["a plain object", () => ({ ...members })],
    ["a Request", () => new Request("https://elsewhere.example.com", members)],
    ["an object that inherits", () => Object.create(members)],
    ["an object with getters", () => new WithGetters([])],
    ["an object without a prototype", () => Object.assign(Object.create(null), members)],
  ]

  it.each(forms)("%s, at a listed host", async (_, make) => {
    const server = await serve()
    for (const auth of [numbering(), numbering("signed", 1_000)]) {
      await createFetch(auth, { hosts: [server.host] })(server.url, make() as RequestInit)
    }
    expect(server.arrivals).toMatchObject(Array(2).fill({ method: "POST", headers: { "x-own": "1" } }))
    expect(bodies(server)).toEqual(["text", "text"])
    expect(tokens(server)).toEqual(["secret-1", "signed-1"])
  })

  it.each(forms)("%s, at a host that is not listed, also with its own auth", async (_, make) => {
    const server = await serve()
    const authFetch = createFetch(numbering(), { hosts: ["api.example.com"] })
    await authFetch(server.url, make() as RequestInit)
    await authFetch(server.url, Object.assign(make(), { auth: numbering() }) as RequestInit)
    await authFetch(server.url, Object.assign(make(), { auth: false }) as RequestInit)
    expect(server.arrivals).toMatchObject(Array(3).fill({ method: "POST", headers: { "x-own": "1" } }))
    expect(bodies(server)).toEqual(["text", "text", "text"])
    expect(tokens(server)).toEqual([undefined, undefined, undefined])
  })

  it("each member once", async () => {
    const server = await serve(once(401))
    const reads: string[] = []
    await createFetch(numbering(), { hosts: [server.host] })(server.url, new WithGetters(reads))
    expect(bodies(server)).toEqual(["text", "text"])
    expect(reads.sort()).toEqual(["body", "headers", "method"])
  })

  it("and an inherited auth is that of the request", async () => {
    const server = await serve()
    const init = Object.create({ ...members, auth: numbering("customer") })
    await createFetch(numbering(), { hosts: [server.host] })(server.url, init)
    expect(tokens(server)).toEqual(["customer-1"])
  })
})

describe("the caller's own fetch gets the same kinds of arguments as without auth", () => {
  const recorded = (): { seen: [unknown, RequestInit | undefined][]; own: typeof fetch } => {
    const seen: [unknown, RequestInit | undefined][] = []
    const own: typeof fetch = (input, init) => {
      seen.push([input, init])
      return fetch(input, init)
    }
    return { seen, own }
  }
  const answers = ({ target }: Arrival, index: number): Answer =>
    index === 0 ? { status: 401 } : target.startsWith("/from") ? { status: 307, headers: { location: "/to" } } : {}

  it("a Request, and beside it the members that a Request does not hold", async () => {
    const server = await serve(answers)
    const { seen, own } = recorded()
    const request = new Request(`${server.url}/from?q=a+b#hash`, { method: "POST", body: "text" })
    const init = { headers: { "x-own": "1" }, next: { revalidate: 1 } } as RequestInit
    await createFetch(numbering(), { hosts: [server.host], fetch: own })(request, init)
    expect(seen).toEqual(Array(3).fill([expect.any(Request), { next: { revalidate: 1 } }]))
    expect(bodies(server)).toEqual(["text", "text", "text"])
    expect(server.arrivals.map(({ target }) => target)).toEqual(["/from?q=a%20b", "/from?q=a%20b", "/to"])
    expect(server.arrivals).toMatchObject(Array(3).fill({ headers: { "x-own": "1" } }))
    expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
  })

  it("a URL or a string, and init", async () => {
    const server = await serve(answers)
    const { seen, own } = recorded()
    const authFetch = createFetch(numbering(), { hosts: [server.host], fetch: own })
    await authFetch(new URL(`${server.url}/from`))
    await authFetch(`${server.url}/from`)
    expect(seen.map(([input]) => (input instanceof URL ? "URL" : typeof input))).toEqual([
      ...Array(3).fill("URL"),
      ...Array(2).fill("string"),
    ])
  })
})

describe("a body", () => {
  it("of a Request is sent again with a replay", async () => {
    const server = await serve(once(401))
    const body = new FormData()
    body.append("file", new File(["abc"], "a.txt"))
    const request = new Request(server.url, { method: "POST", body })
    await createFetch(numbering(), { hosts: [server.host] })(request)
    expect(bodies(server)[0]).toContain("abc")
    expect(bodies(server)[1]).toBe(bodies(server)[0])
    expect(server.arrivals[1]?.headers["content-type"]).toBe(server.arrivals[0]?.headers["content-type"])
  })

  it("of a Request that is too large to be kept is passed on unchanged, with its length", async () => {
    const server = await serve()
    const bytes = Buffer.alloc(13 * 1024 * 1024, "x")
    const request = new Request(server.url, { method: "POST", body: bytes })
    await createFetch(numbering(), { hosts: [server.host] })(request)
    expect(server.arrivals[0]?.body.equals(bytes)).toBe(true)
    expect(server.arrivals[0]?.headers["content-length"]).toBe(String(bytes.length))
  })

  it("of a Request of a stream is streamed if the auth leaves it unread, and sent again with a replay", async () => {
    let go = (): void => undefined
    const hasArrived = new Promise<void>((resolve) => {
      go = resolve
    })
    const received: string[] = []
    const url = await listen(async (request, response) => {
      let text = ""
      for await (const chunk of request) {
        text += chunk
        go()
      }
      response.writeHead(received.push(text) === 1 ? 401 : 200).end("{}")
    })
    const body = Readable.toWeb(
      Readable.from(
        (async function* () {
          yield Buffer.from("a")
          // Held back until it ends, it would never end.
          await hasArrived
          yield Buffer.from("b")
        })(),
      ),
    )
    const request = new Request(url, { method: "POST", body, duplex: "half" } as RequestInit)
    const response = await createFetch(numbering(), { hosts: ["127.0.0.1"] })(request)
    expect(response.status).toBe(200)
    expect(received).toEqual(["ab", "ab"])
  })

  it("of a long Request of bytes arrives complete, also if the URL is normalised", async () => {
    const server = await serve()
    const bytes = Buffer.alloc(13 * 1024 * 1024, "x")
    await createFetch(numbering(), { hosts: [server.host] })(
      new Request(`${server.url}/?q=a+b`, { method: "POST", body: bytes }),
    )
    expect(server.arrivals[0]?.target).toBe("/?q=a%20b")
    expect(server.arrivals[0]?.body.equals(bytes)).toBe(true)
  })

  it("that is a stream is streamed if the auth leaves it unread", async () => {
    const server = await serve()
    const body = Readable.from([Buffer.from("ab"), Buffer.from("c")])
    const init = { method: "POST", body, duplex: "half" } as unknown as RequestInit
    await createFetch(numbering(), { hosts: [server.host] })(server.url, init)
    expect(bodies(server)).toEqual(["abc"])
    expect(server.arrivals[0]?.headers["transfer-encoding"]).toBe("chunked")
  })
})

describe("redirects", () => {
  it("to a Location with a user and a password are followed without these", async () => {
    const server = await serve(({ headers }, index) => {
      const location = `http://user:word@${headers.host}/to`
      return index === 0 ? { status: 302, headers: { location } } : {}
    })
    const response = await createFetch(numbering(), { hosts: ["127.0.0.1"] })(server.url)
    expect(response.status).toBe(200)
    expect(tokens(server)).toEqual(["secret-1", "secret-2"])
  })

  it.each([
    ["bytes", "text"],
    ["a stream", new Blob(["text"]).stream()],
  ])("of a Request of %s to its own URL are followed without the body", async (_, body) => {
    const server = await serve(({ method }) => (method === "POST" ? { status: 303, headers: { location: "" } } : {}))
    const request = new Request(server.url, { method: "POST", body, duplex: "half" } as RequestInit)
    expect((await createFetch(numbering(), { hosts: [server.host] })(request)).status).toBe(200)
    expect(server.arrivals.map(({ method }) => method)).toEqual(["POST", "GET"])
    expect(bodies(server)).toEqual(["text", ""])
  })

  it("that a browser hides are refused with the reason", async () => {
    const hidden = async (): Promise<Response> => {
      const response = new Response()
      return Object.defineProperties(response, { type: { value: "opaqueredirect" }, status: { value: 0 } })
    }
    const authFetch = createFetch(numbering(), { hosts: ["api.example.com"], fetch: hidden })
    await expect(authFetch("https://api.example.com")).rejects.toMatchObject({ code: "AUTH_REDIRECT_BLOCKED" })
  })
})

describe("per request", () => {
  it("another auth, or none", async () => {
    const server = await serve()
    const authFetch = createFetch(numbering(), { hosts: [server.host] })
    await authFetch(server.url, { auth: numbering("customer") })
    await authFetch(server.url, { auth: false })
    await authFetch(server.url)
    expect(tokens(server)).toEqual(["customer-1", undefined, "secret-1"])
  })

  it("a value that is not an auth is refused, and nothing is sent", async () => {
    const server = await serve()
    const authFetch = createFetch(numbering(), { hosts: [server.host] })
    const auth = "token" as unknown as false
    await expect(authFetch(server.url, { auth })).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
    expect(server.arrivals).toEqual([])
  })
})

describe("the fetch that sends", () => {
  it("is the global one of the moment", async () => {
    const authFetch = createFetch(numbering(), { hosts: ["api.example.com"] })
    const later = vi.fn(async () => new Response("later"))
    vi.stubGlobal("fetch", later)
    expect(await (await authFetch("https://api.example.com")).text()).toBe("later")
  })

  it("may have been replaced by this one", async () => {
    const server = await serve()
    vi.stubGlobal("fetch", createFetch(numbering(), { hosts: [server.host] }))
    await fetch(server.url)
    expect(tokens(server)).toEqual(["secret-1"])
  })

  it("gives its members, such as preconnect in Bun", () => {
    const preconnect = (): void => undefined
    const own = Object.assign((...given: Parameters<typeof fetch>) => fetch(...given), { preconnect })
    expect(withAuth(own, numbering()).preconnect).toBe(preconnect)
    vi.stubGlobal("fetch", own)
    expect(createFetch(numbering())).toHaveProperty("preconnect", preconnect)
  })

  it("is the one given to withAuth, which does not change", async () => {
    const server = await serve()
    const own = vi.fn((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init))
    await withAuth(own, numbering(), { hosts: [server.host] })(server.url)
    await own(server.url)
    expect(own).toHaveBeenCalledTimes(2)
    expect(tokens(server)).toEqual(["secret-1", undefined])
  })
})

it("ends with the caller's signal, before or after it is sent", async () => {
  const server = await serve(() => new Promise(() => undefined))
  const authFetch = createFetch(numbering(), { hosts: [server.host] })
  await expect(authFetch(server.url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" })
  expect(server.arrivals).toEqual([])
  const stuck = new ReadableStream({ pull: () => new Promise(() => undefined) })
  const request = new Request(server.url, { method: "POST", body: stuck, duplex: "half" } as RequestInit)
  await expect(authFetch(request, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: "TimeoutError" })
  expect(server.arrivals).toEqual([])
  await expect(authFetch(server.url, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
    name: "TimeoutError",
  })
})

it("streams the response, and shows no secret on it", async () => {
  const server = await serve(() => ({ body: "x".repeat(200_000) }))
  const answer = await createFetch(numbering(), { hosts: [server.host] })(server.url)
  let size = 0
  for await (const chunk of answer.body ?? []) size += chunk.byteLength
  expect(size).toBe(200_000)
  expect(inspect(answer, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain("secret-1")
})

it("a property on Object.prototype admits no host", async () => {
  const server = await recordingServer()
  const polluted = { baseUrl: server.url, hosts: [server.host], allowInsecure: true }
  Object.assign(Object.prototype, polluted)
  try {
    const authFetch = createFetch(numbering())
    expect((await authFetch(server.url)).status).toBe(200)
    expect(tokens(server)).toEqual([undefined])
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    await server.close()
  }
})
