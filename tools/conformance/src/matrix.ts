import type { Wire, WireAddresses } from "./wires.ts"

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

/** One cell: a scenario and a body, in one client on one runtime. */
export interface Cell {
  readonly id: number
  /** The id of the same request without authentication, which the cells of a row share. */
  readonly aloneId: number
  /** The name of its column. */
  readonly column: string
  /** The client of the cell: a key of the program's connectors. */
  readonly client: string
  readonly wire: Wire
  readonly body: Body
  readonly scenario: Scenario
  readonly auth: AuthKind
}

/** The result of one request for its caller. */
export interface Outcome {
  /** The status of the answer; absent if the client threw. */
  readonly status?: number
  readonly error?: string
  /** The request timed out. */
  readonly isTooLate?: true
  /** The feature that the cell needs and the runtime lacks. */
  readonly missing?: string | undefined
}

/** The report of a runtime about a cell. */
export interface CellResult {
  readonly id: number
  readonly authenticated: Outcome
  /** The result without authentication. */
  readonly alone: Outcome
}

/** The servers and the cells of a runtime's program. */
export interface Job {
  readonly addresses: Readonly<Record<Wire, WireAddresses>>
  readonly cells: readonly Cell[]
}

/** Whether the scenario refuses an authentication, so that it needs one. */
export function isRejection(scenario: Scenario): boolean {
  return scenario === "401, then another credential" || scenario === "expired signature"
}

/** Bodies that can be read only once. */
export const STREAMS: readonly Body[] = ["Node Readable", "web ReadableStream", "async generator", "npm form-data"]

export const CREDENTIALS = {
  fixed: { accessKeyId: "AKCONFORMANCE1234567", secretAccessKey: "secret-key-of-the-conformance-matrix-1" },
  /** The credential that one scenario refuses. */
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
export const SCOPE = { region: "cn-north-4", service: "iotdm" }
