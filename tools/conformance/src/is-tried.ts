import type { Column } from "./columns.ts"
import { type AuthKind, type Body, isRejection, type Scenario } from "./matrix.ts"

/** Clients with retries, by an option or a plugin. */
const RETRIES = ["axios, http", "axios, fetch", "got", "got.stream", "ky", "ofetch", "wretch", "undici.request"]

/** The bodies that can be piped into a request. */
const PIPED: readonly Body[] = ["Node Readable", "web ReadableStream", "async generator"]

/** Whether the scenario sends the body once. A piped body cannot be sent again. */
function sendsOnce(scenario: Scenario): boolean {
  return scenario === "plain" || scenario.startsWith("303") || isRejection(scenario)
}

/** One body of each sort, since a proxy treats all bodies alike. */
const THROUGH_PROXIES: readonly Body[] = ["none", "text", "JSON object", "FormData", "Node Readable"]

/** Whether a cell is tried. A cell that the client alone cannot do is found only by a try. */
export function isTried({ client, wire }: Column, body: Body, scenario: Scenario, auth: AuthKind): boolean {
  if (wire.endsWith("proxy") && !THROUGH_PROXIES.includes(body)) return false
  if (body === "npm form-data" && !client.startsWith("axios")) return false
  if (client === "got.stream, piped" && !(PIPED.includes(body) && sendsOnce(scenario))) return false
  if (scenario === "retry after 503 twice" && !RETRIES.includes(client)) return false
  if (scenario === "401, then another credential") return auth === "token" || auth === "temporary key"
  return scenario !== "expired signature" || auth !== "token"
}
