import { fileURLToPath } from "node:url"
import { type AskedProcess, startAsked } from "./asked-process.ts"
import { comparing } from "./compare.ts"
import { EARLIER_COMMIT, earlierBuild } from "./earlier-build.ts"
import { shuffled } from "./rounds.ts"
import type { Part, Row } from "./row.ts"
import type { StubAuth, StubClient } from "./stub-case.ts"

const PROGRAM = fileURLToPath(new URL("stub-case.ts", import.meta.url))
const HERE = fileURLToPath(new URL("..", import.meta.url))

interface Targets {
  /** Beside the earlier build. */
  readonly token: number
  readonly aksk?: number
  /** Above the same headers, set by hand. */
  readonly bytes: number
  readonly promises: number
}

const TARGETS: Readonly<Record<StubClient, Targets>> = {
  undici: { token: 0.45, aksk: 0.85, bytes: 1_800, promises: 0 },
  fetch: { token: 0.65, aksk: 0.78, bytes: 3_200, promises: 1 },
  ky: { token: 0.7, bytes: 6_000, promises: 1 },
  got: { token: 0.7, bytes: 5_000, promises: 3 },
  axios: { token: 0.7, bytes: 7_000, promises: 5 },
}

/**
 * Measures each adapter over a client that answers at once: beside the earlier build, and what it adds to the same headers set by
 * hand. The spread of whole requests would hide both.
 */
export const adaptersOverStub: Part = async ({ quick }) => {
  const rows: Row[] = []
  for (const client of Object.keys(TARGETS) as StubClient[]) rows.push(...(await rowsOf(client, quick)))
  return { rows }
}

async function rowsOf(client: StubClient, quick: boolean): Promise<Row[]> {
  const start = (kind: StubAuth, folder: string): AskedProcess =>
    startAsked(`${client}, ${kind}`, process.execPath, [PROGRAM, client, kind], folder)
  const earlier = earlierBuild()
  const processes = {
    byHand: start("byHand", HERE),
    token: start("token", HERE),
    earlierToken: start("token", earlier),
    aksk: start("aksk", HERE),
    earlierAksk: start("aksk", earlier),
  }
  const running = Object.entries(processes)
  const samples = { byHand: [], token: [], earlierToken: [], aksk: [], earlierAksk: [] } as Record<string, number[]>
  try {
    for (const [, { ask }] of running) await ask(`time ${quick ? 300 : 1_500}`)
    for (let round = 0; round < (quick ? 5 : 31); round++)
      for (const [name, { ask }] of shuffled(running)) samples[name]?.push(await ask(`time ${quick ? 50 : 100}`))
    const { token, aksk, bytes, promises } = TARGETS[client]
    const against = `the build of ${EARLIER_COMMIT}`
    const row = comparing(samples)
    const aboveByHand = async (
      question: "bytes" | "promises",
      what: string,
      unit: Row["unit"],
      atMost: number,
    ): Promise<Row> => ({
      id: `stub-${client}-${question}`,
      what: `${what} of a request of ${client} with a token`,
      against: "above the same headers, set by hand",
      value: (await processes.token.ask(question)) - (await processes.byHand.ask(question)),
      unit,
      target: { atMost },
    })
    return [
      row("token", "earlierToken", {
        id: `stub-${client}-token`,
        what: `${client} with a token, over a client that answers at once`,
        against,
        target: { atMost: token },
      }),
      row("aksk", "earlierAksk", {
        id: `stub-${client}-aksk`,
        what: `${client} with AK/SK, over a client that answers at once`,
        against,
        target: aksk === undefined ? undefined : { atMost: aksk },
      }),
      await aboveByHand("bytes", "garbage", "bytes", bytes),
      await aboveByHand("promises", "our own promises", "calls", promises),
    ]
  } finally {
    for (const [, { stop }] of running) stop()
  }
}
