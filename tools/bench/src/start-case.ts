import { fileURLToPath } from "node:url"
import { startAsked } from "./asked-process.ts"
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
  const { ask, stop } = startAsked(`${client}, ${name}`, binary, [...before, PROGRAM, client, name, origin])
  return { measure: (forMs) => ask(String(forMs)), stop }
}
