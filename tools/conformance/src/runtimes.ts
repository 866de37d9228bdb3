import { execFile } from "node:child_process"
import { mkdtemp, readFile, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import {
  bunRuntime,
  denoRuntime,
  nodeRuntime,
  runtimePackages,
  runtimeVersion,
} from "@countersign/tools-shared/runtimes"
import { bundle } from "./bundle.ts"
import type { ProgramName } from "./columns.ts"
import { type Dispatch, type Renewals, tryRenewals } from "./renewals.ts"

const run = promisify(execFile)

/** A program that runs in a runtime. */
interface Launch {
  readonly program: ProgramName
  /** The address of the control server, with the name of the program. */
  readonly control: URL
  /** Variables for a program in a separate process. */
  readonly environment: Readonly<Record<string, string>>
}

/** A runtime that runs programs. */
export interface Runtime {
  readonly name: string
  /** It signs with its own hashes by default. */
  readonly hasNodeCrypto: boolean
  /** Runs a program to its end. Returns the version of the runtime. */
  run(launch: Launch): Promise<string>
  /** Present if a runtime stops the work of an answered request: renews tokens across requests. */
  renewals?(): Promise<Renewals>
}

export const runtimes: readonly Runtime[] = [
  { name: "Node 24", hasNodeCrypto: true, run: (launch) => inProcess(process.execPath, [], launch) },
  { name: "Node 22", hasNodeCrypto: true, run: async (launch) => inProcess(await nodeRuntime(22), [], launch) },
  { name: "Node 26", hasNodeCrypto: true, run: async (launch) => inProcess(await nodeRuntime(26), [], launch) },
  { name: "Bun", hasNodeCrypto: true, run: async (launch) => inProcess(await bunRuntime(), [], launch) },
  {
    name: "Deno",
    hasNodeCrypto: true,
    run: async (launch) => inProcess(await denoRuntime(), ["run", "-A", "--no-config"], launch),
  },
  workerd("2026-06-01"),
  workerd("2024-01-01"),
  { name: "Chromium", hasNodeCrypto: false, run: inChromium },
]

async function inProcess(
  binary: string,
  before: readonly string[],
  { program, control, environment }: Launch,
): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "countersign-conformance-")), "program.mjs")
  await writeFile(file, await bundle("process", program))
  await run(binary, [...before, file, control.href], {
    env: { ...withoutProxies(process.env), ...environment },
    // Node 22 with undici 8 took more than 300 s on a busy machine.
    timeout: 600_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  return runtimeVersion(binary)
}

function withoutProxies(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/_proxy$/i.test(name)))
}

/** @param date the compatibility date, which decides on the APIs and the behaviour of Workers */
function workerd(date: string): Runtime {
  return {
    name: `workerd (${date})`,
    hasNodeCrypto: false,
    run: ({ program, control }) =>
      inWorkerd(date, program, async (dispatch) => {
        const response = await dispatch(`/?control=${encodeURIComponent(control.href)}`)
        if (response.status !== 200) throw new Error(`The worker failed: ${await response.text()}`)
      }),
    async renewals() {
      let renewals: Renewals | undefined
      await inWorkerd(date, "renewals", async (dispatch) => {
        renewals = await tryRenewals(dispatch)
      })
      if (renewals === undefined) throw new Error("Nothing was renewed.")
      return renewals
    },
  }
}

async function inWorkerd(
  date: string,
  program: ProgramName | "renewals",
  use: (dispatch: Dispatch) => Promise<void>,
): Promise<string> {
  const modules = await runtimePackages("miniflare", { miniflare: "^4.20260730.0" })
  const { Miniflare } = (await import(pathToFileURL(join(modules, "miniflare/dist/src/index.js")).href)) as {
    Miniflare: new (options: object) => { dispatchFetch: Dispatch; dispose(): Promise<void> }
  }
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundle("worker", program) }],
    compatibilityDate: date,
    // It warns about each form with a separate content type, which axios alone sends.
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume()
      stderr.resume()
    },
  })
  try {
    await use((path) => worker.dispatchFetch(`http://worker${path}`))
  } finally {
    await worker.dispose()
  }
  const { version } = JSON.parse(await readFile(join(modules, "workerd/package.json"), "utf8")) as { version: string }
  return version
}

async function inChromium({ control }: Launch): Promise<string> {
  const modules = await runtimePackages("playwright", { "playwright-core": "^1.60.0" })
  const playwright = (await import(pathToFileURL(join(modules, "playwright-core/index.js")).href)) as {
    default: { chromium: Chromium }
  }
  const browser = await playwright.default.chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  })
  try {
    const page = await browser.newPage()
    await page.goto(new URL(`/control/page${control.search}`, control).href)
    await page.waitForFunction("document.title !== 'running'", undefined, { timeout: 300_000 })
    const title = await page.title()
    if (title !== "done") throw new Error(`The page says: ${title}`)
    return browser.version()
  } finally {
    await browser.close()
  }
}

interface Chromium {
  launch(options: object): Promise<{
    newPage(): Promise<{
      goto(url: string): Promise<unknown>
      waitForFunction(expression: string, argument: undefined, options: { timeout: number }): Promise<unknown>
      title(): Promise<string>
    }>
    version(): string
    close(): Promise<void>
  }>
}
