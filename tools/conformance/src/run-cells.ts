import {
  type Auth,
  akskAuth,
  type Clock,
  type CredentialProvider,
  type Credentials,
  type TokenProvider,
  tokenAuth,
} from "@countersign/fetch"
import type { CallOptions, Connect } from "./clients/connect.ts"
import { type AuthKind, type Cell, type CellResult, CREDENTIALS, type Job, type Outcome, SCOPE } from "./matrix.ts"
import { type BodyMakers, makeBody, type SampleBody } from "./sample-body.ts"

/** The number of concurrent cells. */
const CONCURRENCY = 8

/** The client that changes the global dispatcher, so it sends one request at a time, after all others. */
const EXCLUSIVE = "fetch, setGlobalDispatcher"

/** The client whose body comes after the headers, so it stays unsigned. */
const PIPED = "got.stream, piped"

/** The time limit of a request. Some clients alone wait for a spent stream for ever. */
const PATIENCE_MS = 5_000

/** Runs the cells of a job in this runtime. The server judges the results. */
export async function runCells(
  job: Job,
  connectors: Readonly<Record<string, Connect>>,
  makers: BodyMakers,
): Promise<CellResult[]> {
  const call = (cell: Cell, path: string, auth: Auth | undefined): Promise<Outcome> => {
    const connect = connectors[cell.client]
    const body = makeBody(cell.body, makers)
    const missing = connect === undefined ? cell.client : body === undefined ? cell.body : undefined
    if (connect === undefined || body === undefined) return Promise.resolve({ missing })
    return outcomeOf(connect(callOptions(cell, job, path, auth, body)))
  }
  const alone = new Map<number, Outcome>()
  const results: CellResult[] = []
  const runAlone = async (cell: Cell): Promise<void> => {
    alone.set(cell.aloneId, await call(cell, `/alone/${cell.aloneId}`, undefined))
  }
  const runAuthenticated = async (cell: Cell): Promise<void> => {
    const { id, aloneId, client, auth } = cell
    const authenticated = await call(cell, `/c/${id}`, authOf(auth, client === PIPED))
    results.push({ id, alone: alone.get(aloneId) ?? {}, authenticated })
  }
  for (const isExclusive of [false, true]) {
    const cells = job.cells.filter(({ client }) => (client === EXCLUSIVE) === isExclusive)
    const concurrency = isExclusive ? 1 : CONCURRENCY
    await inParallel(concurrency, firstOfRows(cells), runAlone)
    const hangs = ({ aloneId }: Cell): boolean => alone.get(aloneId)?.isTooLate === true
    await inParallel(
      concurrency,
      cells.filter((cell) => !hangs(cell)),
      runAuthenticated,
    )
    // Most of these do not wait.
    await inParallel(concurrency * 4, cells.filter(hangs), runAuthenticated)
  }
  return results
}

function firstOfRows(cells: readonly Cell[]): Cell[] {
  return [...new Map(cells.map((cell) => [cell.aloneId, cell])).values()]
}

async function inParallel(
  concurrency: number,
  cells: readonly Cell[],
  run: (cell: Cell) => Promise<void>,
): Promise<void> {
  const queue = [...cells]
  const worker = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) await run(cell)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

function callOptions(
  { scenario, wire }: Cell,
  { addresses }: Job,
  path: string,
  auth: Auth | undefined,
  { value, isJson }: SampleBody,
): CallOptions {
  const { main, listed, proxy } = addresses[wire]
  return {
    baseUrl: main + path,
    isHttp2: wire === "HTTP/2",
    proxy,
    path: "/x?b=2&a=1%202",
    // Credentials may cross plain HTTP to another machine only with this option.
    guard: { hosts: [main, listed].map((origin) => new URL(origin).host), allowInsecure: wire === "forwarding proxy" },
    retries: scenario === "retry after 503 twice" ? 2 : 0,
    body: value,
    isJson,
    auth,
  }
}

async function outcomeOf(status: Promise<number>): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ error: "no answer in time", isTooLate: true }), PATIENCE_MS)
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

/** A clock that moves by a second at each read, so that no two signatures are equal. */
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

function authOf(kind: AuthKind, unsignedPayload: boolean): Auth {
  const clock = tickingClock()
  const { fixed, firstTemporary, secondTemporary } = CREDENTIALS
  switch (kind) {
    case "token":
      return tokenAuth(numberedTokens())
    case "SHA256":
      return akskAuth(fixed, { clock, unsignedPayload })
    case "SM3":
      return akskAuth(fixed, { clock, unsignedPayload, algorithm: "SDK-HMAC-SM3" })
    case "V11":
      return akskAuth(fixed, { clock, unsignedPayload, algorithm: "V11-HMAC-SHA256", ...SCOPE })
    case "temporary key":
      return akskAuth(inTurn(firstTemporary, secondTemporary), { clock, unsignedPayload })
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
