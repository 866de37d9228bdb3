import type { Column } from "./columns.ts"
import type { AuthKind, Body, Scenario } from "./matrix.ts"

/** Clients whose own retries are switched on by an option or a plugin. */
const RETRIES = ["axios, http", "axios, fetch", "got", "ky", "ofetch", "wretch", "undici.request"]

/** Whether a cell is tried; that a client alone does not do what it asks, is seen when it is. */
export function isTried({ client }: Column, body: Body, scenario: Scenario, auth: AuthKind): boolean {
  if (body === "npm form-data" && !client.startsWith("axios")) return false
  if (scenario === "retry after 503 twice" && !RETRIES.includes(client)) return false
  if (scenario === "401, then another credential") return auth === "token" || auth === "temporary key"
  return scenario !== "expired signature" || auth !== "token"
}
