import {
  type Auth,
  akskAuth,
  type Clock,
  type CredentialProvider,
  type Credentials,
  type TokenProvider,
  tokenAuth,
} from "@countersign/fetch"
import { type BodyMakers, makeBody, type SampleBody } from "./bodies.ts"
import type { CallOptions, Connect } from "./clients/connect.ts"
import { type AuthKind, type Cell, type CellResult, CREDENTIALS, type Job, type Outcome, SCOPE } from "./matrix.ts"

/** Cells that are under way at once. */
const CONCURRENCY = 8

/** How long a request may take. Some clients, when they are alone, wait for a spent stream for ever. */
const PATIENCE_MS = 5_000

/** Runs the cells of a job in this runtime. Knows nothing of what is right: the server judges. */
export async function runCells(
  job: Job,
  connectors: Readonly<Record<string, Connect>>,
  makers: BodyMakers,
): Promise<CellResult[]> {
  const results: Promise<CellResult>[] = []
  const queue = [...job.cells]
  const alone = new Map<number, Promise<Outcome>>()
  const call = (cell: Cell, path: string, auth: Auth | undefined): Promise<Outcome> => {
    const connect = connectors[cell.client]
    const body = makeBody(cell.body, makers)
    if (connect === undefined || body === undefined) return Promise.resolve({ error: "not there" })
    return outcomeOf(connect(callOptions(cell, job, path, auth, body)))
  }
  const runCell = async (cell: Cell): Promise<void> => {
    const { id, aloneId, client, body, auth } = cell
    const missing = connectors[client] === undefined ? client : makeBody(body, makers) === undefined ? body : undefined
    if (missing !== undefined) {
      results.push(Promise.resolve({ id, authenticated: {}, alone: {}, missing }))
      return
    }
    if (!alone.has(aloneId)) alone.set(aloneId, call(cell, `/alone/${aloneId}`, undefined))
    const authenticated = await call(cell, `/c/${id}`, authOf(auth))
    // It may wait in vain: others go on meanwhile.
    results.push(Promise.resolve(alone.get(aloneId) ?? {}).then((outcome) => ({ id, authenticated, alone: outcome })))
  }
  const worker = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) await runCell(cell)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return Promise.all(results)
}

function callOptions(
  { scenario }: Cell,
  { main, listed }: Job,
  path: string,
  auth: Auth | undefined,
  { value, isJson }: SampleBody,
): CallOptions {
  return {
    baseUrl: main + path,
    path: "/x?b=2&a=1%202",
    hosts: [main, listed].map((origin) => new URL(origin).host),
    retries: scenario === "retry after 503 twice" ? 2 : 0,
    body: value,
    isJson,
    auth,
  }
}

async function outcomeOf(status: Promise<number>): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ error: `no answer within ${PATIENCE_MS} ms` }), PATIENCE_MS)
  })
  const outcome = status.then(
    (one): Outcome => ({ status: one }),
    (error: unknown): Outcome => ({ error: messageOf(error) }),
  )
  return Promise.race([outcome, timeout]).finally(() => clearTimeout(timer))
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
