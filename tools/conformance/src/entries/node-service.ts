// A service on node:http for every runtime that has it. It prints its port. A key takes a moment, so a body is there by then.
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { createAuthHandler, createVerifier } from "@countersign/server"

const KEY = { secretAccessKey: "secret-key-of-the-service-suite-012345", owner: "alice" }
const verifier = createVerifier({
  keys: async () => {
    await new Promise((resolve) => setTimeout(resolve, 30))
    return KEY
  },
  keyCache: { ttlMs: 0 },
})

const handlers = {
  "/": createAuthHandler(verifier).node(async (request, response) => {
    response.end(`served ${await text(request)}`)
  }),
  "/raw": createAuthHandler(verifier, { rawBody: true }).node(async (request, response) => {
    const body = await text(request)
    response.end(String(request.rawBody) === body ? `served ${body}` : `read ${body}, but the raw body is another`)
  }),
  "/stream": createAuthHandler(verifier, { streamBody: true }).node(async (request, response) => {
    response.end(`served ${await text(request)}`)
  }),
}

const server = createServer((request, response) => handlers[request.url as keyof typeof handlers](request, response))
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.log(typeof address === "object" ? String(address?.port) : "")
})
