import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** A way to a server of this machine that takes time. */
export interface SlowLine {
  readonly url: string
  readonly port: number
  /** Keeps answers of the server back. */
  hold(): void
  /** Passes on what was kept back, and all that follows. */
  go(): void
  close(): void
}

/** Passes everything on, half of `delayMs` later in each direction. */
export async function slowLine(port: number, delayMs = 0): Promise<SlowLine> {
  let held: (() => void)[] | undefined
  const server = createServer((client: Socket) => {
    const upstream = connect(port, "127.0.0.1")
    // Timers of equal length fire in the order in which they were set.
    const later = (pass: () => void): void => void (delayMs === 0 ? pass() : setTimeout(pass, delayMs / 2))
    client.on("data", (bytes) => later(() => upstream.write(bytes)))
    upstream.on("data", (bytes) => {
      const pass = (): void => later(() => client.write(bytes))
      if (held === undefined) pass()
      else held.push(pass)
    })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => undefined)
      socket.on("close", () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port: own } = server.address() as AddressInfo
  return {
    url: `redis://127.0.0.1:${own}`,
    port: own,
    hold() {
      held ??= []
    },
    go() {
      const kept = held ?? []
      held = undefined
      for (const pass of kept) pass()
    },
    close: () => void server.close(),
  }
}
