// Starts and stops instances of a serverless function, which share one token. Needs a Redis: REDIS_URL, else localhost.
import { fork } from "node:child_process"
import { startEmulator } from "@countersign/emulator"

const INSTANCES = 5

const emulator = await startEmulator()
const { partner } = emulator.accounts
const env = {
  ...process.env,
  ENDPOINT: emulator.url,
  PARTNER_USER: partner.user.name,
  PARTNER_PASSWORD: partner.user.password,
  PARTNER_DOMAIN: partner.domain.name,
}

const codes: unknown[] = []
for (let instance = 0; instance < INSTANCES; instance++) {
  const child = fork(new URL("./instance.ts", import.meta.url), { env })
  codes.push(await new Promise((resolve) => child.once("exit", resolve)))
}
const { requests, iamCalls } = emulator.stats
console.log(
  `${INSTANCES} cold starts made ${requests.length} requests with ${iamCalls} IAM ${iamCalls === 1 ? "call" : "calls"}`,
)
await emulator.close()
process.exitCode = codes.every((code) => code === 0) && iamCalls === 1 ? 0 : 1
