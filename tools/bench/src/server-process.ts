// A server in a separate process, so that its work does not count. It prints its port and ends with its input.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "./example-request.ts"

const server = createServer((request, response) => {
  request.resume()
  request.once("end", () => {
    response.setHeader("content-type", "application/json")
    response.end(json)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port))
process.stdin.resume().once("close", () => process.exit())
