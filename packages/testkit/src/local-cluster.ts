import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { askServer, type LocalRedis, startServer, until } from "./local-redis.ts"

const run = promisify(execFile)

export interface LocalCluster {
  /** The masters, then a replica of each, if there are any. */
  readonly nodes: readonly LocalRedis[]
  stop(): Promise<void>
}

/** A cluster of three masters. */
export async function localCluster({ hasReplicas = false, program = "redis-server" } = {}): Promise<LocalCluster> {
  const nodes = await Promise.all(
    Array.from({ length: hasReplicas ? 6 : 3 }, () =>
      startServer({
        program,
        options: (port, directory) => [
          ..."--bind 127.0.0.1 --appendonly no --cluster-enabled yes --cluster-config-file nodes.conf".split(" "),
          ...`--cluster-node-timeout ${hasReplicas ? 1_000 : 15_000} --port ${port} --dir ${directory} --save`.split(
            " ",
          ),
          "",
        ],
      }),
    ),
  )
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const replicas = hasReplicas ? "1" : "0"
  await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", replicas, "--cluster-yes"])
  await until("The cluster does not come up.", async () => {
    const states = await Promise.all(nodes.map(({ port }) => askServer(port, "cluster", "info")))
    return states.every((state) => state.includes("cluster_state:ok"))
  })
  return {
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
