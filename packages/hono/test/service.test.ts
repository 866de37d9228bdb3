import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { describeService, type RunningService } from "@countersign/testkit"
import { type ServerType, serve } from "@hono/node-server"
import { Hono } from "hono"
import { HTTPException } from "hono/http-exception"
import { Hono as Hono4_0 } from "hono-4.0"
import { HTTPException as HTTPException4_0 } from "hono-4.0/http-exception"
import { application } from "./service.ts"

for (const [name, HonoClass, HTTPExceptionClass] of [
  ["hono", Hono, HTTPException],
  ["hono 4.0", Hono4_0, HTTPException4_0],
] as const) {
  describeService(name, {
    // A Request has a URL without dots.
    unseen: ["path-dot-segments"],
    async start(setting): Promise<RunningService> {
      const app = application(setting, HonoClass as typeof Hono, HTTPExceptionClass as typeof HTTPException)
      const servers = [1, 2].map(() => serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }))
      await Promise.all(servers.map((server) => once(server, "listening")))
      const [first, second] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      return { origins: [first ?? "", second ?? ""], close: async () => servers.forEach(stop) }
    },
  })
}

function stop(server: ServerType): void {
  server.close()
  if ("closeAllConnections" in server) server.closeAllConnections()
}
