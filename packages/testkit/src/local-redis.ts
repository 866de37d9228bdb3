import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { freePort } from "./free-port.ts"

const run = promisify(execFile)

export interface LocalRedis {
  readonly url: string
  readonly port: number
  /** SIGKILL: no farewell to the clients. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  /** SIGCONT */
  resume(): void
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

/** The servers of this machine by name: redis-server, and the program that `VALKEY_SERVER` names. */
export function redisPrograms(): Array<readonly [name: "Redis" | "Valkey", program: string]> {
  const { VALKEY_SERVER: valkey } = process.env
  return [["Redis", "redis-server"], ...(valkey ? ([["Valkey", valkey]] as const) : [])]
}

/** A real Redis on a free port of this machine, keeping nothing on disk. */
export function localRedis(...options: string[]): Promise<LocalRedis> {
  return startServer({ options })
}

export interface ServerOptions {
  /** @default "redis-server" */
  readonly program?: string | undefined
  /** Further arguments. A function gets the port and an empty folder. */
  readonly options?: readonly string[] | ((port: number, directory: string) => readonly string[]) | undefined
}

/** Any server of the Redis family. */
export async function startServer({ program = "redis-server", options = [] }: ServerOptions = {}): Promise<LocalRedis> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), "countersign-redis-"))
  const standard = `--port ${port} --bind 127.0.0.1 --appendonly no --dir ${directory} --save`.split(" ")
  const settings = typeof options === "function" ? options(port, directory) : [...standard, "", ...options]
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    server = spawn(program, settings, { stdio: "ignore" })
    await answering(port)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, "exit")
    server.kill(signal)
    // A paused server gets no other signal than SIGKILL before it goes on.
    server.kill("SIGCONT")
    await exited
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    kill: () => end("SIGKILL"),
    pause: () => void server?.kill("SIGSTOP"),
    resume: () => void server?.kill("SIGCONT"),
    async stop() {
      // Replicas and nodes of a cluster would take their time.
      await end("SIGKILL")
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isOpen(port)) return
    await delay(25)
  }
  throw new Error(`No server answers on port ${port}.`)
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

/** The answer of a server to a command. */
export async function askServer(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-p", String(port), ...command])
  return stdout.trim()
}

/** Looks every 50 ms, for 10 s. */
export async function until(complaint: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isTrue()) return
    await delay(50)
  }
  throw new Error(complaint)
}
