#!/usr/bin/env node
import { parseArgs } from "node:util"
import { overview } from "./overview.ts"
import { startEmulator } from "./start-emulator.ts"

const HELP = `Usage: countersign-emulator [--port 8787] [--host 127.0.0.1] [--json]

A local Huawei Cloud: IAM, STS, metadata, pod identity, and a gateway that checks every token and every signature.

  --port, -p   port to listen on (default: 8787; 0 for a free one)
  --host       address to listen on (default: 127.0.0.1)
  --json       print the url and the accounts as one line of JSON
  --help, -h   this text
`

main().catch((error: unknown) => {
  process.stderr.write(`countersign-emulator: ${messageOf(error)}\n`)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", short: "p", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const emulator = await startEmulator({ port: portOf(values.port), host: values.host })
  const { url, podUrl, accounts } = emulator
  process.stdout.write(`${values.json ? JSON.stringify({ url, podUrl, accounts }) : overview(emulator)}\n`)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void emulator.close())
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new RangeError(`--port takes a number from 0 to 65535, not ${text}.`)
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return "code" in error && error.code === "EADDRINUSE"
    ? "the port is taken: stop what listens there, or give another with --port."
    : error.message
}
