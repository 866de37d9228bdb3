import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { median, resampled } from "./distribution.ts"
import { EARLIER_COMMIT, earlierBuild } from "./earlier-build.ts"
import { credentials } from "./example-request.ts"
import { interleaved, type Samples, sync } from "./rounds.ts"
import type { Part, Row } from "./row.ts"
import { startServer } from "./start-server.ts"

const HERE = fileURLToPath(new URL("..", import.meta.url))
const KEY = JSON.stringify(credentials)

/** Programs that send one request, by name. `origin` is where to. */
function programs(origin: string) {
  const url = JSON.stringify(`${origin}/v1/servers`)
  const hosts = '{ hosts: ["localhost"] }'
  return {
    empty: "",
    fetchImport: 'import "@countersign/fetch"',
    fetch: `await (await fetch(${url})).text()`,
    fetchAuth: `import { akskAuth, createFetch } from "@countersign/fetch"; await (await createFetch(akskAuth(${KEY}), ${hosts})(${url})).text()`,
    axios: `import axios from "axios"; await axios.get(${url})`,
    axiosAuth: `import axios from "axios"; import { akskAuth, withAuth } from "@countersign/axios"; await withAuth(axios.create(), akskAuth(${KEY}), ${hosts}).get(${url})`,
    official: officialProgram(origin),
    emulator: `import { startEmulator } from "@countersign/emulator"; const emulator = await startEmulator(); await (await fetch(emulator.url)).text(); process.exit()`,
  }
}

/** By the client inside the official SDK, which its services' packages use and its core does not export. */
function officialProgram(origin: string): string {
  const { accessKeyId, secretAccessKey } = credentials
  return `
    import { createRequire } from "node:module"
    const require = createRequire(import.meta.url)
    const { BasicCredentials } = require("@huaweicloud/huaweicloud-sdk-core")
    const { ClientBuilder } = require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder")
    const key = new BasicCredentials().withAk("${accessKeyId}").withSk("${secretAccessKey}").withProjectId("p")
    const client = new ClientBuilder((client) => client).withEndpoint("${origin}").withCredential(key).build()
    const request = { method: "GET", url: "/v1/servers", contentType: "application/json" }
    await client.sendRequest({ ...request, queryParams: {}, pathParams: {}, headers: {}, data: {} })`
}

/** Whole processes, from their start to their end, beside those of the earlier build. */
export const starts: Part = async ({ quick, node }) => {
  const server = await startServer(node, "https")
  const compiled = mkdtempSync(join(tmpdir(), "countersign-compiled-"))
  try {
    const earlier = earlierBuild()
    const of = programs(server.origin)
    const here = (program: string, env = {}) => sync(() => run(node, program, HERE, env))
    const before = (program: string) => sync(() => run(node, program, earlier))
    const samples = await interleaved(
      {
        empty: here(of.empty),
        fetchImport: here(of.fetchImport),
        fetchImportBefore: before(of.fetchImport),
        fetchImportCompiled: here(of.fetchImport, { NODE_COMPILE_CACHE: compiled }),
        fetch: here(of.fetch),
        fetchAuth: here(of.fetchAuth),
        fetchAuthBefore: before(of.fetchAuth),
        axios: here(of.axios),
        axiosAuth: here(of.axiosAuth),
        axiosAuthBefore: before(of.axiosAuth),
        official: here(of.official),
        emulator: here(of.emulator),
        emulatorBefore: before(of.emulator),
      },
      { rounds: quick ? 5 : 41, roundMs: 1, warmUpMs: 1 },
    )
    return { rows: rowsOf(samples) }
  } finally {
    server.stop()
    rmSync(compiled, { recursive: true })
  }
}

type Start =
  | keyof ReturnType<typeof programs>
  | "fetchImportBefore"
  | "fetchImportCompiled"
  | "fetchAuthBefore"
  | "axiosAuthBefore"
  | "emulatorBefore"

function rowsOf(samples: Samples<Start>): Row[] {
  const row = (of: Start, to: Start, base: Start, words: Pick<Row, "id" | "what" | "against" | "target">): Row[] => {
    // Of each round, since the machine is slower in some.
    const differences = (name: Start): number[] =>
      samples[name].map((time, round) => (time - (samples[base][round] ?? Number.NaN)) / 1e6)
    const [ofs, tos] = [differences(of), differences(to)]
    // The noise of so few rounds is larger than what they measure.
    if (median(ofs) <= 0 || median(tos) <= 0) return []
    const at = (values: readonly number[], rounds: readonly number[]): number =>
      median(rounds.map((round) => values[round] ?? Number.NaN))
    return [
      {
        ...words,
        ...resampled(ofs.length, (rounds) => at(ofs, rounds) / at(tos, rounds)),
        unit: "x",
        detail: `${median(ofs).toFixed(1)} ms, beside ${median(tos).toFixed(1)} ms`,
        isUnsteady: true,
      },
    ]
  }
  const earlier = `the build of ${EARLIER_COMMIT}`
  return [
    ...row("fetchImport", "fetchImportBefore", "empty", {
      id: "start-import",
      what: "import of @countersign/fetch, above an empty process",
      against: earlier,
      target: { atMost: 0.5 },
    }),
    ...row("fetchImportCompiled", "fetchImport", "empty", {
      id: "start-import-compiled",
      what: "the same import with a filled NODE_COMPILE_CACHE",
      against: "without it",
      target: undefined,
    }),
    ...row("fetchAuth", "fetchAuthBefore", "fetch", {
      id: "start-fetch",
      what: "first answer of a process with @countersign/fetch and AK/SK, above fetch",
      against: earlier,
      target: { atMost: 0.6 },
    }),
    ...row("axiosAuth", "axiosAuthBefore", "axios", {
      id: "start-axios",
      what: "first answer of a process with @countersign/axios and AK/SK, above axios",
      against: earlier,
      target: { atMost: 0.5 },
    }),
    ...row("official", "fetchAuth", "fetch", {
      id: "start-official",
      what: "first answer of a process with the official SDK core and its own client, above fetch",
      against: "@countersign/fetch",
      target: { atLeast: 12 },
    }),
    ...row("emulator", "emulatorBefore", "empty", {
      id: "start-emulator",
      what: "start of the emulator to its first answer, above an empty process",
      against: earlier,
      target: { atMost: 0.6 },
    }),
  ]
}

function run(node: string, program: string, cwd: string, env: NodeJS.ProcessEnv = {}): void {
  const { status, stderr } = spawnSync(node, ["--input-type=module", "--no-warnings", "--eval", program], {
    cwd,
    encoding: "utf8",
    // Its server is its own.
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0", ...env },
  })
  if (status !== 0) throw new Error(stderr)
}
