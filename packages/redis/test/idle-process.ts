// A process that listens through every client and then has nothing more to do. The test sees whether it ends.
import { setTimeout as delay } from "node:timers/promises"
import { redisStore } from "../src/index.ts"
import { type SupportedClient, supportedClients } from "./supported-clients.ts"

const [, , port, mode] = process.argv
const closing: (() => unknown)[] = []
/** Why nothing is heard, once for each client. */
const reasons: string[] = []
for (const [name, { single }] of Object.entries<SupportedClient>(supportedClients)) {
  // It has no client while the server is down.
  if (mode === "down" && name.startsWith("valkey-glide")) continue
  const { client, close } = await single({ port: Number(port) })
  closing.push(close)
  const watch = redisStore(client).watch?.(
    () => undefined,
    (reason) => reasons.push(reason),
  )
  watch?.follow("idle")
  while (mode === "up" && watch?.isHearing("idle") !== true) await delay(10)
}
const clients = closing.length
while (mode === "down" && reasons.length < clients) await delay(10)
for (const close of closing) await close()
process.stdout.write(["done", ...reasons].join(" "))
