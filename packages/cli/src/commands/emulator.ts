import type { Emulator, RequestSummary } from "@countersign/emulator"
import { Command } from "commander"
import { CommandError, EXIT_CODES } from "../exit-code.ts"
import { ownVersion } from "../own-version.ts"
import { isTerminal, note, print, printJson, table } from "../terminal.ts"

interface EmulatorCommandOptions {
  readonly port: string
  readonly host: string
  readonly open: boolean
  readonly ui: boolean
  readonly log?: boolean | undefined
  readonly cors?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ countersign emulator
  $ countersign emulator --port 0 --json`

/** Starts the emulator and opens its view. */
export function emulatorCommand(): Command {
  return new Command("emulator")
    .description("Start a local Huawei Cloud, and open its live view.")
    .option("-p, --port <number>", "port to listen on; 0 for a free one", "8787")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--no-open", "do not open the view in a browser; without a terminal it is not opened anyway")
    .option("--no-ui", "serve neither the live view nor the control routes at /-/")
    .option("--log", "print a line on standard error for each request; JSON with --json")
    .option("--cors <origin>", "let web pages of this origin call the emulator; * for all; may be repeated", origins)
    .option("--json", "print the url and the accounts as JSON")
    .version(ownVersion(), "--version", "print the version")
    .addHelpText("after", EXAMPLE)
    .action(async (_: unknown, self: Command) => emulator(self.optsWithGlobals()))
}

function origins(text: string, before: readonly string[] = []): readonly string[] {
  if (text === "*" || (URL.canParse(text) && new URL(text).origin === text)) return [...before, text]
  throw new CommandError(EXIT_CODES.usage, `--cors takes an origin, such as http://localhost:5173, not ${text}.`)
}

async function emulator({ port, host, open, ui, log, cors, json }: EmulatorCommandOptions): Promise<void> {
  if (!/^\d+$/.test(port) || Number(port) > 65_535) {
    throw new CommandError(EXIT_CODES.usage, `--port takes a number from 0 to 65535, not ${port}.`)
  }
  const { startEmulator } = await import("@countersign/emulator")
  const running = await startEmulator({
    port: Number(port),
    host,
    ui,
    cors: cors?.includes("*") === true ? "*" : cors,
    onRequest: log === true ? (request) => note(json === true ? JSON.stringify(request) : logLine(request)) : undefined,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error
    throw new CommandError(EXIT_CODES.usage, `Port ${port} is taken: stop what listens there, or pass another --port.`)
  })
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void running.close())
  if (json === true) printJson({ url: running.url, podUrl: running.podUrl, accounts: running.accounts })
  else show(running, ui)
  if (open && ui && isTerminal()) await openView(`${running.url}/-/`)
}

function logLine({ time, status, method, target, caller, verdict }: RequestSummary): string {
  const who = caller === undefined ? "nobody" : `${caller.user} @ ${caller.domain}`
  return `${new Date(time).toISOString().slice(11, 23)} ${status ?? "---"} ${method} ${target} (${who}): ${verdict ?? "no verdict"}`
}

function show({ url, accounts: { partner, customers } }: Emulator, ui: boolean): void {
  const { accessKeyId, secretAccessKey } = partner.user.credentials
  const agencies = customers.map(({ agency, domain }) => `${agency.name} of ${domain.name}`).join(", ")
  print(
    table([
      ["listening on", url],
      ...(ui ? [["live view", `${url}/-/`]] : []),
      ["user", `${partner.user.name} of ${partner.domain.name}, password ${partner.user.password}`],
      ["agencies", agencies],
    ]),
  )
  print("")
  // Nobody's secrets: they are the same at every start, everywhere.
  print(`export HUAWEICLOUD_SDK_IAM_ENDPOINT=${url} HUAWEICLOUD_SDK_STS_ENDPOINT=${url}`)
  print(`export HUAWEICLOUD_SDK_AK=${accessKeyId} HUAWEICLOUD_SDK_SK=${secretAccessKey}`)
  if (isTerminal()) note("\nStop it with Ctrl+C.")
}

async function openView(url: string): Promise<void> {
  const { default: open } = await import("open")
  const browser = await open(url)
  // A machine without a browser is no fault: the address is printed.
  browser.on("error", () => undefined)
}
