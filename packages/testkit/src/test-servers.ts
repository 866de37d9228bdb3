import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach } from "vitest"
import { type RecordingServer, recordingServer } from "./recording-server.ts"

export interface TestServers {
  serve: typeof recordingServer
  /** Starts a server that answers as the listener does, and returns its origin. */
  listen(answer: RequestListener): Promise<string>
}

/** Starts servers that close after each test. To be called where `afterEach` may be. */
export function testServers(): TestServers {
  const recording: RecordingServer[] = []
  const listening: Server[] = []
  afterEach(async () => {
    for (const server of listening.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
    await Promise.all(recording.splice(0).map((server) => server.close()))
  })
  return {
    async serve(answer) {
      const server = await recordingServer(answer)
      recording.push(server)
      return server
    },
    async listen(answer) {
      const server = createServer(answer)
      listening.push(server)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  }
}
