import { markdownTable } from "@countersign/tools-shared/markdown-table"
import { EARLIER_COMMIT } from "./earlier-build.ts"
import { bound, figure } from "./figures.ts"
import type { MeasuredPart, Report, Run } from "./report.ts"
import { isInDoubt, meets, type Row } from "./row.ts"
import type { RuntimeName } from "./runtimes.ts"

const NAMES: Readonly<Record<RuntimeName, string>> = { node: "Node", bun: "Bun", deno: "Deno" }

/** The rows that a reader wants first, by the questions that they answer. */
const FIRST: readonly (readonly [question: string, id: string])[] = [
  ["Sign a GET", "get"],
  ["Sign a GET with the official SDK", "get-official"],
  ["Sign a body of 12 MB", "post-12mb"],
  ["Read a cached token", "token-cached"],
  ["Calls of IAM when 10,000 requests start at once", "cold-calls"],
  ["Send a request with axios and AK/SK", "axios-aksk"],
  ["Send a request with fetch and a token", "fetch-token"],
  ["Verify a signature", "verify"],
  ["Import `@countersign/fetch`", "import-fetch"],
  ["Keep the tokens of 100,000 customers", "memory-tokens"],
]

/** The published page. */
export function renderPage({ runtimes }: Report): string {
  const runs = Object.entries(runtimes) as [RuntimeName, Run][]
  const charts = (runtimes.node?.parts ?? []).flatMap((part) => part.charts)
  return `# Performance

Most figures are ratios between two things that were measured in the same run: our code beside a floor, which is the least work that
the task needs, or beside the usual alternative. Times alone would describe the machine.

${renderFirst(runtimes.node)}

${charts.map(({ id, title, cost, sizes }) => `![${title}: ${cost}, by ${sizes}](${id}.svg)\n`).join("\n")}
${runs.map(([name, run]) => `- ${summary(name, run)}`).join("\n")}

## Start faster

On Node, a program loads the code that sends requests with a key or a token at hand, and each other part when it is first called
([the decision](decisions/lazy-chunks.md)). The core is minified, except for the names of classes, since Node spends a part of each import
on reading code.

Node can also keep the compiled code on disk. The table below shows what that saves, under "Start".

- Set \`NODE_COMPILE_CACHE\` to a folder. The first process fills it when it exits, and each later one reads it.
- Or call \`enableCompileCache()\` of \`node:module\` at the start of the program, and load the rest with \`await import()\`. Node loads what an
  \`import\` declaration names before it runs the first line, so the call would come too late for that.
- For a container, fill the folder while the image is built: run the program once, and let it end by itself. A process that a signal
  ends writes nothing, unless it calls \`flushCompileCache()\` first. Node reads the folder only for the same version of Node, the same user id
  and the same paths, so build and run as one user in one folder.

## What did not pay

What was tried, and why it is not in the code:

- **WebAssembly for SHA-256 where there is no \`node:crypto\`.** hash-wasm 4 hashes 300 bytes in 0.66 of the time of
  [our own code](decisions/own-sha-256.md), which is 1 µs less. But it adds 7 kB to a budget of 9 kB, it must be compiled asynchronously before
  the first signature, and pages with a Content-Security-Policy must allow it. WebCrypto hashes a large body faster than both.
- **One queue for all deadlines.** All timeouts would share one timer. But a timer of Node that is set and cleared takes 0.3 µs, and a request
  takes 40 to 300.
- **Minifying each adapter.** The largest file shrinks from 22 to 14 kB, and its import is not faster by anything that shows. Only the core is
  large enough.
- **One regular expression over the URL**, in place of the getters of \`URL\`, and \`in\` in place of \`Object.hasOwn\`: both are 4 to 5 % slower.
- **fetch without parsing the URL.** It would save a sixth of the adapter's own time. The adapter for undici does so, since undici passes
  the origin and the path. For fetch, the code is 150 bytes more than the budget of the smallest bundle allows.
- **An AbortController only when an auth reads the signal.** It would save 0.1 µs of each request with undici. A getter for the signal takes
  70 bytes, which the same budget does not have.
- **Fewer promises for each refresh.** Two async functions less make no difference that shows in 100,000 refreshes. A third of their time is
  garbage collection.

## Why some targets are missed

- **Verification.** Signing and verifying need the same three hashes, half of the time of a verification. In a service with 4,000 requests
  a second the same code takes several times as long as in a loop, since the caches of the processor hold other code by then. The lighter the
  framework, the larger is the ratio.
- **The signer of the official SDK.** How many times slower it is depends on the machine: less where hashes are quick.
- **Adapters alone.** Since commit ${EARLIER_COMMIT} one engine decides on replays for all clients, tells events, refuses
  plain http, and follows redirects as each client does. That work takes the time that other changes saved. It is one to two microseconds
  without the client and the signature, which a whole request hides.
- **Garbage with axios.** The adapter makes a config for each attempt, and the headers of its answer in axios' own class. A bare request
  of axios makes 31 kB.
- **A first answer with axios.** It needs the code that hides secrets in requests of \`node:http\`, a file of 18 kB.
- **Start of the emulator.** \`node:http\`, Hono and fetch alone, without the emulator, take three quarters of the time.
- **100,000 cold identities at once.** The loop is held while the caller asks for all of them. The table shows that a promise and a place
  in a Map for each take longer than the target alone. A refresh also has an entry and a turn, 1 kB in all, which V8 copies twice while it
  waits. A caller that asks for some thousands at a time holds nothing. \`maxConcurrentRefreshes\` ([default
  1,000](packages/auth-core.md)) limits how many of them call their issuer at the same time.
- **100,000 shared tokens.** Beside the tokens there are the process itself, the names of each token in the store, and the subscription to
  its changes. For that the package redis keeps 400 bytes for each channel, ioredis a quarter of that.
- **Uploads.** Verification and a bare handler hash the same bytes, so what is left is how each framework passes them on. Two runs
  differ by more than the target leaves.
- **Bun and Deno.** Their hashes and engines have other prices than Node's, so the same code is another multiple of the floor. A request of
  fetch takes a third of Node's time on Bun and half on Deno, so the same work is a larger part of it.

## How to repeat it

The tables, data and charts are written by \`npm run bench\`, not by hand.

| command | does |
| - | - |
| \`npm run bench\` | measures everything in about forty minutes, and writes this page, its data and its charts |
| \`npm run bench -- --runtime bun --runtime deno\` | measures the parts that these runtimes share with Node, and replaces their tables |
| \`npm run bench -- --quick\` | measures for about five minutes, and prints the figures |
| \`npm run bench -- --quick --check\` | does the same, and fails if a figure with a target is twice as bad as here; CI runs it |
| \`npm run bench -- --part memory\` | measures one part alone, and prints it; \`--help\` lists the parts |
| \`npm run bench -- --part memory --publish\` | also puts it among the figures above, if those are of the same day, machine and version of Node |

It needs the whole history of the repository, since it builds commit ${EARLIER_COMMIT} once, in a folder beside other temporary files. The memory of
a fleet needs \`redis-server\`, the streamed file needs \`openssl\` and 1 GB of disk. Bun and Deno come from npm.

${runs.map(([name, run]) => renderRun(name, run)).join("\n")}
## How it is measured

- Each part runs in a separate process, which loads only the code that it measures.
- The two sides of a comparison take turns of a few milliseconds, in a new random order in every round. A figure is the median of the
  ratios of all rounds. The brackets show where the middle half of them lies. A wide bracket means that the machine was busy: read
  such a figure as an order of magnitude. "Within the spread", or too close to call, means that the target lies inside the bracket:
  another run may decide otherwise.
- Starts are whole processes. Their figure is a ratio of two medians of differences, and the bracket is the middle half of 200
  draws of as many rounds from those measured.
- Whole requests go to a server in another process over kept connections, 64 at once. They count as the CPU time of all threads of the
  client's process, user and system, not as elapsed time. They spread more than the other figures, so their target counts as reached if
  a quarter of the rounds reach it.
- Services get 4,000 requests a second over 64 connections, and their CPU time counts. A service that gets as many as it can serve never
  waits, so a quicker one would also save the cost of waking up.
- Adapters alone send through a client that answers at once. The earlier build is commit ${EARLIER_COMMIT} of November 2026, built beside this one with
  the same dependencies.
- Garbage is what a request adds to the heap, without forced collections. "Our own promises" are those that our code makes: a client makes
  more around any hook.
- The hold of the event loop is the longest time between two turns of a timer of one millisecond.
- A cold identity is one whose token is not in the cache.
- The service, the answers and the tokens are invented, but the sizes are real: a GET with two query pairs and three headers, 770 bytes
  of JSON, tokens of 1.5 kB. Tokens are shorter where only their number counts: in 100,000 cold identities and in growing caches.
- The peers sign as their documentation recommends, and may keep state between requests.

## The floor

A signature of a GET needs three hashes, in the fastest form of the runtime: \`crypto.hash\` over the canonical request, then over the prepared
inner pad of the HMAC with the string to sign, then over its outer pad with the result. A body is a fourth. The floor hashes also the
empty body of a GET, as most signers do for each request. sign() keeps that hash, so the table also shows it beside a floor
that keeps it too. Everything else is the part above 1 x: the URL, sorting, encoding, the date and the headers.

The floor of a cached token is a read of a Map, a look at the clock and one turn of \`await\`.
`
}

function renderFirst(run: Run | undefined): string {
  if (run === undefined) return ""
  const rows = new Map(rowsOf(run.parts).map((row) => [row.id, row]))
  const cells = FIRST.flatMap(([question, id]) => {
    const row = rows.get(id)
    return row === undefined ? [] : [[question, figure(row), row.against, bound(row), reached(row), row.detail ?? ""]]
  })
  if (cells.length === 0) return ""
  const columns = ["what", "measured", "against", "target", "reached", "time or size"]
  return `${markdownTable(columns, cells)}\n\nThis is Node ${run.version} on ${run.date}. Requests count by the CPU time of their client. The rows are explained below.`
}

function summary(name: RuntimeName, { version, parts }: Run): string {
  const aimed = rowsOf(parts).filter((row) => row.target !== undefined)
  const reached = aimed.filter((row) => meets(row) === true)
  const doubtful = aimed.filter(isInDoubt)
  return `${NAMES[name]} ${version}: ${reached.length} of ${aimed.length} targets are reached. Too close to call: ${doubtful.length}.`
}

function renderRun(name: RuntimeName, { version, date, machine, peers, parts }: Run): string {
  const { cpu, cores, memoryGb, system, load } = machine
  const sections = [...new Set(parts.map(({ section }) => section))]
  const compared = name === "node" ? `\nCompared with ${versions(peers)}.\n` : `\n${SHARED}\n`
  return `## ${NAMES[name]} ${version}

${date}, ${commits(parts)}, on ${cores} cores of ${cpu}, ${memoryGb} GB, ${system}; load when it began: ${load.toFixed(1)}.
${compared}
${sections.map((section) => renderSection(section, rowsOf(parts.filter((part) => part.section === section)))).join("\n")}
${renderMissed(rowsOf(parts))}`
}

/** Why a runtime other than Node has fewer rows. */
const SHARED =
  "These parts measure what users of this runtime have: the signer, the cache and fetch. The others measure clients, frameworks and " +
  "memory in ways that only Node offers, such as CPU time by thread and forced collections. A row that Node has and this table lacks needs such a way, or " +
  "a hash that the runtime does not have."

/** The commit of most parts, and those of others that were measured again later. */
function commits(parts: readonly MeasuredPart[]): string {
  const all = [...new Set(parts.map(({ commit }) => commit))]
  const at = (commit: string): string[] => parts.filter((part) => part.commit === commit).map(({ name }) => name)
  const [most, ...others] = all.sort((a, b) => at(b).length - at(a).length)
  return [`commit ${most}`, ...others.map((commit) => `${at(commit).join(", ")} at ${commit}`)].join("; ")
}

function renderSection(title: string, rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.what, row.against, figure(row), bound(row), reached(row), row.detail ?? ""])
  return `### ${title}\n\n${markdownTable(["what", "against", "measured", "target", "reached", "time or size"], cells)}\n`
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
  return `${isMet ? "yes" : "**no**"}${isInDoubt(row) ? ", within the spread" : ""}`
}

function rowsOf(parts: readonly { rows: readonly Row[] }[]): Row[] {
  return parts.flatMap(({ rows }) => rows)
}

function versions(peers: Readonly<Record<string, string>>): string {
  return Object.entries(peers)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")
}
