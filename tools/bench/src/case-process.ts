// One case of whole requests in a separate process, started by start-case.ts in the measured runtime.
import { createInterface } from "node:readline"
import { type CaseName, type ClientName, type Send, wholeRequestCases } from "./whole-request-cases.ts"

const CONCURRENCY = 64

const [, , client, name, origin = ""] = process.argv
const setUp = wholeRequestCases[client as ClientName][name as CaseName]
if (setUp === undefined) throw new Error(`There is no case ${name} of ${client}.`)
const send = await setUp(origin)
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await cpuOfRequest(send, Number(line)))
}
process.exit()

/** Sends requests for that time. Returns the CPU time of one request in nanoseconds, over all threads of this process. */
async function cpuOfRequest(send: Send, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  const before = process.cpuUsage()
  let requests = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < until; requests++) await send()
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / requests
}
