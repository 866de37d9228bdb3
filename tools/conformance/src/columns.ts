/** A bundle of its own: with the newest clients, or with the oldest that are supported in their place. */
export type ProgramName = "newest" | "oldest"

/** A client in one release, in one way to use it. */
export interface Column {
  readonly name: string
  /** What sends its cells: a key of the program's connectors. */
  readonly client: string
  readonly program: ProgramName
  /** The table that it is in. */
  readonly group: string
  /** Names of runtimes. */
  readonly runsOn: readonly string[]
}

const NODE = ["Node 24", "Node 22", "Node 26"]
const NODE_AND_BUN = [...NODE, "Bun"]
const EVERYWHERE = [...NODE_AND_BUN, "Deno", "workerd", "Chromium"]

export const columns: readonly Column[] = [
  newest("axios, http", "axios", NODE_AND_BUN),
  oldest("axios 1.7, http", "axios, http", "axios", NODE_AND_BUN),
  newest("axios, fetch", "axios", EVERYWHERE),
  oldest("axios 1.7, fetch", "axios, fetch", "axios", EVERYWHERE),
  newest("got", "got", NODE_AND_BUN),
  oldest("got 14", "got", "got", NODE_AND_BUN),
  newest("ky", "ky and fetch", EVERYWHERE),
  oldest("ky 1.7", "ky", "ky and fetch", EVERYWHERE),
  newest("fetch", "ky and fetch", EVERYWHERE),
  newest("ofetch", "ky and fetch", EVERYWHERE),
  newest("wretch", "ky and fetch", EVERYWHERE),
  newest("openapi-fetch", "ky and fetch", EVERYWHERE),
  newest("undici.request", "undici", NODE),
  oldest("undici.request 7.10", "undici.request", "undici", NODE),
  newest("undici.fetch", "undici", NODE),
  oldest("undici.fetch 7.10", "undici.fetch", "undici", NODE),
]

export function columnsOf(runtime: string): Column[] {
  return columns.filter(({ runsOn }) => runsOn.includes(runtime))
}

function newest(name: string, group: string, runsOn: readonly string[]): Column {
  return { name, client: name, program: "newest", group, runsOn }
}

function oldest(name: string, client: string, group: string, runsOn: readonly string[]): Column {
  return { name, client, program: "oldest", group, runsOn }
}
