import { BINARY, expectedBytes } from "./bodies.ts"
import type { Arrival } from "./gateway.ts"
import { type Cell, type CellResult, type Scenario, STREAMS } from "./matrix.ts"

/**
 * - `ok`: all as it should be;
 * - `declined`: not sent, with an error, for a reason that is documented;
 * - `failed`: anything else.
 */
export interface Judgement {
  readonly outcome: "ok" | "declined" | "failed"
  readonly why?: string
}

const SECRETS = [
  "authorization",
  "x-auth-token",
  "x-security-token",
  "x-sdk-date",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
]

const ok: Judgement = { outcome: "ok" }
const declined = (why: string): Judgement => ({ outcome: "declined", why })
const SPENT = "a stream that was not kept cannot be sent again"
const failed = (why: string): Judgement => ({ outcome: "failed", why })

/** Judges a cell by what arrived, and what the client made of the answer. */
export function judge(
  cell: Cell,
  { status, error }: CellResult,
  all: readonly Arrival[],
  bare: readonly Arrival[],
): Judgement {
  const { scenario, auth, body } = cell
  const isStream = STREAMS.includes(body)
  const isRedirect = /^30\d/.test(scenario)
  if (error !== undefined) {
    if (all.length === 0) return declined(error)
    const areValid = all.every(({ verdict }) => verdict === "valid")
    if (isStream && isRedirect && areValid) return declined(SPENT)
    if (isRedirect && areValid && error.includes("browser hides"))
      return declined("a browser hides where a redirect leads")
    return failed(error)
  }
  if (
    isStream &&
    all.length === 1 &&
    ((scenario.startsWith("401") && status === 401) || (scenario.startsWith("retry") && status === 503))
  ) {
    return declined(SPENT)
  }
  if (status !== 200) return failed(`status ${status}`)
  if (all.length !== attemptsOf(scenario)) return failed(`${all.length} attempts in place of ${attemptsOf(scenario)}`)
  const fault = all.map((arrival) => faultOf(cell, arrival, all, bare)).find((one) => one !== undefined)
  if (fault !== undefined) return failed(fault)
  const proofs = all
    .filter(({ at }) => at !== "foreign")
    .map(({ headers }) => headers.authorization ?? `${headers["x-auth-token"]}`)
  const mustDiffer = auth !== "token" || scenario.startsWith("401")
  return mustDiffer && new Set(proofs).size !== proofs.length ? failed("a signature was sent twice") : ok
}

function attemptsOf(scenario: Scenario): number {
  if (scenario === "plain") return 1
  return scenario === "retry after 503 twice" ? 3 : 2
}

function faultOf(
  { body, scenario }: Cell,
  arrival: Arrival,
  all: readonly Arrival[],
  bare: readonly Arrival[],
): string | undefined {
  const { at, headers, verdict, method } = arrival
  if (at === "foreign") {
    const shown = SECRETS.filter((name) => headers[name] !== undefined)
    if (shown.length > 0) return `the foreign host saw ${shown.join(", ")}`
  } else if (verdict !== "valid") return verdict
  const dropsBody = /^30[123]/.test(scenario) && arrival !== all[0] && method === "GET"
  if (dropsBody) return arrival.body.length === 0 ? undefined : "a GET after a redirect has a body"
  if (!isBody(body, arrival.body)) return `other bytes arrived (${arrival.body.length})`
  const own = contentType(headers["content-type"])
  const [asBare] = bare
  // A client that spoils this kind of body when it is alone gives nothing to compare with.
  const isComparable = asBare !== undefined && isBody(body, asBare.body)
  if (isComparable && own !== NATURAL[body] && own !== contentType(asBare.headers["content-type"]))
    return `content type ${own}`
  return undefined
}

/** The type that goes with a kind of body, where it has one; some clients send another when they are alone. */
const NATURAL: Partial<Record<Cell["body"], string>> = {
  FormData: "multipart/form-data",
  "npm form-data": "multipart/form-data",
  Blob: "application/x-sample",
}

function isBody(body: Cell["body"], bytes: Buffer): boolean {
  const expected = expectedBytes(body)
  return expected === undefined ? bytes.includes(Buffer.from(BINARY)) : bytes.equals(Buffer.from(expected))
}

/** Without a boundary, which differs each time. */
function contentType(value: string | undefined): string | undefined {
  return value?.replace(/;\s*boundary=.*$/, "")
}
