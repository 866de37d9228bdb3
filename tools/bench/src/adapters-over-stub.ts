import { fileURLToPath } from "node:url"
import { type AskedProcess, startAsked } from "./asked-process.ts"
import { comparing } from "./compare.ts"
import { median } from "./distribution.ts"
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

/** V8 compiles the same code in one way or another, so each process is started that many times. */
const STARTS = 5

interface Measured {
  /** Nanoseconds, one sample per round. */
  readonly samples: Readonly<Record<Case, number[]>>
  /** Above the same headers, set by hand; one of each start. */
  readonly bytes: number[]
  readonly promises: number[]
}

type Case = "byHand" | "token" | "earlierToken" | "aksk" | "earlierAksk"

async function rowsOf(client: StubClient, quick: boolean): Promise<Row[]> {
  const measured: Measured = {
    samples: { byHand: [], token: [], earlierToken: [], aksk: [], earlierAksk: [] },
    bytes: [],
    promises: [],
  }
  for (let start = 0; start < (quick ? 1 : STARTS); start++) await measure(client, quick, measured)
  const { token, aksk, bytes, promises } = TARGETS[client]
  const against = `the build of ${EARLIER_COMMIT}`
  const row = comparing(measured.samples)
  const byHand = "above the same headers, set by hand"
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
    {
      id: `stub-${client}-bytes`,
      what: `garbage of a request of ${client} with a token`,
      against: byHand,
      value: median(measured.bytes),
      unit: "bytes",
      target: { atMost: bytes },
    },
    {
      id: `stub-${client}-promises`,
      what: `our own promises of a request of ${client} with a token`,
      against: byHand,
      value: median(measured.promises),
      unit: "calls",
      target: { atMost: promises },
    },
  ]
}

/** Starts the processes, measures them side by side, and stops them. */
async function measure(client: StubClient, quick: boolean, { samples, bytes, promises }: Measured): Promise<void> {
  const start = (kind: StubAuth, folder: string): AskedProcess =>
    startAsked(`${client}, ${kind}`, process.execPath, [PROGRAM, client, kind], folder)
  const earlier = earlierBuild()
  const processes: Record<Case, AskedProcess> = {
    byHand: start("byHand", HERE),
    token: start("token", HERE),
    earlierToken: start("token", earlier),
    aksk: start("aksk", HERE),
    earlierAksk: start("aksk", earlier),
  }
  const running = Object.entries(processes) as [Case, AskedProcess][]
  try {
    for (const [, { ask }] of running) await ask(`time ${quick ? 300 : 1_500}`)
    for (let round = 0; round < (quick ? 5 : 9); round++)
      for (const [name, { ask }] of shuffled(running)) samples[name].push(await ask(`time ${quick ? 50 : 100}`))
    const { token, byHand } = processes
    bytes.push((await token.ask("bytes")) - (await byHand.ask("bytes")))
    promises.push((await token.ask("promises")) - (await byHand.ask("promises")))
  } finally {
    for (const [, { stop }] of running) stop()
  }
}
