// A process whose server goes away before its value is written, and which then has nothing more to do. It prints for how
// many milliseconds it lived on.
import { localRedis } from "@countersign/testkit"
import { redisStore, TokenCache } from "../src/index.ts"
import { supportedClients } from "./supported-clients.ts"

const server = await localRedis()
const { client, close } = await supportedClients["redis 6"].single(server)
const provider = Object.assign(
  async () => {
    await server.stop()
    return { value: "token-1", issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
  },
  { identityKey: "unwritten" },
)
await new TokenCache({ store: redisStore(client), storeTimeoutMs: 20_000 }).get(provider)
await close()
const closedAt = performance.now()
process.on("exit", () => process.stdout.write(String(Math.round(performance.now() - closedAt))))
