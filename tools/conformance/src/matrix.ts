/** The rows and layers of the matrix; shared by the server that judges and the programs that run in each runtime. */

export const BODIES = [
  "none",
  "empty string",
  "text",
  "JSON object",
  "JSON string",
  "URLSearchParams",
  "FormData",
  "npm form-data",
  "Blob",
  "Buffer",
  "Uint8Array view",
  "ArrayBuffer",
  "Node Readable",
  "web ReadableStream",
  "async generator",
] as const
export type Body = (typeof BODIES)[number]

export const SCENARIOS = [
  "plain",
  "retry after 503 twice",
  "307 same origin",
  "308 same origin",
  "301 same origin",
  "302 same origin",
  "303 same origin",
  "307 to a listed host",
  "307 to a foreign host",
  "401, then another credential",
  "expired signature",
] as const
export type Scenario = (typeof SCENARIOS)[number]

export const AUTHS = ["token", "SHA256", "SM3", "V11", "temporary key"] as const
export type AuthKind = (typeof AUTHS)[number]

/** One thing to try, in one client on one runtime. */
export interface Cell {
  readonly id: number
  readonly client: string
  readonly body: Body
  readonly scenario: Scenario
  readonly auth: AuthKind
}

/** What a runtime says of a cell. */
export interface CellResult {
  readonly id: number
  /** Of the answer; absent when the client threw. */
  readonly status?: number
  readonly error?: string
}

/** Where a runtime's program finds the servers, and what it is to do. */
export interface Job {
  readonly main: string
  readonly listed: string
  readonly cells: readonly Cell[]
}

/** Bodies that can be read once only. */
export const STREAMS: readonly Body[] = ["Node Readable", "web ReadableStream", "async generator", "npm form-data"]

/** Whether a scenario means anything with an auth: only what can be renewed is, and only signatures expire. */
export function applies(scenario: Scenario, auth: AuthKind): boolean {
  if (scenario === "401, then another credential") return auth === "token" || auth === "temporary key"
  return scenario !== "expired signature" || auth !== "token"
}

export const CREDENTIALS = {
  fixed: { accessKeyId: "AKCONFORMANCE1234567", secretAccessKey: "secret-key-of-the-conformance-matrix-1" },
  /** Refused by the scenario that asks for another credential. */
  firstTemporary: {
    accessKeyId: "AKTEMPORARYONE123456",
    secretAccessKey: "secret-key-of-the-conformance-matrix-2",
    securityToken: "security-token-one",
  },
  secondTemporary: {
    accessKeyId: "AKTEMPORARYTWO123456",
    secretAccessKey: "secret-key-of-the-conformance-matrix-3",
    securityToken: "security-token-two",
  },
}
export const SCOPE = { region: "cn-north-4", service: "iotda" }

/** Clients whose own retries are switched on by an option or a plugin. */
const RETRIES = ["axios, http", "axios, fetch", "got", "ky", "ofetch", "wretch", "undici.request"]

/** Body kinds that a client itself does not take, whoever authenticates. */
const REFUSED: Readonly<Record<string, readonly Body[]>> = {
  got: ["Blob", "ArrayBuffer"],
  "undici.request": ["URLSearchParams"],
}

/** Clients that send the very stream again, spent, when they retry; axios-retry too, unless it was read to be signed. */
const RETRIES_NO_STREAMS = ["ofetch", "wretch", "undici.request"]

/** Whether a cell can be tried at all; elsewhere the table has a dash. */
export function isTried(client: string, body: Body, scenario: Scenario, auth: AuthKind): boolean {
  if (body === "npm form-data" && !client.startsWith("axios")) return false
  if (scenario === "retry after 503 twice" && !RETRIES.includes(client)) return false
  const isRetriedStream = scenario === "retry after 503 twice" && STREAMS.includes(body)
  if (isRetriedStream && (RETRIES_NO_STREAMS.includes(client) || (auth === "token" && client.startsWith("axios"))))
    return false
  if (client === "undici.request" && spoilsOnRedirect(body, scenario)) return false
  return applies(scenario, auth) && REFUSED[client]?.includes(body) !== true
}

/** undici's redirect interceptor sends a stream again when it is spent, and a form that undici does not know to any host. */
function spoilsOnRedirect(body: Body, scenario: Scenario): boolean {
  if (body === "FormData") return scenario === "307 to a foreign host"
  return /^30\d/.test(scenario) && STREAMS.includes(body)
}
