import { markdownTable } from "@countersign/tools-shared/markdown-table"
import { bound, figure } from "./figures.ts"
import type { Report, Run } from "./report.ts"
import { meets, type Row } from "./row.ts"
import type { RuntimeName } from "./runtimes.ts"

const NAMES: Readonly<Record<RuntimeName, string>> = { node: "Node", bun: "Bun", deno: "Deno" }

/** The rows that a reader wants first, by the questions that they answer. */
const FIRST: readonly (readonly [question: string, id: string])[] = [
  ["Sign a GET", "get"],
  ["Sign a GET with the official SDK", "get-official"],
  ["Sign a body of 12 MB", "post-12mb"],
  ["Read a cached token", "token-cached"],
  ["Calls of IAM when 10,000 requests start at once", "cold-calls"],
  ["A whole request of axios with AK/SK", "axios-aksk"],
  ["A whole request of fetch with a token", "fetch-token"],
  ["Verify a signature in a service", "verify"],
  ["Import `@countersign/fetch`", "import-fetch"],
  ["Keep the tokens of 100,000 customers", "memory-tokens"],
]

/** The published page. */
export function renderPage({ runtimes }: Report): string {
  const runs = Object.entries(runtimes) as [RuntimeName, Run][]
  const charts = (runtimes.node?.parts ?? []).flatMap((part) => part.charts)
  return `# Performance

Most figures are ratios between two things that were measured in the same run: our code against a floor that nothing can beat, or
against the usual alternative. Times alone would describe the machine.

${renderFirst(runtimes.node)}

${charts.map(({ id, title }) => `![${title}](${id}.svg)\n`).join("\n")}
${runs.map(([name, run]) => `- ${summary(name, run)}`).join("\n")}

## Start faster

Node can keep the compiled code of a program on disk: set \`NODE_COMPILE_CACHE\` to a folder, or call \`enableCompileCache()\` of
\`node:module\` first. From the second start on it took a seventh off the import of \`@countersign/fetch\`, 13.5 to 11.6 ms above an empty process.
In a container, put the folder into the image. Without it, a third of an import is for reading code. So the code is minified, except for
the names of classes, as CommonJS and as modules for bundlers. And Node loads only the code that
sends requests with a key or a token at hand, and each other part when it is first called ([the decision](decisions/lazy-chunks.md)).

## What did not pay

- **WebAssembly for SHA-256 where there is no \`node:crypto\`.** That of hash-wasm 4 hashes 300 bytes in 0.66 of the time of
  [our own](decisions/own-sha-256.md): 1 µs less. But it adds 7 kB to a budget of 9 kB, it must be compiled asynchronously before the
  first signature, and pages with a Content-Security-Policy must allow it. A large body is hashed by WebCrypto, which is faster than both.
- **One queue for all deadlines.** A timer of Node that is set and cleared costs 0.3 µs, a third of a percent of a request.
- **Verifying for the price of signing.** Both need the same three hashes, half of a verification. A verifier that remembers what right
  signatures claim, and reads each part of a signature once, went from 2.0 to 1.2 times sign(). Frameworks pay the same time on top of
  theirs, so a quick framework shows a larger ratio. How many times slower the signer of the official SDK is depends on the machine: 5
  where hashes are quick, 10 where they are not.
- **Adapters as light as they began.** Since commit 87c6f09 one engine decides on replays for all clients, tells events, refuses
  plain http and knows undici's redirects. An adapter alone costs one to two microseconds, which a whole request hides. With fetch,
  parsing the URL is the largest part, a sixth. undici does without, since it gives the origin apart; in fetch the code for that would
  exceed the budget of the smallest bundle by 150 bytes. An AbortController costs 0.1 µs of each request of undici, because every auth
  may read its signal.
- **Less garbage with axios.** An adapter makes the records of an attempt, its headers and its answer, which a replay, a redirect or an
  event would read. With axios it also makes the config of each attempt, and the headers of its answer in axios' own class.
- **Half of the first answer with axios.** The import takes less than half of what it took. A first answer of axios also needs the code that
  hides secrets in requests of \`node:http\`, a file of 18 kB.
- **Frameworks at a quarter above bare.** A verification takes 3 µs in a loop, and 10 to 15 µs in a service with 4,000 requests a second. That
  is a third of what bare Fastify or Hono take for a request.
- **A quicker start of the emulator.** Three quarters of the time to its first answer are those of \`node:http\`, Hono and fetch without
  it, measured by a bare Hono server.
- **100,000 cold identities in 100 ms.** The loop is held while the caller asks for all of them. A promise and a place in a Map for each
  take longer than that alone, as the table shows. A refresh also needs its entry and its turn, 1 kB in all, which V8 copies twice. Asked
  for in portions, they hold nothing.
- **Node's figures on Bun and Deno.** Their engines and hashes have other prices: a signature takes 1.8 times its floor on Bun, and makes
  5 kB of garbage on Deno, which was not looked into further. A whole request of fetch takes a third of Node's time on Bun and half on Deno,
  so the same microseconds are a larger part of it.
- **100,000 shared tokens in 250 MB.** The tokens alone are 150 MB, and a process with a Redis client has 145 MB before the first. A
  token with its names in the store takes 1.1 kB more than its text. Node lets its heap grow to several times that before it collects,
  unless \`--max-old-space-size\` says how much it may take.

## How to repeat it

This page is written by \`npm run bench\`, not by hand.

| command | does |
| - | - |
| \`npm run bench\` | measures everything in about forty minutes, and writes this page, its data and its charts |
| \`npm run bench -- --runtime bun --runtime deno\` | measures the parts that these runtimes share with Node, and adds their tables |
| \`npm run bench -- --quick\` | measures for about a minute, and prints the figures |
| \`npm run bench -- --quick --check\` | does the same, and fails if a figure with a target is twice as bad as here; CI runs it |
| \`npm run bench -- --part memory\` | measures one part alone, and prints it |
| \`npm run bench -- --part memory --publish\` | also puts it among the figures above, if they are of the same day and machine |

${runs.map(([name, run]) => renderRun(name, run)).join("\n")}
## How it is measured

- Each part runs in a separate process, which loads only the code that it measures.
- The two sides of a comparison take turns of a few milliseconds, in a new random order in every round. A figure is the median of the
  ratios of all rounds. The brackets show where the middle half of them lies. A wide bracket means that the machine was busy: read
  such a figure as an order of magnitude. If a target lies inside the bracket, the run does not decide whether it is reached.
- Whole requests go to a server in another process over kept connections, 64 at once. They count as the CPU time of all threads of the
  client's process, user and system, not as elapsed time. Their target is reached if a quarter of the rounds reach it, since the rest
  of their spread is noise.
- Services get 4,000 requests a second over 64 connections. If they got as many as they can serve, the quicker one would let its caller
  sleep less, and each write to a sleeping caller costs twice as much.
- Adapters alone send through a client that answers at once. The earlier build is commit 87c6f09, built beside this one with the same
  dependencies.
- The service, the answers and the tokens are invented, but the sizes are real: a GET with two query pairs and three headers, a JSON
  body of 1 kB, tokens of 1.5 kB.
- The peers sign as their documentation recommends, and may keep state between requests.

## The floor

A signature needs four hashes: one of the canonical request, two of the HMAC, and one of the body. The floor is these hashes in the
fastest form of the runtime, over prepared text: \`crypto.hash\` over the canonical request, then over the prepared inner pad with
the string to sign, then over the prepared outer pad with the inner hash. A signer also has to read the URL, sort, encode, and write
the date and the headers. That work is the part above 1 x. The floor of a cached token is a read of a Map, a look at the clock and
one turn of \`await\`.
`
}

function renderFirst(run: Run | undefined): string {
  const rows = new Map(rowsOf(run?.parts ?? []).map((row) => [row.id, row]))
  const cells = FIRST.flatMap(([question, id]) => {
    const row = rows.get(id)
    return row === undefined ? [] : [[question, figure(row), row.against, row.detail ?? ""]]
  })
  return cells.length === 0 ? "" : markdownTable(["what", "measured", "against", ""], cells)
}

function summary(name: RuntimeName, { version, parts }: Run): string {
  const aimed = rowsOf(parts).filter((row) => row.target !== undefined)
  const reached = aimed.filter((row) => meets(row) === true)
  return `${NAMES[name]} ${version}: ${reached.length} of ${aimed.length} targets are reached.`
}

function renderRun(name: RuntimeName, { version, date, machine, peers, parts }: Run): string {
  const { cpu, cores, memoryGb, system, load } = machine
  const sections = [...new Set(parts.map(({ section }) => section))]
  const beside = name === "node" ? `\nBeside it: ${versions(peers)}.\n` : ""
  return `## ${NAMES[name]} ${version}

${date}, on ${cores} cores of ${cpu}, ${memoryGb} GB, ${system}; load when it began: ${load.toFixed(1)}.
${beside}
${sections.map((section) => renderSection(section, rowsOf(parts.filter((part) => part.section === section)))).join("\n")}
${renderMissed(rowsOf(parts))}`
}

function renderSection(title: string, rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.what, row.against, figure(row), bound(row), reached(row), row.detail ?? ""])
  return `### ${title}\n\n${markdownTable(["what", "against", "measured", "target", "reached", ""], cells)}\n`
}

function renderMissed(rows: readonly Row[]): string {
  const missed = rows.filter((row) => meets(row) === false)
  if (missed.length === 0) return ""
  const lines = missed.map((row) => {
    const doubt = isInDoubt(row) ? " The target lies within the spread of the rounds." : ""
    const remark = row.remark === undefined ? "" : ` ${row.remark}`
    return `- ${row.what} (${row.against}): ${figure(row)}, to reach ${bound(row)}.${doubt}${remark}`
  })
  return `### Missed\n\n${lines.join("\n")}\n`
}

function reached(row: Row): string {
  const isMet = meets(row)
  if (isMet === undefined) return ""
  return isMet ? "yes" : "**no**"
}

function isInDoubt({ target, spread }: Row): boolean {
  if (target === undefined || spread === undefined) return false
  const limit = "atMost" in target ? target.atMost : target.atLeast
  return spread[0] <= limit && limit <= spread[1]
}

function rowsOf(parts: readonly { rows: readonly Row[] }[]): Row[] {
  return parts.flatMap(({ rows }) => rows)
}

function versions(peers: Readonly<Record<string, string>>): string {
  return Object.entries(peers)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")
}
