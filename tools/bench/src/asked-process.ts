import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** A program that answers each line of its input with a number. */
export interface AskedProcess {
  ask(line: string): Promise<number>
  stop(): void
}

/** @param name for messages */
export function startAsked(name: string, binary: string, args: readonly string[], cwd?: string): AskedProcess {
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "inherit"], cwd })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, "close").then(([code]) => {
    throw new Error(`${name}, ended with ${code}.`)
  })
  // A process that ended accepts no input. Its exit code says why it ended.
  child.stdin.on("error", () => undefined)
  // This is a failure only for a caller that waits for a line.
  ended.catch(() => undefined)
  return {
    async ask(question) {
      const answer = once(lines, "line")
      child.stdin.write(`${question}\n`)
      const [line] = (await Promise.race([answer, ended])) as [string]
      return Number(line)
    },
    stop: () => child.kill(),
  }
}
