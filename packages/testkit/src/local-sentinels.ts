import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { askServer, type LocalRedis, startServer, until } from "./local-redis.ts"

export interface LocalSentinels {
  /** The name of the group of servers. */
  readonly name: string
  readonly servers: readonly [master: LocalRedis, replica: LocalRedis]
  readonly sentinels: readonly LocalRedis[]
  /** The port of the present master, as the sentinels say. */
  masterPort(): Promise<number>
  stop(): Promise<void>
}

/** How long a silent server counts as alive. */
const DOWN_AFTER_MS = 500

/** A master, a replica and three sentinels that watch them. */
export async function localSentinels(): Promise<LocalSentinels> {
  const name = "local"
  const master = await startServer()
  const replica = await startServer({ options: ["--replicaof", "127.0.0.1", String(master.port)] })
  const sentinel = (): Promise<LocalRedis> =>
    startServer({
      options(port, directory) {
        const file = join(directory, "sentinel.conf")
        const lines = [
          `port ${port}`,
          "bind 127.0.0.1",
          `dir ${directory}`,
          `sentinel monitor ${name} 127.0.0.1 ${master.port} 2`,
          `sentinel down-after-milliseconds ${name} ${DOWN_AFTER_MS}`,
          `sentinel failover-timeout ${name} 3000`,
        ]
        writeFileSync(file, lines.join("\n"))
        return [file, "--sentinel"]
      },
    })
  const sentinels = [await sentinel(), await sentinel(), await sentinel()]
  const [first] = sentinels
  const firstPort = String(first?.port)
  await until("The sentinels do not find each other.", async () => {
    const facts = await askServer(Number(firstPort), "sentinel", "master", name)
    const fact = (key: string): string | undefined => new RegExp(`^${key}\\n(.*)$`, "m").exec(facts)?.[1]
    return fact("num-slaves") === "1" && fact("num-other-sentinels") === "2" && fact("flags") === "master"
  })
  return {
    name,
    servers: [master, replica],
    sentinels,
    masterPort: async () =>
      Number((await askServer(Number(firstPort), "sentinel", "get-master-addr-by-name", name)).split("\n")[1]),
    stop: async () => {
      await Promise.all([...sentinels, master, replica].map((server) => server.stop()))
    },
  }
}
