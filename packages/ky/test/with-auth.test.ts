import { inspect } from "node:util"
import { numbering, type RecordingServer, testServers } from "@countersign/testkit"
import ky, { type Hooks, HTTPError, type Options, TimeoutError } from "ky"
import { describe, expect, it } from "vitest"
import { type Auth, authHooks, isAuthError, withAuth } from "../src/index.ts"
import { clients, keepsHooksOut, prefix } from "./clients.ts"

const { serve } = testServers()

const tokens = ({ arrivals }: RecordingServer) => arrivals.map(({ headers }) => headers["x-auth-token"])

describe.each(clients)("%s", (name, client) => {
  const byHooks = (base: typeof ky, auth: Auth): typeof ky => base.extend({ hooks: authHooks(auth) })
  const waysIn: [string, (base: typeof ky, auth: Auth) => typeof ky][] = [
    ["withAuth", (base, auth) => withAuth(base, auth)],
    ...(keepsHooksOut(name) ? [] : [["authHooks", byHooks] satisfies [string, typeof byHooks]]),
  ]

  describe.each(waysIn)("%s", (_, authenticated) => {
    it("authenticates each attempt anew, retries too", async () => {
      const server = await serve((_arrival, index) => (index < 2 ? { status: 503 } : {}))
      const auth = numbering("secret", 1_000)
      const base = client.extend({ ...prefix(name, server.url), retry: { limit: 2, delay: () => 1 } })
      const answer = await authenticated(base, auth).put("things", { json: { a: "ü" } })
      expect(answer.status).toBe(200)
      expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
      expect(server.arrivals.map(({ body }) => body.toString())).toEqual(Array(3).fill('{"a":"ü"}'))
      expect(auth.attempts.map(({ body }) => Buffer.from(body as Uint8Array).toString())).toEqual(
        Array(3).fill('{"a":"ü"}'),
      )
    })

    it("takes another auth for one request, or none", async () => {
      const server = await serve()
      const api = authenticated(client.extend(prefix(name, server.url)), numbering())
      await api.get("a", { countersign: numbering("customer") })
      await api.get("b", { countersign: false })
      await api.get("c")
      expect(tokens(server)).toEqual(["customer-1", undefined, "secret-1"])
    })

    it("tells a missing key from an explicit undefined, however options are merged", async () => {
      const server = await serve()
      const undefinedAuth = new Map<string, Auth>().get("unknown") as Auth
      const api = authenticated(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering())
      const customers = api.extend({ countersign: numbering("customer") })
      await api.extend({ timeout: 5_000 }).get("a")
      await customers.get("b")
      await customers.extend({ timeout: 5_000 }).get("c", { headers: { "x-mine": "1" } })
      for (const send of [
        () => customers.get("d", { countersign: undefinedAuth }),
        () => customers.extend({ countersign: undefinedAuth }).get("d"),
        () => api.extend({ countersign: undefinedAuth }).get("d"),
      ]) {
        await expect(send()).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
      }
      expect(tokens(server)).toEqual(["secret-1", "customer-1", "customer-2"])
    })

    it("refuses a value that is not an auth, and sends nothing", async () => {
      const server = await serve()
      const api = authenticated(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering())
      const error: unknown = await api.get("a", { countersign: "token" as unknown as Auth }).catch((thrown) => thrown)
      expect(error).toMatchObject({ code: "AUTH_INVALID_OPTION" })
      expect(server.arrivals).toEqual([])
    })

    it("sends through the fetch that the instance had", async () => {
      const server = await serve()
      const seen: string[] = []
      const own: typeof fetch = (input, init) => {
        seen.push((input as Request).headers.get("x-auth-token") ?? "none")
        return fetch(input, init)
      }
      await authenticated(client.extend({ ...prefix(name, server.url), fetch: own }), numbering()).get("a")
      expect(seen).toEqual(["secret-1"])
    })

    it("does not change the given instance", async () => {
      const server = await serve()
      const base = client.extend(prefix(name, server.url))
      authenticated(base, numbering())
      await base.get("a")
      expect(tokens(server)).toEqual([undefined])
    })
  })

  describe("the base URL of the instance", () => {
    it("may see credentials, unlike other hosts on this machine", async () => {
      const server = await serve()
      const other = await serve()
      const api = withAuth(client.extend(prefix(name, `${server.url}/v1`)), numbering())
      await api.get("a")
      await api.get(new URL(`${other.url}/b`))
      expect(tokens(server)).toEqual(["secret-1"])
      expect(tokens(other)).toEqual([undefined])
    })

    it("does not count with a host list", async () => {
      const server = await serve()
      await withAuth(client.extend(prefix(name, server.url)), numbering(), { hosts: ["api.example.com"] }).get("a")
      expect(tokens(server)).toEqual([undefined])
    })

    it.skipIf(keepsHooksOut(name))("counts for hooks too, in any order of the options", async () => {
      const server = await serve()
      await byHooks(client, numbering()).extend(prefix(name, server.url)).get("a")
      expect(tokens(server)).toEqual(["secret-1"])
    })
  })

  it.runIf(keepsHooksOut(name))("refuses a request if the hooks cannot authenticate it", async () => {
    const server = await serve()
    const api = byHooks(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering())
    await expect(api.get("a")).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
      message: expect.stringContaining("use withAuth"),
    })
    expect(server.arrivals).toEqual([])
  })

  it("uses the later of two auths", async () => {
    const server = await serve()
    const [first, second] = [numbering("first"), numbering("second")]
    await withAuth(withAuth(client.extend(prefix(name, server.url)), first), second).get("a")
    expect(tokens(server)).toEqual(["second-1"])
    expect(first.attempts).toEqual([])
  })

  it("replays a refused request once with its body, also if ky does not retry", async () => {
    const server = await serve((_arrival, index) => (index === 0 ? { status: 401 } : {}))
    const auth = numbering()
    const answer = await withAuth(client.extend({ ...prefix(name, server.url), retry: 0 }), auth).post("a", {
      body: "x",
    })
    expect(answer.status).toBe(200)
    expect(server.arrivals.map(({ body }) => body.toString())).toEqual(["x", "x"])
    expect(tokens(server)).toEqual(["secret-1", "secret-2"])
  })

  it("keeps ky's errors, which show no secret", async () => {
    const server = await serve(() => ({ status: 403, body: '{"error_msg":"no"}' }))
    const api = withAuth(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering())
    const error: unknown = await api.get("a").catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: "HTTPError", response: { status: 403 } })
    if (client === ky) expect(error).toBeInstanceOf(HTTPError)
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain("secret-1")
  })

  it("keeps ky's timeout, which ends the wait for a credential", async () => {
    const server = await serve()
    let aborted = false
    const stuck: Auth = {
      ...numbering(),
      authenticate: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            aborted = true
            reject(signal.reason)
          })
        }),
    }
    const api = withAuth(client.extend({ ...prefix(name, server.url), retry: 0, timeout: 30 }), stuck)
    const error: unknown = await api.get("a").catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: "TimeoutError" })
    if (client === ky) expect(error).toBeInstanceOf(TimeoutError)
    expect(aborted).toBe(true)
    expect(server.arrivals).toEqual([])
  })

  it("gives the caller's fetch the same arguments as ky alone, on each attempt and hop", async () => {
    const server = await serve(({ target }, index) =>
      index === 0 ? { status: 401 } : target.startsWith("/from") ? { status: 307, headers: { location: "/to" } } : {},
    )
    const seen: unknown[][] = []
    const own: typeof fetch = (...given) => {
      seen.push(given)
      return fetch(...given)
    }
    const options = { json: { a: 1 }, headers: { "x-own": "1" }, searchParams: { q: "a b" }, next: { revalidate: 1 } }
    const base = client.extend({ ...prefix(name, server.url), fetch: own })
    await withAuth(base, numbering()).post("from", options)
    await base.post("to", options)
    const bare = seen.at(-1)
    expect(bare).toEqual([expect.any(Request), expect.objectContaining({ next: { revalidate: 1 } })])
    expect(seen).toEqual(Array(4).fill(bare))
    expect(server.arrivals.map(({ body }) => body.toString())).toEqual(Array(4).fill('{"a":1}'))
    expect(server.arrivals).toMatchObject(Array(4).fill({ headers: { "x-own": "1" } }))
    expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3", undefined])
  })

  it("lets ky serialise the caller's own json", async () => {
    const server = await serve()
    const seen: unknown[] = []
    const stringifyJson = (data: unknown): string => {
      seen.push(data)
      return JSON.stringify(data)
    }
    const json = { a: 1 }
    const api = withAuth(client.extend(prefix(name, server.url)), numbering()).extend({ headers: { "x-own": "1" } })
    await api.post("a", { json, stringifyJson })
    await api("b", { method: "put", json, stringifyJson })
    expect(tokens(server)).toEqual(["secret-1", "secret-2"])
    expect(seen).toHaveLength(2)
    for (const data of seen) expect(data).toBe(json)
  })

  it("streams a body, and sends it again after a 401", async () => {
    const server = await serve(() => ({ status: server.arrivals.length === 1 ? 401 : 200 }))
    let given = 0
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (given === 100) controller.close()
        else controller.enqueue(new Uint8Array(1_000).fill(given++))
      },
    })
    const api = withAuth(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering())
    expect((await api.post("a", { body: stream })).status).toBe(200)
    expect(server.arrivals.map(({ body }) => body.length)).toEqual([100_000, 100_000])
    expect(server.arrivals[1]?.headers).toMatchObject({ "transfer-encoding": "chunked", "x-auth-token": "secret-2" })
  })

  it("runs the caller's hooks as before: on ky's request, and once on ky's response", async () => {
    const server = await serve((_arrival, index) => (index === 0 ? { status: 401 } : {}))
    const seen: unknown[] = []
    const hooks = {
      beforeRequest: [
        (first: Request | { request: Request }) => {
          const request = first instanceof Request ? first : first.request
          request.headers.set("x-trace", "t-1")
          seen.push(request.headers.get("x-auth-token"))
        },
      ],
      afterResponse: [
        (first: unknown, _options?: unknown, third?: Response) => {
          seen.push((third ?? (first as { response: Response }).response).status)
        },
      ],
    } as Hooks
    await withAuth(client.extend({ ...prefix(name, server.url), hooks }), numbering()).get("a")
    expect(seen).toEqual([null, 200])
    expect(server.arrivals.map(({ headers }) => headers["x-trace"])).toEqual(["t-1", "t-1"])
  })

  it("lets the auth for large bodies take over", async () => {
    const server = await serve()
    const auth: Auth = { ...numbering("signed", 12 * 1024 * 1024), beyondLimit: numbering("token") }
    const body = Buffer.alloc(12 * 1024 * 1024 + 1, "x")
    await withAuth(client.extend(prefix(name, server.url)), auth).post("a", { body })
    expect(tokens(server)).toEqual(["token-1"])
    expect(server.arrivals[0]?.body.equals(body)).toBe(true)
  })

  it("throws an AuthError unchanged, before anything is sent", async () => {
    const server = await serve()
    const api = withAuth(client.extend({ ...prefix(name, server.url), retry: 0 }), numbering("secret", 2))
    const error: unknown = await api.post("a", { body: "xyz" }).catch((thrown: unknown) => thrown)
    expect(isAuthError(error) && error.code).toBe("AUTH_BODY_TOO_LARGE")
    expect(server.arrivals).toEqual([])
  })
})

describe("ky 2.1", () => {
  it("uses a base URL that was set after the auth, or in the request", async () => {
    const server = await serve()
    const api = withAuth(ky, numbering())
    await api.extend({ prefix: server.url }).get("a")
    await api.extend({ baseUrl: `${server.url}/v1/` }).get("b")
    await api.get("c", { prefix: server.url })
    expect(server.arrivals.map(({ target }) => target)).toEqual(["/a", "/v1/b", "/c"])
    expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
  })

  it("authenticates after init hooks of the instance and of the request, whatever they set", async () => {
    const server = await serve()
    const calls: string[] = []
    const through =
      (step: string): typeof fetch =>
      (input, init) => {
        calls.push(step)
        return fetch(input, init)
      }
    const init = [
      (options: Options) => {
        options.prefix = server.url
        options.fetch = through("init")
      },
    ]
    await withAuth(ky.extend({ hooks: { init } }), numbering()).get("a")
    await withAuth(ky, numbering()).extend({ hooks: { init } }).get("b")
    await withAuth(ky, numbering()).get("c", { hooks: { init } })
    expect(tokens(server)).toEqual(["secret-1", "secret-1", "secret-1"])
    expect(calls).toEqual(["init", "init", "init"])
  })

  it("uses hooks that were added after the auth as the later auth", async () => {
    const server = await serve()
    const api = withAuth(ky.extend({ prefix: server.url }), numbering("first"))
    await api.extend({ hooks: authHooks(numbering("second")) }).get("a")
    await withAuth(ky.extend({ prefix: server.url, hooks: authHooks(numbering("first")) }), numbering("second")).get(
      "b",
    )
    expect(tokens(server)).toEqual(["second-1", "second-1"])
  })

  it("authenticates a fetch and a query of one request", async () => {
    const server = await serve()
    const calls: string[] = []
    const own: typeof fetch = (input, init) => {
      calls.push("own")
      return fetch(input, init)
    }
    const api = withAuth(ky.extend({ prefix: server.url }), numbering())
    await api.get("a", { fetch: own })
    await api.query("b", { retry: 0 })
    expect(calls).toEqual(["own"])
    expect(tokens(server)).toEqual(["secret-1", "secret-2"])
    expect(Object.keys(api)).toEqual(Object.keys(ky))
  })

  it("authenticates through a fetch that was set after the auth", async () => {
    const server = await serve()
    let calls = 0
    const own: typeof fetch = (input, init) => {
      calls += 1
      return fetch(input, init)
    }
    await withAuth(ky, numbering()).extend({ prefix: server.url, fetch: own }).get("a")
    expect(calls).toBe(1)
    expect(tokens(server)).toEqual(["secret-1"])
  })
})
