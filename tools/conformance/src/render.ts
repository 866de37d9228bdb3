import { markdownTable } from "@countersign/tools-shared/markdown-table"
import { columns, columnsOf } from "./columns.ts"
import { type Counts, countsOf, sumOf } from "./counts.ts"
import { BODIES, SCENARIOS } from "./matrix.ts"
import type { Size } from "./sizes.ts"
import type { RuntimeSummary, Summary } from "./summary.ts"
import { VECTOR_COUNT } from "./vectors.ts"

/** Explanations of the names in the tables. */
const NOTES = `The names mean:

- A number after a client's name is its oldest supported release. A name without a number is the newest release.
- \`got.stream, piped\`: the body comes through a pipe, and the signature leaves it out (\`unsignedPayload\`).
- \`fetch, setGlobalDispatcher\`: the runtime's own fetch on an undici dispatcher. Node 22, 24 and 26 use the dispatcher of undici 8.
  Node 26 ignores that of undici 7, and Bun ignores both.
- undici on Bun is the npm package, bundled with the program. In a program that is not bundled, Bun replaces \`undici\` by its own
  module, which has no dispatchers to compose.
- HTTP/2: the servers speak nothing else, and the signature must cover the \`:authority\` that arrives. axios follows no redirects
  over HTTP/2.
- forwarding proxy: plain HTTP to a proxy that forwards it (\`allowInsecure\`). CONNECT proxy: HTTPS through a tunnel. Both proxies
  ask for a password, and only they can resolve the host names. The second refuses a CONNECT that shows a credential. axios uses its
  \`proxy\` option, got an \`agent\` (Node's with \`proxyEnv\`; hpagent), undici a ProxyAgent. \`environment\` is \`NODE_USE_ENV_PROXY\`
  with \`HTTP_PROXY\` and \`HTTPS_PROXY\`. With these the fetch of Node 22 and 24 tunnels plain HTTP too, so there is nothing to
  forward.`

/** The published page. */
export function render({ date, clients, auths, runtimes, sizes }: Summary): string {
  const [[main, mainSummary] = ["", undefined]] = Object.entries(runtimes)
  if (mainSummary === undefined) throw new Error("There is no runtime to show.")
  return `# Conformance

Made by \`npm run conformance\` on ${date}; not edited by hand.

Each cell of the matrix is one request: a body, a client, a runtime, and an event on its way, such as a redirect. Three local servers
check the request that arrives. Each attempt must have one fresh and valid authentication, and the bytes and the content type that
the client sends without this library. A host that is not listed must get no secret. The same request is also made without this
library, to see how the client behaves alone.

- A number counts the cells that are right: \`75\` means all of them.
- \`70 + 5\`: five were declined. They were sent no further, and the caller got an error or the answer that had come. [Why](#declined-requests).
- \`70, 5 failed\`: five are wrong.
- \`-\`, and cells that are not counted: the client alone cannot do that either, or the runtime has no such body.

${totals(runtimes)}

Clients: ${Object.entries(clients)
    .map(([name, version]) => `${name.split(" ")[0]} ${version}`)
    .join(", ")}.
Every row uses these authentications: ${auths.join(", ")}.

## Events on the way, on ${main} ${mainSummary.version}

${groupTables(main, mainSummary, SCENARIOS, "scenario")}

${NOTES}

## Bodies, on ${main} ${mainSummary.version}

${groupTables(main, mainSummary, BODIES, "body")}

## Runtimes

The rows of the clients count all bodies and events. The row of signatures counts the cases of the vector file on which official
implementations agree, with the hashes of the runtime and with the portable hashes of a browser. There are ${VECTOR_COUNT} cases now;
a runtime that was last measured before the newest were added has fewer.

workerd runs with the compatibility date in brackets. It stops the work of a request when the request is answered. So on workerd tokens
are also renewed across requests: by a request past the middle of a token's lifetime, with and without \`waitUntil\`, and by requests
that wait for a refresh whose own request has ended. axios 1.7 does not run with the older date: it loses the headers of every answer
there, including \`location\`.

${runtimeTable(runtimes)}

## Declined requests

${declinedTable(runtimes)}

## Bundles for browsers and workers

The figures are bytes of a browser program, minified and gzipped, from Rolldown (the bundler of Vite). A budget limits the code that is
loaded at the start. Code that only some requests need is loaded on demand: the cache for a provider's values, forms and streams,
redirects, rejections, id look-ups. The last column counts all code in one file.

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
      ["signatures right", ...all.map(([, { vectors }]) => String(vectors))],
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
