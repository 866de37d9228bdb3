import { mkdtempSync, rmSync } from "node:fs"
import { createServer, request as httpRequest } from "node:http"
import { createSecureServer } from "node:http2"
import { createServer as createTlsServer } from "node:https"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type FeatureContext, selfSigned } from "@countersign/testkit"
import type { Dispatcher, MockAgent } from "undici"
import { expect } from "vitest"
import { reference, SINCE_8, type UndiciFeature } from "./undici-client.ts"

const get = { path: "/", method: "GET" } as const

async function textOf({ body }: Dispatcher.ResponseData<unknown>): Promise<string> {
  return body.text()
}

/** Dispatchers of every kind, and their connections. */
export const dispatchers: readonly UndiciFeature[] = [
  {
    name: "Client: one origin, that need not be named",
    documentation: reference("Client"),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url))
      const first = await textOf(await client.request({ ...get, path: "/1" }))
      await textOf(await client.request({ ...get, path: "/2", query: { a: 1 } }))
      return [first, client instanceof undici.Client, server.arrivals.map(({ target }) => target)]
    },
    gives: ['{"ok":true}', true, ["/1", "/2?a=1"]],
  },
  {
    name: "Pool: many connections to one origin",
    documentation: reference("Pool"),
    run: async ({ undici, authenticated }, { server }) => {
      const pool = authenticated(new undici.Pool(server.url, { connections: 2 }))
      const answers = await Promise.all(Array.from({ length: 5 }, () => pool.request(get).then(textOf)))
      return [answers.length, pool.stats.connected, pool.closed, pool.destroyed]
    },
    gives: [5, 2, false, false],
  },
  {
    name: "Agent: any origin",
    documentation: reference("Agent"),
    run: async ({ undici, authenticated }, { server, listen }) => {
      const agent = authenticated(new undici.Agent({ connections: 1, keepAliveTimeout: 1_000 }))
      const origin = await listen((_request, response) => response.end("other"))
      return [
        await textOf(await agent.request({ ...get, origin: server.url })),
        await textOf(await agent.request({ ...get, origin })),
      ]
    },
    gives: ['{"ok":true}', "other"],
  },
  {
    name: "Agent: a factory of the caller's",
    documentation: reference("Agent"),
    run: async ({ undici, authenticated }, { server }) => {
      const seen: string[] = []
      const agent = new undici.Agent({
        factory: (origin, options) => {
          seen.push(String(origin))
          return new undici.Pool(origin, options)
        },
      })
      await textOf(await authenticated(agent).request({ ...get, origin: server.url }))
      return seen
    },
    gives: ["http://server-1"],
  },
  {
    name: "RetryAgent around an authenticated dispatcher",
    documentation: reference("RetryAgent"),
    answer: (_arrival, index) => (index < 2 ? { status: 503 } : {}),
    run: async ({ undici, agent }, { server }) => {
      const retrying = new undici.RetryAgent(agent, { minTimeout: 1, maxRetries: 3 })
      const { statusCode, body } = await retrying.request({ ...get, origin: server.url })
      await body.dump()
      return [statusCode, server.arrivals.length]
    },
    gives: [200, 3],
  },
  {
    name: "BalancedPool: spreads over origins",
    documentation: reference("BalancedPool"),
    run: async ({ undici, authenticated }, { server, listen }) => {
      const other = await listen((_request, response) => response.end("other"))
      const pool = authenticated(new undici.BalancedPool([server.url, other]))
      const answers = await Promise.all(
        ["/1", "/2"].map((path) =>
          pool.request({ path, method: "GET" }).then(textOf, ({ code }: { code: string }) => code),
        ),
      )
      return answers.sort()
    },
    gives: ["other", '{"ok":true}'],
    differs: {
      because: "Which host it will be is not known beforehand, so there is none to authenticate for: use an Agent.",
      gives: ["AUTH_INVALID_REQUEST", "AUTH_INVALID_REQUEST"],
      onTheWire: true,
    },
  },
  {
    name: "ProxyAgent: through a tunnel",
    documentation: reference("ProxyAgent"),
    run: async ({ undici, authenticated }, context) => {
      const { url, seen } = await proxy(context)
      const agent = authenticated(new undici.ProxyAgent({ uri: url, token: "Basic cHJveHk=", proxyTunnel: true }))
      return [await textOf(await agent.request({ ...get, origin: context.server.url })), seen]
    },
    gives: ['{"ok":true}', [["CONNECT", "server-1", "Basic cHJveHk=", false]]],
  },
  {
    name: "ProxyAgent: with whole addresses in place of a tunnel",
    documentation: reference("ProxyAgent"),
    releases: SINCE_8,
    run: async ({ undici, authenticated }, context) => {
      const { url, seen } = await proxy(context)
      const agent = authenticated(new undici.ProxyAgent({ uri: url, proxyTunnel: false }))
      const text = await textOf(await agent.request({ ...get, origin: context.server.url, path: "/a?b=c" }))
      return [text, seen.map(([method, target]) => [method, target])]
    },
    gives: ['{"ok":true}', [["GET", "http://server-1/a?b=c"]]],
  },
  {
    name: "EnvHttpProxyAgent: hosts that are to be reached directly",
    documentation: reference("EnvHttpProxyAgent"),
    run: async ({ undici, authenticated }, { server }) => {
      const options = { httpProxy: "http://127.0.0.1:1", noProxy: "127.0.0.1" }
      const agent = authenticated(new undici.EnvHttpProxyAgent(options))
      return textOf(await agent.request({ ...get, origin: server.url }))
    },
    gives: '{"ok":true}',
  },
  {
    name: "https with a certificate authority of the caller's, and an error without",
    documentation: reference("Client?id=parameter-connectoptions"),
    run: async ({ undici, authenticated, agent }, { listen }) => {
      const { key, cert } = selfSigned("127.0.0.1")
      const origin = await listen(createTlsServer({ key, cert }, (_request, response) => response.end("secure")))
      const trusting = authenticated(new undici.Agent({ connect: { ca: cert, checkServerIdentity: () => undefined } }))
      return [
        await textOf(await trusting.request({ ...get, origin })),
        await agent.request({ ...get, origin }).catch(({ code }) => code),
      ]
    },
    gives: ["secure", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  },
  {
    name: "allowH2: HTTP/2, with all that is in a request",
    documentation: reference("Client?id=parameter-clientoptions"),
    run: async ({ undici, authenticated }, { listen }) => {
      const seen: unknown[] = []
      const server = createSecureServer(selfSigned("127.0.0.1"), async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        const { ":path": path, ":method": method, host, "x-own": own } = request.headers
        seen.push([request.httpVersion, method, path, host, own, Buffer.concat(chunks).toString()])
        response.writeHead(201, { "x-own": "2" })
        response.end("answer")
      })
      const origin = await listen(server)
      const agent = authenticated(new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } }))
      const options = { origin, path: "/a?b=c", method: "PUT", headers: { "x-own": "1" }, body: "text" } as const
      const { statusCode, headers, body } = await agent.request(options)
      return [statusCode, headers["x-own"], await body.text(), seen]
    },
    gives: [201, "2", "answer", [["2.0", "PUT", "/a?b=c", undefined, "1", "text"]]],
  },
  {
    name: "MockAgent: answers by path, method, headers and body, and keeps a history",
    documentation: reference("MockAgent"),
    run: async ({ undici, authenticated }, { server }) => {
      const mock: MockAgent = authenticated(new undici.MockAgent({ enableCallHistory: true }))
      mock.disableNetConnect()
      const pool = mock.get(server.url)
      pool
        .intercept({ path: "/a?b=c", method: "PUT", headers: { "x-own": "1" }, body: "text" })
        .reply(202, { mocked: 1 })
      const options = { origin: server.url, path: "/a", query: { b: "c" }, headers: { "x-own": "1" }, body: "text" }
      const { statusCode, body } = await mock.request({ ...options, method: "PUT" })
      const missing = await mock.request({ ...get, origin: server.url }).catch(({ code }) => code)
      const calls = mock
        .getCallHistory()
        ?.calls()
        .map(({ method, path }) => `${method} ${path}`)
      return [statusCode, await body.json(), missing, calls]
    },
    gives: [202, { mocked: 1 }, "UND_MOCK_ERR_MOCK_NOT_MATCHED", expect.arrayContaining(["PUT /a"])],
  },
  {
    name: "MockAgent: lets a fetch of every body through",
    documentation: reference("MockAgent?id=mockagentenablenetconnecthost"),
    // undici 7.10 sends a form there with another boundary than in its type.
    releases: SINCE_8,
    run: async ({ undici, authenticated }, { server }) => {
      const mock = authenticated(new undici.MockAgent())
      mock.enableNetConnect()
      const form = new undici.FormData()
      form.append("a", "b")
      const bodies = [form, "text", Uint8Array.of(65), new Blob(["blob"]), new ReadableStream(oneChunk("chunk"))]
      for (const body of bodies) {
        const sent = await undici.fetch(server.url, {
          method: "POST",
          body: body as never,
          duplex: "half",
          dispatcher: mock,
        })
        await sent.text()
      }
      const [first, ...others] = server.arrivals
      const arrived = new Response(new Uint8Array(first?.body ?? []), {
        headers: { "content-type": String(first?.headers["content-type"]) },
      })
      return [[...(await arrived.formData())], others.map(({ body }) => `${body}`)]
    },
    gives: [[["a", "b"]], ["text", "A", "blob", "chunk"]],
    differs: { because: "The boundary of a form is another one each time.", onTheWire: true },
  },
  {
    name: "MockPool: one origin",
    documentation: reference("MockPool"),
    // That of undici 7.10 does not support interceptors that handle answers.
    releases: SINCE_8,
    run: async ({ undici, authenticated }, { server }) => {
      const mock = new undici.MockAgent({ connections: 1 })
      mock.disableNetConnect()
      const pool = authenticated(mock.get(server.url))
      pool.intercept({ path: "/a", method: "GET" }).reply(200, "mocked").times(2)
      const text = await textOf(await pool.request({ ...get, path: "/a", origin: server.url }))
      return [text, await textOf(await pool.request({ ...get, path: "/a" }))]
    },
    gives: ["mocked", "mocked"],
  },
  {
    name: "setGlobalDispatcher: for undici's own functions",
    documentation: reference("GlobalInstallation"),
    alone: true,
    run: async ({ undici, agent }, { server, defer }) => {
      const before = undici.getGlobalDispatcher()
      defer(() => undici.setGlobalDispatcher(before))
      undici.setGlobalDispatcher(agent)
      const answered = await textOf(await undici.request(server.url))
      const fetched = await (await undici.fetch(server.url)).text()
      return [answered, fetched, undici.getGlobalDispatcher() === agent]
    },
    gives: ['{"ok":true}', '{"ok":true}', true],
  },
  {
    name: "setGlobalDispatcher: for the global fetch, and what uses it",
    documentation: reference("GlobalInstallation"),
    alone: true,
    run: async ({ undici, agent }, { server, defer }) => {
      const before = undici.getGlobalDispatcher()
      defer(() => undici.setGlobalDispatcher(before))
      undici.setGlobalDispatcher(agent)
      const form = new FormData()
      form.append("a", "b")
      const bodies = ["text", Uint8Array.of(1, 2), new Blob(["blob"], { type: "a/b" }), form]
      const statuses: number[] = []
      for (const body of bodies) {
        statuses.push((await fetch(`${server.url}/?q=ü`, { method: "POST", body, headers: { "x-own": "1" } })).status)
      }
      const sent = server.arrivals.map(({ target, headers }) => [target, headers["x-own"], headers["content-length"]])
      return [statuses, sent]
    },
    gives: [
      [200, 200, 200, 200],
      [
        ["/?q=%C3%BC", "1", "4"],
        ["/?q=%C3%BC", "1", "2"],
        ["/?q=%C3%BC", "1", "4"],
        ["/?q=%C3%BC", "1", expect.stringMatching(/^\d+$/)],
      ],
    ],
  },
  {
    name: "events: connect, disconnect",
    documentation: reference("Dispatcher?id=event-connect"),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url))
      const seen: unknown[] = []
      client.on("connect", (origin) => seen.push(["connect", origin.origin]))
      client.on("disconnect", (origin, _targets, { code }) => seen.push(["disconnect", origin.origin, code]))
      await textOf(await client.request(get))
      await client.close()
      return [seen, client.closed, client.destroyed]
    },
    gives: [
      [
        ["connect", "http://server-1"],
        ["disconnect", "http://server-1", "UND_ERR_DESTROYED"],
      ],
      true,
      true,
    ],
  },
  {
    name: "close: waits for requests on their way, refuses others",
    documentation: reference("Dispatcher?id=dispatcherclosecallback"),
    answer: () => new Promise((resolve) => setTimeout(() => resolve({}), 50)),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url))
      const first = client.request(get).then(textOf)
      while (server.arrivals.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      const closed = client.close()
      const refused = await client.request(get).catch(({ name, code }) => [name, code])
      await closed
      return [await first, refused]
    },
    gives: ['{"ok":true}', ["ClientClosedError", "UND_ERR_CLOSED"]],
  },
  {
    name: "close: right after a request was made",
    documentation: reference("Dispatcher?id=dispatcherclosecallback"),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url))
      const first = client.request(get).then(textOf, ({ code }: { code: string }) => code)
      await client.close()
      return first
    },
    gives: '{"ok":true}',
  },
  {
    name: "close and destroy: by callback, again, and after one another",
    documentation: reference("Dispatcher?id=dispatcherclosecallback"),
    run: async ({ undici, authenticated }, { server }) => {
      const called = (work: (callback: (...given: unknown[]) => void) => unknown): Promise<unknown> =>
        new Promise((resolve) => {
          const returned = work((error, data) => resolve([error instanceof Error ? error.name : error, data, returned]))
        })
      const make = () => [
        authenticated(new undici.Agent()),
        authenticated(new undici.Client(server.url)),
        authenticated(new undici.Pool(server.url)),
        authenticated(new undici.ProxyAgent(server.url)),
      ]
      const seen: unknown[] = []
      for (const one of make()) {
        seen.push(await called((callback) => one.close(callback)))
        seen.push(await called((callback) => one.close(callback)), await one.close().catch(({ name }) => name))
      }
      for (const one of make()) {
        seen.push(await called((callback) => one.destroy(new Error("own"), callback)))
        seen.push(await called((callback) => one.destroy(callback)), await one.destroy())
        seen.push(await called((callback) => one.close(callback)))
        seen.push(
          await Promise.resolve()
            .then(() => one.close("none" as never))
            .catch(({ name }) => name),
        )
      }
      return seen
    },
  },
  {
    name: "members that reach private ones: of a RetryAgent, and of a class of the caller's",
    documentation: reference("RetryAgent"),
    run: async ({ undici, authenticated }, { server }) => {
      class Counting extends undici.Agent {
        #count = 0
        get count(): number {
          return this.#count
        }
        set count(count: number) {
          this.#count = count
        }
        reset(): this {
          this.#count = 0
          return this
        }
        override dispatch(...given: Parameters<Dispatcher["dispatch"]>): boolean {
          this.#count += 1
          return super.dispatch(...given)
        }
      }
      const counting = authenticated(new Counting())
      await textOf(await counting.request({ ...get, origin: server.url }))
      const counts = [counting.count, counting.reset() === counting, counting.count]
      counting.count = 5
      const retrying = authenticated(new undici.RetryAgent(new undici.Agent()))
      const text = await textOf(await retrying.request({ ...get, origin: server.url }))
      const chained = retrying.on("connect", () => undefined) === retrying
      await retrying.close()
      await authenticated(new undici.RetryAgent(new undici.Agent())).destroy()
      return [counts, counting.count, counting.constructor === Counting, text, chained]
    },
    gives: [[1, true, 0], 5, true, '{"ok":true}', true],
  },
  {
    name: "SnapshotAgent: records, plays back and closes",
    documentation: reference("SnapshotAgent"),
    releases: SINCE_8,
    run: async ({ undici, authenticated }, { server, defer }) => {
      const folder = mkdtempSync(join(tmpdir(), "countersign-undici-"))
      defer(() => rmSync(folder, { recursive: true }))
      const snapshotPath = join(folder, "snapshots.json")
      const options = { snapshotPath, excludeHeaders: ["x-auth-token", "authorization"] }
      const recording = authenticated(new undici.SnapshotAgent({ ...options, mode: "record" }))
      const recorded = await textOf(await recording.request({ ...get, origin: server.url }))
      await recording.saveSnapshots()
      await recording.close()
      const playing = authenticated(new undici.SnapshotAgent({ ...options, mode: "playback" }))
      await playing.loadSnapshots()
      const found = [playing.getMode(), playing.getRecorder().size()]
      await playing.close()
      return [recorded, found, server.arrivals.length]
    },
    gives: ['{"ok":true}', ["playback", 1], 1],
  },
  {
    name: "destroy: ends requests with the error that is given",
    documentation: reference("Dispatcher?id=dispatcherdestroyerror-callback"),
    answer: () => new Promise(() => undefined),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url))
      const first = client.request(get).catch(String)
      while (server.arrivals.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await client.destroy(new RangeError("own"))
      return [await first, await client.request(get).catch(({ code }) => code)]
    },
    gives: ["RangeError: own", "UND_ERR_DESTROYED"],
  },
]

function oneChunk(text: string): UnderlyingDefaultSource<Uint8Array> {
  return {
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    },
  }
}

/** A proxy on this machine, and what it was asked for: method, target, its own authorization, whether it saw a credential. */
async function proxy({ defer }: FeatureContext): Promise<{ url: string; seen: unknown[][] }> {
  const seen: unknown[][] = []
  const server = createServer((request, response) => {
    seen.push([request.method, request.url])
    const forwarded = httpRequest(request.url ?? "", { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    request.pipe(forwarded)
  })
  server.on("connect", ({ method, url = "", headers }, socket) => {
    seen.push([method, url, headers["proxy-authorization"], "x-auth-token" in headers])
    const { hostname, port } = new URL(`http://${url}`)
    const target = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 established\r\n\r\n")
      target.pipe(socket).pipe(target)
    })
    target.on("error", () => socket.destroy())
    socket.on("error", () => target.destroy())
  })
  // Not by `listen`: what passes here arrives once more where it goes.
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, seen }
}
