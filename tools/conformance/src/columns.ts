import type { Wire } from "./wires.ts"

/**
 * A bundle in a separate process: with the newest clients, with the oldest supported ones, or with the newest in an
 * environment that names a proxy. undici has its own, since it changes the dispatcher of fetch.
 */
export type ProgramName = "newest" | "oldest" | "environment" | "undici" | "undici 7.10" | "portable"

/** One release of a client, used in one way. */
export interface Column {
  readonly name: string
  /** The client of its cells: a key of the program's connectors. */
  readonly client: string
  readonly program: ProgramName
  readonly wire: Wire
  /** The table of the column. */
  readonly group: string
  /** Names of runtimes. */
  readonly runsOn: readonly string[]
}

const NODE = ["Node 24", "Node 22", "Node 26"]
const NODE_AND_BUN = [...NODE, "Bun"]
const BEYOND_OLD_WORKERS = [...NODE_AND_BUN, "Deno", "workerd (2026-06-01)", "Chromium"]
const EVERYWHERE = [...BEYOND_OLD_WORKERS, "workerd (2024-01-01)"]

/** How a client gets its proxy: by an option, or from the environment. */
const PROXIED: Readonly<Record<string, ProgramName>> = {
  "axios, http": "newest",
  got: "newest",
  "undici.request": "undici",
  "undici.fetch": "undici",
  "fetch, setGlobalDispatcher": "undici",
  "axios, http, environment": "environment",
  "got, environment": "environment",
  "ky, environment": "environment",
  "fetch, environment": "environment",
}

export const columns: readonly Column[] = [
  ...group("axios", NODE_AND_BUN, { "axios, http": "newest", "axios 1.7, http": "oldest" }),
  ...group("axios", EVERYWHERE, { "axios, fetch": "newest" }),
  ...group("axios", BEYOND_OLD_WORKERS, { "axios 1.7, fetch": "oldest" }),
  ...group("got", NODE_AND_BUN, {
    got: "newest",
    "got 14": "oldest",
    "got.stream": "newest",
    "got 14.stream": "oldest",
    "got.stream, piped": "newest",
    "got 14.stream, piped": "oldest",
  }),
  ...group("ky and fetch", EVERYWHERE, {
    ky: "newest",
    "ky 1.7": "oldest",
    fetch: "newest",
    ofetch: "newest",
    wretch: "newest",
    "openapi-fetch": "newest",
  }),
  ...group("undici", NODE_AND_BUN, {
    "undici.request": "undici",
    "undici 7.10.request": "undici 7.10",
    "undici.fetch": "undici",
    "undici 7.10.fetch": "undici 7.10",
    "fetch, setGlobalDispatcher": "undici",
    "fetch, setGlobalDispatcher of undici 7.10": "undici 7.10",
  }),
  ...over("HTTP/2", { "axios, http": "newest", got: "newest", "undici.request": "undici", "undici.fetch": "undici" }),
  ...over("forwarding proxy", PROXIED),
  ...over("CONNECT proxy", PROXIED),
]

export function columnsOf(runtime: string): Column[] {
  return columns.filter(({ runsOn }) => runsOn.includes(runtime))
}

function group(name: string, runsOn: readonly string[], programs: Readonly<Record<string, ProgramName>>): Column[] {
  return Object.entries(programs).map(([column, program]) => ({
    name: column,
    client: column.replace(/( of undici)? \d+(\.\d+)?|, environment$/, ""),
    program,
    wire: "HTTP/1.1" as const,
    group: name,
    runsOn,
  }))
}

/** Columns of another wire, only on Node. */
function over(wire: Wire, programs: Readonly<Record<string, ProgramName>>): Column[] {
  return group(wire, NODE, programs).map((column) => ({ ...column, name: `${column.name}, ${wire}`, wire }))
}
