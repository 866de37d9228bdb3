#!/usr/bin/env node
import { parseArgs } from "node:util"
import { startEmulator } from "./start-emulator.ts"

const HELP = `Usage: countersign-emulator [--port 8787] [--host 127.0.0.1]

A local Huawei Cloud: IAM, STS, metadata, pod identity, and a gateway that checks every token and every signature.

  --port, -p   port to listen on (default: 8787; 0 for a free one)
  --host       address to listen on (default: 127.0.0.1)
  --help, -h   this text
`

main().catch((error: unknown) => {
  process.stderr.write(`countersign-emulator: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", short: "p", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      help: { type: "boolean", short: "h", default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`--port takes a number from 0 to 65535, not ${values.port}.`)
  const { url, accounts, close } = await startEmulator({ port, host: values.host })
  const { partner, customers } = accounts
  const lines = [
    `listening on ${url}`,
    "",
    `partner account   ${partner.domain.name} (${partner.domain.id})`,
    `  user            ${partner.user.name}  password ${partner.user.password}`,
    `  AK / SK         ${partner.user.credentials.accessKeyId} / ${partner.user.credentials.secretAccessKey}`,
    ...customers.map(({ domain, agency }) => `customer account  ${domain.name} (${domain.id})  agency ${agency.name}`),
    "",
  ]
  process.stdout.write(`${lines.join("\n")}\n`)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void close())
}
