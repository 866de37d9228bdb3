import { comparing, type Words } from "./compare.ts"
import { concurrent, interleaved, type Samples } from "./rounds.ts"
import type { Part, Row } from "./row.ts"
import { startServer } from "./start-server.ts"
import { ratio } from "./statistics.ts"
import { type CaseName, type Cases, type ClientName, clients } from "./whole-request-clients.ts"

const CONCURRENCY = 64

/** What a request costs the process in CPU, system calls and garbage collection included, with and without authentication. */
export function wholeRequests(client: ClientName): Part {
  return async ({ quick, node }) => {
    const server = await startServer(node)
    try {
      const cases = await clients[client](server.origin)
      // What has no target says nothing to CI.
      if (quick) delete cases.byHand
      const batches = Object.entries(cases).map(([name, send]) => [name, concurrent(send, CONCURRENCY)])
      const samples = await interleaved<CaseName>(Object.fromEntries(batches), {
        rounds: quick ? 7 : 31,
        // Some thousand requests in each: with less than several collections of garbage a case pays for one too many or too few.
        roundMs: quick ? 200 : 450,
        warmUpMs: quick ? 500 : 3_000,
        isEven: true,
        now: cpuMs,
      })
      return { rows: rowsOf(client, cases, samples) }
    } finally {
      server.stop()
    }
  }
}

/** The cases that were measured, in this order. */
function rowsOf(client: ClientName, cases: Cases, samples: Samples<CaseName>): Row[] {
  const against = `bare ${client}`
  const words: Partial<Record<CaseName, Omit<Words, "against">>> = {
    aksk: { id: `${client}-aksk`, what: `${client} with AK/SK`, target: { atMost: 1.1 } },
    token: {
      id: `${client}-token`,
      what: `${client} with a token`,
      target: { atMost: 1.05 },
      remark:
        cases.byHand && `Its header alone, set by hand, makes ${ratio(samples, "byHand", "bare").value.toFixed(2)} x.`,
    },
    byHand: { id: `${client}-by-hand`, what: `bare ${client}, token header set by hand` },
    aws4Axios: { id: "axios-aws4-axios", what: "axios with aws4-axios" },
    official: { id: "axios-official", what: "axios with the official SDK's signer" },
    aws4fetch: { id: "fetch-aws4fetch", what: "fetch with aws4fetch" },
  }
  const row = comparing(samples)
  const names = (Object.keys(words) as CaseName[]).filter((name) => cases[name] !== undefined)
  return names.flatMap((name) => {
    const own = words[name]
    return own === undefined ? [] : [row(name, "bare", { ...own, against })]
  })
}

/** What all threads of this process have worked. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
