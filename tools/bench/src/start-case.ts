import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Runtime } from "./runtimes.ts"
import type { CaseName, ClientName } from "./whole-request-cases.ts"

const PROGRAM = fileURLToPath(new URL("case-process.ts", import.meta.url))

/** A client in a separate process. */
export interface RunningCase {
  /** Sends requests for that time. Returns the CPU time of one request in nanoseconds. */
  measure(forMs: number): Promise<number>
  stop(): void
}

export function startCase(
  { binary, before }: Runtime,
  client: ClientName,
  name: CaseName,
  origin: string,
): RunningCase {
  const child = spawn(binary, [...before, PROGRAM, client, name, origin], { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, "close").then(([code]) => {
    throw new Error(`${client}, ${name}, ended with ${code}.`)
  })
  // A process that ended accepts no input. Its exit code says why it ended.
  child.stdin.on("error", () => undefined)
  // This is a failure only for a caller that waits for a line.
  ended.catch(() => undefined)
  return {
    async measure(forMs) {
      const answer = once(lines, "line")
      child.stdin.write(`${forMs}\n`)
      const [line] = (await Promise.race([answer, ended])) as [string]
      return Number(line)
    },
    stop: () => child.kill(),
  }
}
