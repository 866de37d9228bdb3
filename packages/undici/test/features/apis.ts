import { createServer, type Server } from "node:http"
import { PassThrough, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Dispatcher } from "undici"
import { reference, SINCE_8, type UndiciFeature } from "./undici-client.ts"

const page = (section: string): string => reference(`Dispatcher?id=${section}`)

/** The other ways to send: stream, pipeline, upgrade, connect, dispatch. */
export const apis: readonly UndiciFeature[] = [
  {
    name: "stream: writes the answer to the caller's stream",
    documentation: page("dispatcherstreamoptions-factory-callback"),
    answer: () => ({ status: 201, headers: { "x-own": "1" }, body: "answer" }),
    run: async ({ undici, agent }, { server }) => {
      const chunks: Buffer[] = []
      let seen: unknown
      const options = { dispatcher: agent, opaque: { own: 1 }, method: "POST", body: "text" } as const
      const { opaque, trailers } = await undici.stream(`${server.url}/a`, options, (data) => {
        seen = [data.statusCode, data.headers["x-own"], data.opaque]
        return new Writable({
          write(chunk, _encoding, done) {
            chunks.push(chunk)
            done()
          },
        })
      })
      return [seen, Buffer.concat(chunks).toString(), opaque, trailers]
    },
    gives: [[201, "1", { own: 1 }], "answer", { own: 1 }, {}],
  },
  {
    name: "stream: a factory that throws, and a stream that breaks",
    documentation: page("dispatcherstreamoptions-factory-callback"),
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET" } as const
      const failing = agent.stream(options, () => {
        throw new RangeError("own")
      })
      const broken = agent.stream(options, () => new Writable({ write: (_chunk, _, done) => done(new Error("full")) }))
      return Promise.all([failing.catch(String), broken.catch(String)])
    },
    gives: ["RangeError: own", "Error: full"],
  },
  {
    name: "pipeline: writes to the request and reads from the answer",
    documentation: page("dispatcherpipelineoptions-handler"),
    run: async ({ undici, agent }, { listen }) => {
      const origin = await listen((request, response) => request.pipe(response))
      const options = { dispatcher: agent, method: "PUT", opaque: "own" } as const
      const seen: unknown[] = []
      const duplex = undici.pipeline(origin, options, ({ statusCode, opaque, body }) => {
        seen.push(statusCode, opaque)
        return body.pipe(new PassThrough())
      })
      const chunks: Buffer[] = []
      await pipeline(slowly("hel", "lo"), duplex, async (source) => {
        for await (const chunk of source) chunks.push(chunk as Buffer)
      })
      return [Buffer.concat(chunks).toString(), seen]
    },
    gives: ["hello", [200, "own"]],
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "upgrade: gives the socket",
    documentation: page("dispatcherupgradeoptions-callback"),
    run: async ({ undici, agent }, { listen }) => {
      const server = createServer()
      server.on("upgrade", (request, socket) => {
        socket.write(`HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`)
        socket.end("hello")
      })
      const { headers, socket } = await undici.upgrade(await listen(server), { dispatcher: agent, protocol: "own" })
      return [headers.upgrade, await textOf(socket)]
    },
    gives: ["own", "hello"],
  },
  {
    name: "connect: gives the socket",
    documentation: page("dispatcherconnectoptions-callback"),
    run: async ({ undici, agent }, { listen }) => {
      const server: Server = createServer()
      let seen: unknown
      server.on("connect", (request, socket) => {
        seen = [request.url, request.headers["x-auth-token"]]
        socket.end("HTTP/1.1 200 established\r\n\r\nhello")
      })
      const url = await listen(server)
      const { statusCode, socket } = await undici.connect(url, { dispatcher: agent, path: "/tunnel" } as object)
      return [statusCode, await textOf(socket), seen]
    },
    gives: [200, "hello", ["/tunnel", undefined]],
  },
  {
    name: "dispatch: calls the handler back in order",
    documentation: page("dispatcherdispatchoptions-handler"),
    answer: () => ({ status: 202, headers: { "x-own": "1" }, body: "answer" }),
    run: async ({ agent }, { server }) => {
      const calls: unknown[] = []
      await new Promise<void>((resolve, reject) => {
        agent.dispatch(
          { origin: server.url, path: "/", method: "PUT", body: "abc" },
          {
            onRequestStart: ({ aborted, paused, reason }) => calls.push(["start", aborted, paused, reason]),
            onResponseStart: (_controller, status, headers, text) => calls.push([status, headers["x-own"], text]),
            onResponseData: (_controller, chunk) => calls.push(chunk.toString()),
            onResponseEnd: (_controller, trailers) => {
              calls.push(trailers)
              resolve()
            },
            onResponseError: (_controller, error) => reject(error),
          },
        )
      })
      return calls
    },
    gives: [["start", false, false, null], [202, "1", "Accepted"], "answer", {}],
  },
  {
    name: "dispatch: tells what was sent",
    documentation: page("dispatcherdispatchoptions-handler"),
    releases: SINCE_8,
    run: async ({ agent }, { server }) => {
      const calls: unknown[] = []
      await new Promise<void>((resolve, reject) => {
        agent.dispatch(
          { origin: server.url, path: "/", method: "PUT", body: "abc" },
          {
            ...silent,
            onBodySent: (chunk) => calls.push(`sent ${chunk}`),
            onRequestSent: () => calls.push("all sent"),
            onResponseStarted: () => calls.push("answered"),
            onResponseEnd: () => resolve(),
            onResponseError: (_controller, error) => reject(error),
          },
        )
      })
      return calls
    },
    gives: ["sent abc", "all sent", "answered"],
  },
  {
    name: "dispatch: aborts, pauses and resumes by its controller",
    documentation: page("dispatcherdispatchoptions-handler"),
    answer: () => ({ body: "x".repeat(300_000) }),
    run: async ({ agent }, { server }) => {
      const options = { origin: server.url, path: "/", method: "GET" } as const
      let size = 0
      let pauses = 0
      await new Promise<void>((resolve, reject) => {
        agent.dispatch(options, {
          ...silent,
          onResponseData: (controller, chunk) => {
            size += chunk.length
            controller.pause()
            if (controller.paused) pauses = 1
            setTimeout(() => controller.resume(), 1)
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        })
      })
      const error = await new Promise((resolve) => {
        agent.dispatch(options, {
          ...silent,
          onResponseStart: (controller) => controller.abort(new RangeError("enough")),
          onResponseError: ({ aborted, reason }, thrown) => resolve([String(thrown), aborted, String(reason)]),
        })
      })
      return [size, pauses, error]
    },
    gives: [300_000, 1, ["RangeError: enough", true, "RangeError: enough"]],
  },
  {
    name: "dispatch: says whether there is room for more",
    documentation: page("dispatcherdispatchoptions-handler"),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url, { pipelining: 1 }))
      const handled: Promise<void>[] = []
      const send = (): boolean => {
        let done: () => void
        handled.push(
          new Promise((resolve) => {
            done = resolve
          }),
        )
        const handler = { ...silent, onResponseEnd: () => done(), onResponseError: () => done() }
        return client.dispatch({ path: "/", method: "POST" }, handler)
      }
      const room = [send(), send(), send()]
      await Promise.all(handled)
      return room
    },
    gives: [false, false, false],
  },
  {
    name: "dispatch: a request that undici refuses does not start",
    documentation: page("dispatcherdispatchoptions-handler"),
    run: async ({ agent }, { server }) => {
      const refused = [
        { headersTimeout: -1 },
        { upgrade: 5 },
        { headers: { a: "x\ny" } },
        { headers: ["a"] },
        { headers: { "transfer-encoding": "own" } },
        { reset: 5 },
      ]
      const seen = refused.map((more) => {
        const events: string[] = []
        const options = { origin: server.url, path: "/", method: "GET", ...more } as Dispatcher.DispatchOptions
        return new Promise((resolve) => {
          agent.dispatch(options, {
            ...silent,
            onRequestStart: () => events.push("start"),
            onResponseError: (_, { name }) => resolve([...events, name]),
          })
        })
      })
      return Promise.all(seen)
    },
    gives: Array(6).fill(["InvalidArgumentError"]),
  },
  {
    name: "compose: interceptors of the caller's run in their order, on what the caller sent",
    documentation: page("dispatchercomposeinterceptors-interceptor"),
    run: async ({ agent }, { server }) => {
      const seen: string[] = []
      const named =
        (name: string): Dispatcher.DispatcherComposeInterceptor =>
        (dispatch) =>
        (options, handler) => {
          seen.push(`${name} ${options.method} ${options.path} ${"x-auth-token" in (options.headers ?? {})}`)
          return dispatch({ ...options, headers: { ...options.headers, [`x-${name}`]: "1" } }, handler)
        }
      const composed = agent.compose(named("inner"), named("outer")).compose([named("outermost")])
      const { body } = await composed.request({ origin: server.url, path: "/", method: "GET" })
      await body.dump()
      const [arrival] = server.arrivals
      return [seen, ["inner", "outer", "outermost"].map((name) => arrival?.headers[`x-${name}`])]
    },
    gives: [
      ["outermost GET / false", "outer GET / false", "inner GET / false"],
      ["1", "1", "1"],
    ],
  },
]

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** undici 8 requires all of them. */
const silent: Dispatcher.DispatchHandler = {
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
  onResponseError: () => undefined,
}

async function* slowly(...chunks: string[]): AsyncGenerator<string> {
  for (const chunk of chunks) {
    yield chunk
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
