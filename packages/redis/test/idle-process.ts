// A process that listens through every client and then has nothing more to do. The test sees whether it ends.
import { setTimeout as delay } from "node:timers/promises"
import { commandsOf } from "../src/redis-client.ts"
import { type SupportedClient, supportedClients } from "./supported-clients.ts"

const [, , port, mode] = process.argv
const closing: (() => unknown)[] = []
for (const [name, { single }] of Object.entries<SupportedClient>(supportedClients)) {
  // It has no client while the server is down.
  if (mode === "down" && name.startsWith("valkey-glide")) continue
  const { client, close } = await single({ port: Number(port) })
  closing.push(close)
  const subscription = commandsOf(client, "a test")?.subscribe({ heard: () => undefined })
  if (subscription === undefined) throw new Error(`${name} is refused.`)
  subscription.listenTo("idle")
  while (mode === "up" && !subscription.isHearing("idle")) await delay(10)
}
if (mode === "down") await delay(2_000)
for (const close of closing) await close()
process.stdout.write("done")
