// A cluster of Node workers that share one token of IAM. Needs a Redis: REDIS_URL, else localhost.
import cluster from "node:cluster"
import { startEmulator } from "@countersign/emulator"
import { work } from "./worker.ts"

const WORKERS = 4

if (cluster.isPrimary) await supervise()
else await work()

async function supervise(): Promise<void> {
  const emulator = await startEmulator()
  const { partner } = emulator.accounts
  const environment = {
    ENDPOINT: emulator.url,
    PARTNER_USER: partner.user.name,
    PARTNER_PASSWORD: partner.user.password,
    PARTNER_DOMAIN: partner.domain.name,
  }
  const workers = Array.from({ length: WORKERS }, () => cluster.fork(environment))
  const codes = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))))
  const { requests, iamCalls } = emulator.stats
  console.log(
    `${WORKERS} workers made ${requests.length} requests with ${iamCalls} IAM ${iamCalls === 1 ? "call" : "calls"}`,
  )
  await emulator.close()
  process.exitCode = codes.every((code) => code === 0) && iamCalls === 1 ? 0 : 1
}
