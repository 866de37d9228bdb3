import {
  type Auth,
  akskAuth,
  type Clock,
  type CredentialProvider,
  type Credentials,
  type TokenProvider,
  tokenAuth,
} from "@countersign/fetch"
import { type BodyMakers, makeBody } from "./bodies.ts"
import type { Connect } from "./clients/connect.ts"
import { type AuthKind, type Cell, type CellResult, CREDENTIALS, type Job, SCOPE } from "./matrix.ts"

/** Cells that are under way at once. */
const CONCURRENCY = 8

/** Runs the cells of a job in this runtime. Knows nothing of what is right: the server judges. */
export async function runCells(
  job: Job,
  connectors: Readonly<Record<string, Connect>>,
  makers: BodyMakers,
): Promise<CellResult[]> {
  const results: CellResult[] = []
  const queue = [...job.cells]
  const worker = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift())
      results.push(await runCell(cell, job, connectors, makers))
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return results
}

async function runCell(
  cell: Cell,
  { main, listed }: Job,
  connectors: Readonly<Record<string, Connect>>,
  makers: BodyMakers,
): Promise<CellResult> {
  const { id, client, body, auth, scenario } = cell
  const connect = connectors[client]
  if (connect === undefined) return { id, error: `this runtime has no ${client}` }
  const [first, second] = [makeBody(body, makers), makeBody(body, makers)]
  if (first === undefined || second === undefined) return { id, error: `this runtime has no ${body}` }
  const hosts = [main, listed].map((origin) => new URL(origin).host)
  const retries = scenario === "retry after 503 twice" ? 2 : 0
  const options = { path: "/x?b=2&a=1%202", hosts, retries, isJson: first.isJson }
  try {
    // The same request without authentication, to compare what arrives.
    await connect({ ...options, baseUrl: `${main}/bare/${id}`, body: first.value, auth: undefined }).catch(
      () => undefined,
    )
    const status = await connect({ ...options, baseUrl: `${main}/c/${id}`, body: second.value, auth: authOf(auth) })
    return { id, status }
  } catch (error) {
    return { id, error: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ""
  return `${error.message}${cause}`
}

/** Every reading is a second later, so that no two signatures are alike. */
function tickingClock(): Clock {
  let now = Date.now()
  return {
    now: () => {
      now += 1_000
      return now
    },
    monotonic: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
}

function authOf(kind: AuthKind): Auth {
  const clock = tickingClock()
  const { fixed, firstTemporary, secondTemporary } = CREDENTIALS
  switch (kind) {
    case "token":
      return tokenAuth(numberedTokens())
    case "SHA256":
      return akskAuth(fixed, { clock })
    case "SM3":
      return akskAuth(fixed, { clock, algorithm: "SDK-HMAC-SM3" })
    case "V11":
      return akskAuth(fixed, { clock, algorithm: "V11-HMAC-SHA256", ...SCOPE })
    case "temporary key":
      return akskAuth(inTurn(firstTemporary, secondTemporary), { clock })
  }
}

function numberedTokens(): TokenProvider {
  let number = 0
  return async () => {
    number += 1
    return { value: `token-${number}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
  }
}

function inTurn(...keys: Credentials[]): CredentialProvider {
  let index = -1
  return async () => {
    index = Math.min(index + 1, keys.length - 1)
    return { ...(keys[index] as Credentials), expiresAt: Date.now() + 3_600_000 }
  }
}
