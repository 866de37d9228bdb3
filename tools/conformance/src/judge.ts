import type { Arrival, Arrivals } from "./arrival.ts"
import { type Cell, type CellResult, isRejection, type Outcome, type Scenario, STREAMS } from "./matrix.ts"
import { BINARY, expectedBytes } from "./sample-body.ts"

/**
 * - `ok`: everything is right;
 * - `declined`: not sent, or answered with the refusal, for a documented reason;
 * - `unable`: the client alone, or the runtime, cannot do it either;
 * - `failed`: anything else.
 */
export interface Judgement {
  readonly outcome: "ok" | "declined" | "unable" | "failed"
  readonly why?: string
}

/** Headers that only listed hosts may get. */
export const SECRETS = [
  "authorization",
  "x-auth-token",
  "x-security-token",
  "x-sdk-date",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
]

/** Judges a cell by the requests that arrived and the result of the client. */
export function judge(cell: Cell, result: CellResult, { authenticated, alone }: Arrivals): Judgement {
  const { missing } = result.alone
  if (missing !== undefined) return { outcome: "unable", why: `this runtime has no ${missing}` }
  const shown = authenticated.map(exposure).find((one) => one !== undefined)
  if (shown !== undefined) return { outcome: "failed", why: shown }
  const fault =
    deliveryFault(cell, result.authenticated, authenticated, attemptsOf(cell.scenario)) ??
    authenticationFault(cell, authenticated, alone)
  if (fault === undefined) return { outcome: "ok" }
  const attemptsAlone = isRejection(cell.scenario) ? 1 : attemptsOf(cell.scenario)
  const aloneFault = deliveryFault(cell, result.alone, alone, attemptsAlone)
  if (aloneFault !== undefined) return { outcome: "unable", why: aloneFault }
  const reason = reasonToDecline(cell, result.authenticated, authenticated)
  return reason === undefined ? { outcome: "failed", why: fault } : { outcome: "declined", why: reason }
}

function attemptsOf(scenario: Scenario): number {
  if (scenario === "plain") return 1
  return scenario === "retry after 503 twice" ? 3 : 2
}

function exposure({ at, headers }: Arrival): string | undefined {
  if (at !== "foreign") return undefined
  const shown = SECRETS.filter((name) => headers[name] !== undefined)
  return shown.length === 0 ? undefined : `the foreign host saw ${shown.join(", ")}`
}

/** Finds a fault in the delivery: the answer, the number of attempts, or the bytes of one. */
function deliveryFault(
  { body }: Cell,
  { status, error }: Outcome,
  arrivals: readonly Arrival[],
  attempts: number,
): string | undefined {
  if (error !== undefined) return error
  if (status !== 200) return `status ${status}`
  if (arrivals.length !== attempts) return `${arrivals.length} attempts in place of ${attempts}`
  return arrivals.map((arrival, index) => bytesFault(body, arrival, index)).find((one) => one !== undefined)
}

function bytesFault(body: Cell["body"], arrival: Arrival, index: number): string | undefined {
  // A redirect turned it into a GET.
  if (index > 0 && arrival.method === "GET")
    return arrival.body.length === 0 ? undefined : "a GET after a redirect has a body"
  return isBody(body, arrival.body) ? undefined : `other bytes arrived (${arrival.body.length})`
}

/** Finds a fault in the authentication, or another change that it caused. */
function authenticationFault(
  { auth, body, scenario }: Cell,
  authenticated: readonly Arrival[],
  alone: readonly Arrival[],
): string | undefined {
  const atHome = authenticated.filter(({ at }) => at !== "foreign")
  const invalid = atHome.find(({ verdict }) => verdict !== "valid")
  if (invalid !== undefined) return invalid.verdict
  const proofs = atHome.map(({ headers }) => headers.authorization ?? `${headers["x-auth-token"]}`)
  const mustDiffer = auth !== "token" || scenario.startsWith("401")
  if (mustDiffer && new Set(proofs).size !== proofs.length) return "a signature was sent twice"
  return authenticated
    .map((arrival, index) => typeFault(body, arrival, alone[index] ?? alone[0]))
    .find((one) => one !== undefined)
}

function typeFault(body: Cell["body"], arrival: Arrival, asAlone: Arrival | undefined): string | undefined {
  // If the client alone spoils this kind of body, there is nothing to compare.
  if (asAlone === undefined || !isBody(body, asAlone.body) || arrival.method !== asAlone.method) return undefined
  const own = contentType(arrival.headers["content-type"])
  if (own === NATURAL[body] || own === contentType(asAlone.headers["content-type"])) return undefined
  return `content type ${own}`
}

/** The documented reason why a request was not sent although the client alone would send it. */
function reasonToDecline(
  { client, body, scenario }: Cell,
  { status, error }: Outcome,
  arrivals: readonly Arrival[],
): string | undefined {
  const isRedirect = /^30\d/.test(scenario)
  if (isRedirect && error?.includes("browser hides")) return "a browser hides where a redirect leads"
  if (error?.includes("What is piped into got.stream") && arrivals.length === 0)
    return "what is piped into got.stream cannot be signed"
  if (client.startsWith("got.stream") && isRejection(scenario) && status === 401 && arrivals.length === 1)
    return "got.stream sends nothing again after a rejection; the next request is authenticated anew"
  if (!STREAMS.includes(body) || arrivals.length !== 1) return undefined
  const isGivenBack = (scenario.startsWith("401") && status === 401) || (scenario.startsWith("retry") && status === 503)
  return isGivenBack || (isRedirect && error !== undefined)
    ? "a stream that was not kept cannot be sent again"
    : undefined
}

/** The content type of a kind of body, if it has one. Some clients alone send another. */
const NATURAL: Partial<Record<Cell["body"], string>> = {
  FormData: "multipart/form-data",
  "npm form-data": "multipart/form-data",
  Blob: "application/x-sample",
}

function isBody(body: Cell["body"], bytes: Buffer): boolean {
  const expected = expectedBytes(body)
  return expected === undefined ? bytes.includes(Buffer.from(BINARY)) : bytes.equals(Buffer.from(expected))
}

/** Drops the boundary, which differs each time. */
function contentType(value: string | undefined): string | undefined {
  return value?.replace(/;\s*boundary=.*$/, "")
}
