import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { FrameworkName, FrameworkVariant } from "./framework-service.ts"

/** A service in a separate process. */
export interface RunningService {
  readonly origin: string
  /** The CPU time since the start, nanoseconds, and the most memory since the last call, bytes. */
  usage(): Promise<{ cpu: number; memory: number }>
  stop(): void
}

export async function startService(
  node: string,
  framework: FrameworkName,
  variant: FrameworkVariant,
): Promise<RunningService> {
  const program = fileURLToPath(new URL("framework-service.ts", import.meta.url))
  const child = spawn(node, ["--expose-gc", program, framework, variant], { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, "close").then(([code]) => {
    throw new Error(`${framework}, ${variant}, ended with ${code}.`)
  })
  child.stdin.on("error", () => undefined)
  ended.catch(() => undefined)
  const line = async (): Promise<string> => ((await Promise.race([once(lines, "line"), ended])) as [string])[0]
  const port = await line()
  return {
    origin: `http://127.0.0.1:${port}`,
    async usage() {
      const answer = line()
      child.stdin.write("\n")
      const [cpu = 0, memory = 0] = (await answer).split(" ").map(Number)
      return { cpu, memory }
    },
    stop: () => child.kill(),
  }
}
