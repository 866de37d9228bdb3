import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { difference, median } from "./distribution.ts"
import { interleaved, sync } from "./rounds.ts"
import type { Part } from "./row.ts"

const CLIENTS = ["axios", "got", "ky", "fetch", "undici"] as const
const HERE = fileURLToPath(new URL(".", import.meta.url))

/** Measures how much later a program starts if it imports an adapter: whole processes, from start to end. */
export const importTime: Part = async ({ quick, node }) => {
  const programs = CLIENTS.flatMap((client) => {
    // The runtime's fetch needs no import.
    const alone = client === "fetch" ? "" : `import ${JSON.stringify(client)};`
    const imports = `import { akskAuth, tokenAuth } from "@countersign/${client}";`
    return [
      [client, alone],
      [`${client} with auth`, alone + imports],
    ] as const
  })
  const cases = Object.fromEntries(programs.map(([name, program]) => [name, sync(() => start(node, program))]))
  const samples = await interleaved(cases, { rounds: quick ? 5 : 61, roundMs: 1, warmUpMs: 1 })
  const ms = (name: string): string => (median(samples[name] ?? []) / 1e6).toFixed(0)
  const rows = CLIENTS.map((client) => {
    const { value, spread } = difference(samples, `${client} with auth`, client)
    return {
      id: `import-${client}`,
      what: `import of @countersign/${client} with its core`,
      against: client === "fetch" ? "above an empty process" : `above a process that imports ${client}`,
      value: value / 1e6,
      spread: [spread[0] / 1e6, spread[1] / 1e6] as const,
      unit: "ms" as const,
      target: { atMost: 15 },
      detail: `${ms(`${client} with auth`)} ms with it, ${ms(client)} ms without`,
    }
  })
  return { rows }
}

function start(node: string, program: string): void {
  const { status, stderr } = spawnSync(node, ["--input-type=module", "--eval", program], {
    cwd: HERE,
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(stderr)
}
