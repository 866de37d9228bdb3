// A server in a separate process, so that its work does not count. It prints its port and ends with its input.
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { selfSigned } from "@countersign/testkit"
import { json } from "./example-request.ts"

const answer: RequestListener = (request, response) => {
  request.resume()
  request.once("end", () => {
    response.setHeader("content-type", "application/json")
    response.end(json)
  })
}
const server = process.argv[2] === "https" ? createTlsServer(selfSigned("localhost"), answer) : createServer(answer)
server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port))
process.stdin.resume().once("close", () => process.exit())
