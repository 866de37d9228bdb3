import { comparing, type Words } from "./compare.ts"
import { type Samples, shuffled } from "./rounds.ts"
import type { Effort, Part, Row } from "./row.ts"
import { startCase } from "./start-case.ts"
import { startServer } from "./start-server.ts"
import { type CaseName, type ClientName, wholeRequestCases } from "./whole-request-cases.ts"

/**
 * Measures the CPU time of a request, including system calls and garbage collection, with and without authentication.
 *
 * A program has one client, so each case runs in a separate process, whose compiler has seen nothing else. Every process has
 * its turn in each round. Compiled code differs between processes, so all is repeated with new processes.
 */
export function wholeRequests(client: ClientName): Part {
  return async (effort) => {
    const names = namesOf(client, effort)
    const server = await startServer(effort.node)
    try {
      const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<CaseName, number[]>
      for (let set = 0; set < (effort.quick ? 1 : 4); set++)
        await measureSet(client, names, server.origin, effort, samples)
      return { rows: rowsOf(client, names, samples) }
    } finally {
      server.stop()
    }
  }
}

/** CI skips cases without a target. */
function namesOf(client: ClientName, { quick }: Effort): CaseName[] {
  const names = Object.keys(wholeRequestCases[client]) as CaseName[]
  return quick ? names.filter((name) => name in BY_HAND || Object.values(BY_HAND).includes(name)) : names
}

async function measureSet(
  client: ClientName,
  names: readonly CaseName[],
  origin: string,
  { quick, runtime }: Effort,
  samples: Record<CaseName, number[]>,
): Promise<void> {
  const running = names.map((name) => ({ name, process: startCase(runtime, client, name, origin) }))
  try {
    // Warms up until the compiler has little left to do.
    for (const { process } of running) await process.measure(quick ? 600 : 4_000)
    for (let round = 0; round < (quick ? 5 : 9); round++) {
      // Long enough for several garbage collections, so that one more or less does not matter.
      for (const { name, process } of shuffled(running)) samples[name].push(await process.measure(quick ? 150 : 300))
    }
  } finally {
    for (const { process } of running) process.stop()
  }
}

/** The base of each case with auth: the same client with the same headers, set by hand. They take their time on the wire too. */
const BY_HAND: Partial<Record<CaseName, CaseName>> = { aksk: "akskByHand", token: "tokenByHand" }

function targetOf(client: ClientName, name: CaseName): number | undefined {
  if (name === "aksk") return client === "undici" ? 1.22 : 1.1
  if (name === "token") return client === "undici" ? 1.07 : 1.05
  return undefined
}

/** The cases that were measured, in this order. */
function rowsOf(client: ClientName, measured: readonly CaseName[], samples: Samples<CaseName>): Row[] {
  const words: Partial<Record<CaseName, Omit<Words, "against">>> = {
    aksk: { id: `${client}-aksk`, what: `${client} with AK/SK` },
    akskByHand: { id: `${client}-aksk-by-hand`, what: `bare ${client}, the headers of a signature set by hand` },
    token: { id: `${client}-token`, what: `${client} with a token` },
    tokenByHand: { id: `${client}-token-by-hand`, what: `bare ${client}, token header set by hand` },
    aws4Axios: { id: "axios-aws4-axios", what: "axios with aws4-axios" },
    official: { id: "axios-official", what: "axios with the official SDK's signer" },
    aws4fetch: { id: "fetch-aws4fetch", what: "fetch with aws4fetch" },
  }
  const row = comparing(samples)
  return (Object.keys(words) as CaseName[]).flatMap((name) => {
    const own = words[name]
    const base = BY_HAND[name] ?? "bare"
    if (own === undefined || !measured.includes(name) || !measured.includes(base)) return []
    const atMost = targetOf(client, name)
    const against = base === "bare" ? `bare ${client}` : "the same headers, set by hand"
    return [
      row(name, base, {
        ...own,
        against,
        target: atMost === undefined ? undefined : { atMost },
        isMetByQuartile: atMost !== undefined,
      }),
    ]
  })
}
