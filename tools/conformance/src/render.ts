import { markdownTable } from "@countersign/tools-shared/markdown-table"
import { columns, columnsOf } from "./columns.ts"
import { type Counts, countsOf, sumOf } from "./counts.ts"
import { BODIES, SCENARIOS } from "./matrix.ts"
import type { Size } from "./sizes.ts"
import type { RuntimeSummary, Summary } from "./summary.ts"

/** Explanations of the names in the tables. */
const NOTES = `What the names say:

- A number behind a client's name is its oldest release that is supported; without one it is the newest.
- \`got.stream, piped\`: the body comes through a pipe, and is left out of the signature (\`unsignedPayload\`).
- \`fetch, setGlobalDispatcher\`: the runtime's own fetch on an undici dispatcher. Node 22, 24 and 26 use that of undici 8;
  Node 26 does not look at that of undici 7, and Bun at none.
- undici on Bun is the one of npm, bundled with the program. What is not bundled gets Bun's own stand-in when it imports
  \`undici\`, which has no dispatchers to compose.
- HTTP/2: the servers speak nothing else, and the \`:authority\` that arrives is what must be signed. axios follows no
  redirects over HTTP/2.
- forwarding proxy: plain HTTP to a proxy that forwards it (\`allowInsecure\`). CONNECT proxy: HTTPS through a tunnel. Both ask
  for a password, and are the only ones that know the hosts, by name; the second refuses a CONNECT that shows a credential.
  axios has its \`proxy\` option, got an \`agent\` (Node's with \`proxyEnv\`; hpagent), undici a ProxyAgent; \`environment\` is
  \`NODE_USE_ENV_PROXY\` with \`HTTP_PROXY\` and \`HTTPS_PROXY\`. The fetch of Node 22 and 24 tunnels plain HTTP as well then, so
  it has nothing to forward.`

/** The published page. */
export function render({ date, clients, auths, runtimes, sizes }: Summary): string {
  const [[main, mainSummary] = ["", undefined]] = Object.entries(runtimes)
  if (mainSummary === undefined) throw new Error("There is no runtime to show.")
  return `# Conformance

Made by \`npm run conformance\` on ${date}; not edited by hand.

Each cell of the matrix is one request with a body, in a client, on a runtime, that meets something on its way. Three local
servers judge it by what came off the wire: one fresh and valid authentication for each attempt, the bytes and the content
type that the client sends without this library, nothing secret at a host that is not listed. The same request is made
without this library, to see what the client does by itself.

- A number counts the cells that are right: \`75\` means all of them.
- \`70 + 5\`: five were declined: sent no further, with an error or the answer that had come. [Why](#what-is-declined).
- \`70, 5 failed\`: five are wrong.
- \`-\`, and cells that are not counted: the client does not do that when it is alone either, or the runtime has no such body.

${totals(runtimes)}

Clients: ${Object.entries(clients)
    .map(([name, version]) => `${name.split(" ")[0]} ${version}`)
    .join(", ")}.
The authentications of every row are: ${auths.join(", ")}.

## What happens on the way, on ${main} ${mainSummary.version}

${groupTables(main, mainSummary, SCENARIOS, "scenario")}

${NOTES}

## Bodies, on ${main} ${mainSummary.version}

${groupTables(main, mainSummary, BODIES, "body")}

## Runtimes

All bodies and all that happens on the way, and the signatures of the vector file on which official implementations agree:
by the hashes of the runtime, and by the portable ones, which a browser gets.

workerd runs with the compatibility date in brackets. It ends what a request has begun when the request is answered, so there
tokens are also renewed across requests: by a request that comes past the middle of a token's life, with and without
\`waitUntil\`, and by those that wait for a request which has left before the token came. With the older date axios 1.7 is left
out: it loses the headers of every answer there, with \`location\` among them.

${runtimeTable(runtimes)}

## What is declined

${declinedTable(runtimes)}

## Bundles for browsers and workers

Minified and gzipped, as Rolldown (the bundler of Vite) makes a program for a browser. The budgets are for what is loaded at
the start. What only some requests need (a cache for what a provider yields, forms and streams, redirects, rejections, id
lookups) is loaded when they come, and counts in the last column: all of it in one file.

${sizeTable(sizes)}
`
}

function totals(runtimes: Summary["runtimes"]): string {
  const all = Object.values(runtimes)
  const { ok, declined, failed } = sumOf(
    all.flatMap((runtime) => Object.keys(runtime.cells).map((column) => countsOf(runtime, column))),
  )
  return `In all: ${ok + declined + failed} cells on ${all.length} runtimes; ${ok} are right, ${declined} declined, ${failed} failed.`
}

function groupTables(
  name: string,
  runtime: RuntimeSummary,
  rows: readonly string[],
  layer: "scenario" | "body",
): string {
  const own = columnsOf(name)
  return [...new Set(own.map(({ group }) => group))]
    .map((group) => {
      const names = own.filter((column) => column.group === group).map((column) => column.name)
      const cells = rows.map((row) => [
        row,
        ...names.map((column) => cell(countsOf(runtime, column, { [layer]: row }))),
      ])
      const shown = cells.filter(([, ...counts]) => counts.some((count) => count !== "-"))
      return markdownTable([group, ...names], shown)
    })
    .join("\n\n")
}

function runtimeTable(runtimes: Summary["runtimes"]): string {
  const all = Object.entries(runtimes)
  return markdownTable(
    ["", ...all.map(([name, { version }]) => `${name} ${version}`)],
    [
      ["signatures", ...all.map(([, { vectors }]) => `${vectors} of 531`)],
      [
        "renewals across requests",
        ...all.map(([, { renewals }]) => (renewals ? `${renewals.right} of ${renewals.of}` : "-")),
      ],
      ...columns.map(({ name }) => [name, ...all.map(([, runtime]) => cell(countsOf(runtime, name)))]),
    ],
  )
}

function declinedTable(runtimes: Summary["runtimes"]): string {
  const all = Object.entries(runtimes)
  const reasons = new Set(all.flatMap(([, { declined }]) => Object.keys(declined)))
  const count = ({ declined }: RuntimeSummary, why: string): number =>
    Object.values(declined[why] ?? {}).reduce((sum, one) => sum + one, 0)
  return markdownTable(
    ["", ...all.map(([name]) => name)],
    [...reasons].map((why) => [why, ...all.map(([, runtime]) => String(count(runtime, why) || "-"))]),
  )
}

function sizeTable(sizes: readonly Size[]): string {
  return markdownTable(
    ["program", "at the start", "budget", "Node modules", "in one file"],
    sizes.map(({ what, gzipped, whole, budget, nodeModules }) => [
      what,
      String(gzipped),
      budgetText(gzipped, budget),
      nodeModules.join(", ") || "none",
      String(whole),
    ]),
  )
}

function budgetText(gzipped: number, budget: number | undefined): string {
  if (budget === undefined) return ""
  return gzipped <= budget ? `${budget}` : `${budget}, missed`
}

function cell({ ok, declined, failed }: Counts): string {
  if (ok + declined + failed === 0) return "-"
  return `${ok}${declined === 0 ? "" : ` + ${declined}`}${failed === 0 ? "" : `, ${failed} failed`}`
}
