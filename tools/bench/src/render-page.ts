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

Most figures are ratios of two things that were measured in the same run: our code against a floor, which is the hashes or the reads that
the task cannot do without, or against the usual alternative. 1.5 x means 1.5 times as long. Absolute times mostly describe the machine.

${renderFirst(runtimes.node)}

${charts.map(({ id, title, cost, sizes }) => `![${title}: ${cost}, by ${sizes}](${id}.svg)\n`).join("\n")}
${runs.map(([name, run]) => `- ${summary(name, run)}`).join("\n")}

A target counts as reached if the median reaches it; for requests of clients, whose rounds spread more, if a quarter of the rounds do. It is too
close to call if it lies within the middle half of the rounds.

## Start faster

Importing an adapter loads only what a request with a key or a valid token needs. Every other part loads on first use ([the
decision](decisions/lazy-chunks.md)). Node can also keep the compiled code on disk. For the import of \`@countersign/fetch\` alone this saves little, as the
table shows under "Start", since little is loaded. It saves more in a program with more code.

- Set \`NODE_COMPILE_CACHE\` to a folder, as an absolute path. A process fills it when it exits, and later ones read it.
- Or call \`enableCompileCache(folder)\` of \`node:module\` first, and load the rest with \`await import()\` or \`require()\`. Node loads what an
  \`import\` declaration names before it runs the first line, so with static imports the call comes too late.
- For a container or a function, fill the folder while the image is built, and ship it with the program. Send one request of each kind, since parts
  load on first use, and then end with \`process.exit()\`, or call \`flushCompileCache()\`: a process that a signal ends writes nothing.
- Node reads the folder only for the same version of Node, the same user id and the same paths (with
  \`NODE_COMPILE_CACHE_PORTABLE=1\`, for paths relative to the folder).

## What did not pay

What was tried, and why it is not in the code:

- **WebAssembly for SHA-256 where there is no \`node:crypto\`.** hash-wasm 4 hashes 300 bytes in two thirds of the time of
  [our own code](decisions/own-sha-256.md), which is 1 µs less. But it adds 7 kB to a budget of 9 kB, it must be compiled asynchronously before
  the first signature, and pages with a Content-Security-Policy must allow it. WebCrypto hashes a large body faster than both.
- **One queue for all deadlines**, so that all timeouts share one timer. Setting and clearing a timer of Node takes only 0.3 µs of a request's 40 to
  550.
- **Minifying each adapter.** The file for axios shrinks from 22 to 14 kB, and its import is not measurably faster. Only the core is large
  enough for it to matter.
- **One regular expression over the URL**, in place of the getters of \`URL\`, and \`in\` in place of \`Object.hasOwn\`: both are 4 to 5 % slower.
- **fetch without parsing the URL.** It would save a sixth of the adapter's own time. The adapter for undici does so, since undici passes
  the origin and the path. For fetch it would exceed the budget of the smallest bundle by 150 bytes.
- **An AbortController only when an auth reads the signal.** It would save 0.1 µs of each request with undici. A getter for the signal takes
  70 bytes, which the same budget does not have.
- **Fewer promises for each refresh.** Removing two async functions makes no measurable difference in 100,000 refreshes. A third of their time
  is garbage collection.

## Why some targets are missed

- **Signers of others.** How many times slower they are depends on what a hash costs: on Deno it costs so much that it hides most of the
  difference. The official SDK's signer took 4 to 12 times as long as ours on the machines that were tried.
- **Verification.** It needs the same hashes as a signature, and also reads the signature, looks up the key and compares the date. In a
  service with 4,000 requests a second it takes about ten times as long as in a loop, with the hook of the framework. Express, Fastify and Hono
  themselves take little more than that.
- **Adapters alone.** Since commit ${EARLIER_COMMIT} one engine decides on replays for all clients, emits events, refuses
  plain http, and follows redirects as each client does. It costs what other changes saved. For ky, got and axios, most of both sides is the
  client itself, so the ratio stays near 1.
- **Requests of ky with AK/SK.** Like fetch, ky gives the adapter a Request, whose headers must be read and written through its own methods.
- **Garbage with undici.** The headers and options of a request are copied when it begins, so that its caller may reuse the objects.
- **Garbage with axios.** The adapter makes a config for each attempt, and the headers of its answer in axios' own class, which a replay,
  a redirect or an event would read. Sharing them with the caller's config would show the caller secrets.
- **First answers.** They are small differences of whole processes: two runs of one day, on one machine, gave 0.54 and 0.78 for fetch, 0.75 and
  0.97 for axios. axios also needs the code that hides secrets in requests of \`node:http\`, a file of 18 kB.
- **Start of the emulator.** \`node:http\`, Hono and fetch alone, without the emulator, take three quarters of the time.
- **100,000 cold identities at once.** The loop is held while the caller asks for all of them. A promise and a place in a Map for each
  already take longer than the target. Each pending refresh also keeps a cache entry and a place in the line, 1 kB in all, which V8 copies
  twice. A third of the CPU time is garbage collection. Ask for them in portions of some thousands to hold the loop for less.
  \`maxConcurrentRefreshes\` ([default 1,000](packages/auth-core.md)) limits how many call the issuer at the same time.
- **100,000 shared tokens.** Besides the tokens, the process itself counts, and the names of each token in the store, and the subscription to
  its changes: the package redis keeps [400 bytes for each channel](../findings/node-redis-channel-memory.sh), ioredis a quarter of that. Node lets
  its heap grow far beyond that before it collects, so the resident set is larger; \`--max-old-space-size\` limits it.
- **Bun and Deno.** Hashing and JavaScript cost differently there. On Bun the hashes take as long as on Node, and the rest takes longer. On Deno each
  signature makes more garbage, and a whole request with AK/SK takes more than its signature alone explains. Neither was looked into
  further.

## How to repeat it

The tables, data and charts are written by \`npm run bench\`, not by hand.

| command | does |
| - | - |
| \`npm run bench\` | measures everything on Node in about forty minutes, and writes this page, its data and its charts |
| \`npm run bench -- --runtime bun --runtime deno\` | measures the parts that these runtimes share with Node, and replaces their tables |
| \`npm run bench -- --quick\` | measures for about five minutes, and prints the figures |
| \`npm run bench -- --quick --check\` | does the same, and fails if a ratio or a count with a target is twice as bad as here, apart from starts; CI runs it |
| \`npm run bench -- --part memory\` | measures one part alone, and prints it; \`--help\` lists the parts |
| \`npm run bench -- --part memory --publish\` | also puts it among the published figures, if those are of the same day, machine and version of Node |

A full run needs the whole history of the repository, since it builds commit ${EARLIER_COMMIT} once, in a folder beside other temporary files. The memory of
a fleet needs \`redis-server\`, the streamed file needs \`openssl\` and 1 GB of disk. Bun and Deno come from npm.

${runs.map(([name, run]) => renderRun(name, run)).join("\n")}
## How it is measured

- Each part runs in a separate process, which loads only the code that it measures.
- The two sides of a comparison take turns of a few milliseconds, in a new random order in every round. A figure is the median of the
  ratios of all rounds. The brackets show where the middle half of them lies. A wide bracket means that the machine was busy: read
  such a figure as an order of magnitude. "Within the spread", or too close to call, means that the target lies inside the bracket:
  another run may decide otherwise.
- Starts are whole processes. Their figure is a ratio of two medians of differences, and the bracket is the middle half of 200
  bootstrap samples of the rounds.
- Times of two sections cannot be compared, since each part is a process of its own, under another load.
- Whole requests go to a server in another process over kept connections, 64 at once. They count as the CPU time of all threads of the
  client's process, user and system, not as elapsed time. They spread more than the other figures, so their target counts as reached if
  a quarter of the rounds reach it.
- Services get 4,000 requests a second over 64 connections, and their CPU time counts. At full load a service never sleeps, so
  wake-ups would distort the comparison.
- Adapters alone send through a client that answers at once. The earlier build is commit ${EARLIER_COMMIT} of November 2026, built beside this one with
  the same dependencies.
- Garbage is what a request adds to the heap, without forced collections. "Our own promises" are those that our code makes: a client makes
  more around any hook.
- The hold of the event loop is the longest time between two turns of a probe: with a 12 MB body one that asks for the next turn at once, with
  100,000 identities a timer of one millisecond. A hold below that of an idle loop cannot be told from it.
- A cold identity is one whose token is not in the cache.
- The service, the answers and the tokens are invented, but the sizes are real: a GET with two query pairs and three headers, 770 bytes
  of JSON, tokens of 1.5 kB. Tokens are shorter where only their number counts: in 100,000 cold identities and in growing caches.
- The peers sign as their documentation recommends, and may keep state between requests.

## The floor

A signature of a GET needs three hashes, in the fastest form of the runtime: \`crypto.hash\` over the canonical request, then over the prepared
inner pad of the HMAC with the string to sign, then over its outer pad with the result. A body is a fourth. The floor also hashes the
empty body of a GET, as most signers do for each request. sign() keeps that hash, so the table also shows it beside a floor
that keeps it too. What exceeds 1 x is the rest of the work: the URL, sorting, encoding, the date and the headers.

The floor of a cached token is a read of a Map, a clock read and one turn of \`await\`.
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
  return `${markdownTable(columns, cells)}\n\nThis is Node ${run.version} on ${run.date}. Requests are measured in CPU time of the process of their client.`
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
  "memory in ways that only Node offers, such as forced collections. A row that Node has and this table lacks needs such a way, or " +
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
