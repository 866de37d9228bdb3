import { createServer } from "node:net"
import { type ErrorFacts, errorFacts } from "@countersign/testkit"
import { expect } from "vitest"
import { reference, type UndiciFeature } from "./undici-client.ts"

const documentation = reference("Errors")
const get = { path: "/", method: "GET" } as const
const stuck = (): Promise<never> => new Promise(() => undefined)

/** Errors and their classes, and timeouts. */
export const errors: readonly UndiciFeature[] = [
  {
    name: "HeadersTimeoutError, of the dispatcher and of the request",
    documentation,
    answer: stuck,
    run: async ({ undici, agent, authenticated }, { server, limitMs }) => {
      const impatient = authenticated(new undici.Client(server.url, { headersTimeout: limitMs }))
      return Promise.all([
        errorFacts(impatient.request(get)),
        errorFacts(agent.request({ ...get, origin: server.url, headersTimeout: limitMs })),
      ])
    },
    gives: Array(2).fill(expect.objectContaining({ name: "HeadersTimeoutError", code: "UND_ERR_HEADERS_TIMEOUT" })),
  },
  {
    name: "BodyTimeoutError",
    documentation,
    run: async ({ agent }, { listen, limitMs }) => {
      const origin = await listen((_request, response) => response.write("begun"))
      const { body } = await agent.request({ ...get, origin, bodyTimeout: limitMs })
      return errorFacts(body.text())
    },
    gives: expect.objectContaining({ name: "BodyTimeoutError", code: "UND_ERR_BODY_TIMEOUT" }),
  },
  {
    name: "ConnectTimeoutError, and errors of the network as they are",
    documentation,
    run: async ({ undici, authenticated, agent }) => {
      const never = authenticated(
        new undici.Agent({ connect: (_options, done) => done(new undici.errors.ConnectTimeoutError("own"), null) }),
      )
      return [
        await errorFacts(never.request({ ...get, origin: "http://127.0.0.1" })),
        await errorFacts(agent.request({ ...get, origin: "http://127.0.0.1:1" })),
      ]
    },
    gives: [
      expect.objectContaining({ name: "ConnectTimeoutError", code: "UND_ERR_CONNECT_TIMEOUT" }),
      expect.objectContaining({ code: "ECONNREFUSED" }),
    ],
  },
  {
    name: "SocketError: the other side hangs up",
    documentation,
    run: async ({ agent }, { listen }) => {
      const origin = await listen((request) => request.socket.end())
      const { socket: _, ...facts } = (await errorFacts(agent.request({ ...get, origin }))) as ErrorFacts & {
        socket?: unknown
      }
      return facts
    },
    gives: expect.objectContaining({ name: "SocketError", code: "UND_ERR_SOCKET", message: "other side closed" }),
  },
  {
    name: "HTTPParserError: what is no HTTP",
    documentation,
    run: async ({ agent }, { listen }) => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined)
        socket.end("no HTTP at all\r\n\r\n")
      })
      const origin = await listen(server)
      return errorFacts(agent.request({ ...get, origin }))
    },
    gives: expect.objectContaining({ name: "HTTPParserError" }),
  },
  {
    name: "HeadersOverflowError",
    documentation,
    answer: () => ({ headers: { "x-long": "x".repeat(10_000) } }),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url, { maxHeaderSize: 5_000 }))
      return errorFacts(client.request(get))
    },
    gives: expect.objectContaining({ name: "HeadersOverflowError", code: "UND_ERR_HEADERS_OVERFLOW" }),
  },
  {
    name: "ResponseExceededMaxSizeError",
    documentation,
    answer: () => ({ body: "x".repeat(10_000) }),
    run: async ({ undici, authenticated }, { server }) => {
      const client = authenticated(new undici.Client(server.url, { maxResponseSize: 5_000 }))
      const { body } = await client.request(get)
      return errorFacts(body.text())
    },
    gives: expect.objectContaining({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE" }),
  },
  {
    name: "ResponseContentLengthMismatchError",
    documentation,
    run: async ({ agent }, { listen }) => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined)
        socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"))
      })
      const origin = await listen(server)
      const { body } = await agent.request({ ...get, origin })
      const { properties: _, ...facts } = await errorFacts(body.text())
      return facts
    },
    gives: expect.objectContaining({ code: expect.stringMatching(/^UND_ERR_/) }),
  },
  {
    name: "errors are told by class, and by code",
    documentation,
    answer: stuck,
    run: async ({ undici, agent }, { server, limitMs }) => {
      const options = { ...get, origin: server.url, headersTimeout: limitMs }
      const error: unknown = await agent.request(options).catch((thrown: unknown) => thrown)
      const { HeadersTimeoutError, UndiciError, BodyTimeoutError } = undici.errors
      return [HeadersTimeoutError, UndiciError, BodyTimeoutError].map((type) => error instanceof type)
    },
    gives: [true, true, false],
  },
]
