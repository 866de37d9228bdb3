import { comparing } from "./compare.ts"
import { concurrent, interleaved } from "./rounds.ts"
import type { Part, Row } from "./row.ts"
import { startServer } from "./start-server.ts"
import { type CaseName, type ClientName, clients } from "./whole-request-clients.ts"

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
        rounds: quick ? 15 : 101,
        // Some hundred requests in each, and warm when the first begins.
        roundMs: quick ? 60 : 120,
        warmUpMs: quick ? 500 : 3_000,
        isEven: true,
        // Each case collects its own garbage, not that of the one before.
        before: collectYoung,
        now: cpuMs,
      })
      return { rows: rowsOf(client, Object.keys(cases), comparing(samples)) }
    } finally {
      server.stop()
    }
  }
}

function rowsOf(client: ClientName, cases: readonly string[], row: ReturnType<typeof comparing<CaseName>>): Row[] {
  const measured = Object.entries(ROWS(client)).filter(([name]) => cases.includes(name))
  return measured.map(([name, words]) => row(name as CaseName, "bare", { against: `bare ${client}`, ...words }))
}

const ROWS = (client: ClientName) => ({
  aksk: { id: `${client}-aksk`, what: `${client} with AK/SK`, target: { atMost: 1.1 } },
  token: { id: `${client}-token`, what: `${client} with a token`, target: { atMost: 1.05 } },
  byHand: { id: `${client}-by-hand`, what: `bare ${client}, token header set by hand` },
  aws4Axios: { id: "axios-aws4-axios", what: "axios with aws4-axios" },
  official: { id: "axios-official", what: "axios with the official SDK's signer" },
  aws4fetch: { id: "fetch-aws4fetch", what: "fetch with aws4fetch" },
})

/** What all threads of this process have worked. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function collectYoung(): void {
  globalThis.gc?.({ type: "minor" })
}
