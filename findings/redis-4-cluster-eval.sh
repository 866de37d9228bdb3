#!/usr/bin/env bash
# The cluster of redis 4 sends EVAL to a random node, and gives up after half of the redirections that it allows.
#
# Versions: redis 4.7.1 and 5.12.1 from npm; a cluster of three nodes of redis-server 7.0.15, made by redis-cli.
# Behaviour: cluster.eval(script, { keys }) has one key, so its node is known. redis 4 looks for the keys in the script, its first
#   argument, and finds none. It takes a random node, is told MOVED, reads the slots of the cluster anew and takes another random
#   node. Its loop counts each redirection twice, so 9 wrong nodes in a row fail the call, with an error of the server.
#   cluster.sendCommand(key, …) and redis 5 go to the right node.
# Output seen (the counts of redis 4 vary):
#   redis 4, eval: 500 calls, 1000 answers MOVED, 10 calls failed with MOVED
#   redis 4, sendCommand: 500 calls, 0 answers MOVED, 0 calls failed with MOVED
#   redis 5, eval: 500 calls, 0 answers MOVED, 0 calls failed with MOVED
# Why it matters: a script costs three round trips and two reads of the topology, and one call in forty fails in a healthy cluster.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund redis-4@npm:redis@4.7.1 redis-5@npm:redis@5.12.1

ports=(17391 17392 17393)
for port in "${ports[@]}"; do
  redis-server --port "$port" --bind 127.0.0.1 --cluster-enabled yes --cluster-config-file "nodes-$port.conf" --save "" >/dev/null &
  pids+=($!)
done
sleep 1
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-yes >/dev/null
sleep 2

cat >count.mjs <<'EOF'
import { execFileSync } from "node:child_process"
const ports = process.argv.slice(2)
const cli = (port, ...args) => execFileSync("redis-cli", ["-p", port, ...args]).toString()
const moved = () => ports.reduce((sum, port) => sum + Number(/errorstat_MOVED:count=(\d+)/.exec(cli(port, "info", "errorstats"))?.[1] ?? 0), 0)
const results = {}
for (const [name, release, how] of [["redis 4, eval", "redis-4", "eval"], ["redis 4, sendCommand", "redis-4", "send"], ["redis 5, eval", "redis-5", "eval"]]) {
  const { createCluster } = await import(release)
  const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
  cluster.on("error", () => undefined)
  await cluster.connect()
  const before = moved()
  let failed = 0
  for (let call = 0; call < 500; call++) {
    const key = `key-${call}`
    const answer = how === "eval" ? cluster.eval("return 1", { keys: [key] }) : cluster.sendCommand(key, false, ["EVAL", "return 1", "1", key])
    await answer.catch((error) => { if (error.message.startsWith("MOVED")) failed += 1; else throw error })
  }
  results[name] = { moved: moved() - before, failed }
  console.log(`${name}: 500 calls, ${results[name].moved} answers MOVED, ${failed} calls failed with MOVED`)
}
const isAsStated = results["redis 4, eval"].moved > 250 && results["redis 4, sendCommand"].moved === 0 && results["redis 5, eval"].moved === 0
process.exit(isAsStated ? 0 : 1)
EOF
node count.mjs "${ports[@]}"
