import { AUTHS, BODIES, SCENARIOS } from "./matrix.ts"
import type { Size } from "./sizes.ts"
import type { ClientSummary, Counts, RuntimeSummary, Summary } from "./summary.ts"

/** The published page. */
export function render(
  { runtimes }: Summary,
  sizes: readonly Size[],
  versions: Readonly<Record<string, string>>,
  date: string,
): string {
  const [[main, mainSummary] = ["", undefined]] = Object.entries(runtimes)
  return `# Conformance

Made by \`npm run conformance\` on ${date}; not edited by hand.

Each cell of the matrix is one request with a body, in a client, on a runtime, that meets something on its way. Three local
servers judge it by what came off the wire: one fresh and valid authentication for each attempt, the bytes and the content
type that the client sends without this library, nothing secret at a host that is not listed.

- A number counts the cells that are right: \`75\` means all of them.
- \`70 + 5\`: five were declined with an error, or given back as they were, because nothing else is right: a stream that was
  not kept cannot be sent again, a browser hides where a redirect leads, a runtime has no such body.
- \`70, 5 failed\`: five are wrong.
- \`-\`: the client itself does not do that, whoever authenticates.

Clients: ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}.
The authentications of every row are: ${AUTHS.join(", ")}.

## What happens on the way, on ${main} ${mainSummary?.version ?? ""}

${clientTable(mainSummary, SCENARIOS, "scenarios")}

## Bodies, on ${main} ${mainSummary?.version ?? ""}

${clientTable(mainSummary, BODIES, "bodies")}

## Runtimes

All bodies and all that happens on the way, and the signatures of the vector file on which official implementations agree.

${runtimeTable(runtimes)}

## Bundles for browsers and workers

Minified and gzipped, as Rolldown (the bundler of Vite) makes a program for a browser. The budgets are for what is loaded at
the start. What only some requests need (a cache for what a provider yields, forms and streams, redirects, rejections, id
lookups) is loaded when they come, and counts in the last column: all of it in one file.

${table(
  ["program", "at the start", "budget", "Node modules", "in one file"],
  sizes.map(({ what, gzipped, whole, budget, nodeModules }) => [
    what,
    String(gzipped),
    budgetText(gzipped, budget),
    nodeModules.join(", ") || "none",
    String(whole),
  ]),
)}
`
}

function budgetText(gzipped: number, budget: number | undefined): string {
  if (budget === undefined) return ""
  return gzipped <= budget ? `${budget}` : `${budget}, missed`
}

function clientTable(summary: RuntimeSummary | undefined, rows: readonly string[], layer: keyof ClientSummary): string {
  const clients = Object.entries(summary?.clients ?? {})
  const counts = (client: ClientSummary, row: string): Counts | undefined =>
    (client[layer] as Record<string, Counts>)[row]
  return table(
    ["", ...clients.map(([name]) => name)],
    rows.map((row) => [row, ...clients.map(([, client]) => cell(counts(client, row)))]),
  )
}

function runtimeTable(runtimes: Summary["runtimes"]): string {
  const names = [...new Set(Object.values(runtimes).flatMap(({ clients }) => Object.keys(clients)))]
  const rows = Object.entries(runtimes).map(([name, { version, vectors, clients }]) => [
    `${name} ${version}`,
    `${vectors} of 531`,
    ...names.map((client) => cell(total(clients[client]))),
  ])
  return table(["runtime", "signatures", ...names], rows)
}

function total(client: ClientSummary | undefined): Counts | undefined {
  if (client === undefined) return undefined
  const sum: Counts = { ok: 0, declined: 0, failed: 0 }
  for (const counts of Object.values(client.scenarios)) {
    sum.ok += counts.ok
    sum.declined += counts.declined
    sum.failed += counts.failed
  }
  return sum
}

function cell(counts: Counts | undefined): string {
  if (counts === undefined) return "-"
  const { ok, declined, failed } = counts
  return `${ok}${declined === 0 ? "" : ` + ${declined}`}${failed === 0 ? "" : `, ${failed} failed`}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")
}
