import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

export interface LocalRedis {
  readonly url: string
  readonly port: number
  /** SIGKILL: no farewell to the clients. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Whether this machine has redis-server. In CI a missing one is an error. */
export function hasRedis(): boolean {
  const found = spawnSync("redis-server", ["--version"]).status === 0
  if (!found && process.env.COUNTERSIGN_REQUIRE_SYSTEM_TOOLS === "1")
    throw new Error("redis-server is missing: apt-get install redis-server")
  if (!found)
    process.stderr.write("Tests on a real Redis are skipped: apt-get install redis-server (or valkey) to run them.\n")
  return found
}

/** A real Redis on a free port of this machine, keeping nothing on disk. */
export async function localRedis(...options: string[]): Promise<LocalRedis> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), "countersign-redis-"))
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const settings = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      directory,
    ]
    server = spawn("redis-server", [...settings, ...options], { stdio: "ignore" })
    await answering(port)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, "exit")
    server.kill(signal)
    await exited
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM")
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("There is no free port.")),
      )
    })
  })
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isOpen(port)) return
    await delay(25)
  }
  throw new Error(`redis-server does not answer on port ${port}.`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })
}
