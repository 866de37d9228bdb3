import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo, Server, Socket } from "node:net"
import type { Place, Wire } from "./wires.ts"

export type SiteRequest = IncomingMessage | Http2ServerRequest
export type SiteResponse = ServerResponse | Http2ServerResponse

/** A server, and its name for clients. */
export interface Site {
  readonly origin: string
  close(): Promise<void>
}

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** Names that only the proxy resolves, so that requests must use it. */
export const DOMAIN = "countersign.test"

/** A server of one wire, which speaks only the protocol of that wire. */
export async function openSite(
  place: Place,
  wire: Wire,
  identity: Identity,
  handle: (request: SiteRequest, response: SiteResponse) => void,
): Promise<Site> {
  const server = serverOf(wire, identity, handle)
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `${originWithoutPort(place, wire)}:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function serverOf(
  wire: Wire,
  identity: Identity,
  handle: (request: SiteRequest, response: SiteResponse) => void,
): Server {
  switch (wire) {
    case "HTTP/1.1":
    case "forwarding proxy":
      return createServer(handle)
    case "HTTP/2":
      return createSecureServer({ ...identity, allowHTTP1: false }, handle)
    case "CONNECT proxy":
      return createTlsServer(identity, handle)
  }
}

function originWithoutPort(place: Place, wire: Wire): string {
  switch (wire) {
    case "HTTP/1.1":
      return "http://127.0.0.1"
    case "HTTP/2":
      return "https://localhost"
    case "forwarding proxy":
      return `http://${place}.${DOMAIN}`
    case "CONNECT proxy":
      return `https://${place}.${DOMAIN}`
  }
}
