#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { logLine } from "./log-line.ts"
import { overview } from "./overview.ts"
import { startEmulator } from "./start-emulator.ts"

const HELP = `Usage: countersign-emulator [--port 8787] [--host 127.0.0.1] [--no-ui] [--log] [--json] [--cors ORIGIN]

A local Huawei Cloud: IAM, STS, metadata, pod identity, and a gateway that checks every token and every signature.

  --port, -p      port to listen on (default: 8787; 0 for a free one)
  --host          address to listen on (default: 127.0.0.1)
  --no-ui         serve neither the live view nor the control routes at /-/
  --log           print a line on standard error for each request; JSON with --json
  --cors ORIGIN   let web pages of this origin call the emulator, such as http://localhost:5173; * for all; may be repeated
  --json          print the url and the accounts as one line of JSON
  --version       print the version
  --help, -h      this text

Example: countersign-emulator --port 0 --log
`

main().catch((error: unknown) => {
  process.stderr.write(`countersign-emulator: ${messageOf(error)}\n`)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      port: { type: "string", short: "p", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      ui: { type: "boolean", default: true },
      log: { type: "boolean", default: false },
      cors: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      version: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  })
  const { ui, log, json, cors } = values
  if (values.help || values.version) {
    process.stdout.write(values.help ? HELP : `${ownVersion()}\n`)
    return
  }
  const emulator = await startEmulator({
    port: portOf(values.port),
    host: values.host,
    ui,
    cors: cors?.includes("*") === true ? "*" : cors?.map(originOf),
    onRequest: log
      ? (request) => void process.stderr.write(`${json ? JSON.stringify(request) : logLine(request)}\n`)
      : undefined,
  })
  const { url, podUrl, accounts } = emulator
  process.stdout.write(`${json ? JSON.stringify({ url, podUrl, accounts }) : overview(emulator, ui)}\n`)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void emulator.close())
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new RangeError(`--port takes a number from 0 to 65535, not ${text}.`)
}

function originOf(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text
  throw new RangeError(`--cors takes an origin, such as http://localhost:5173, not ${text}.`)
}

/** Not that of `own-package.ts`: the view would then import this program, and run it. */
function ownVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return manifest.version
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return "code" in error && error.code === "EADDRINUSE"
    ? "the port is taken: stop what listens there, or give another with --port."
    : error.message
}
