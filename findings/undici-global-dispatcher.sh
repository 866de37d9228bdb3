#!/usr/bin/env bash
# `setGlobalDispatcher` of some releases of undici does not reach the global fetch of some releases of Node.
#
# Versions: undici 7.10.0, 7.26.0, 7.27.0, 8.0.0 and 8.12.4; node 22.23.3, 24.21.0 and 26.10.0.
# Behaviour: a dispatcher that adds a header is made the global one, and the global fetch sends a request. On Node 26 it does so through that
#   dispatcher from undici 7.27 on. On Node 22 and 24 every release does that is listed, except 8.0.0 on Node 24. Otherwise fetch uses its
#   own dispatcher, and nothing says so. `fetch(url, { dispatcher })` is no way around for undici 8: on Node 22 and 24 it fails.
# Output seen: see the end of this script.
# Why it matters: interceptors that sign, log or retry stop working after an upgrade of Node alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node-22@npm:node@22.23.3 node-24@npm:node@24.21.0 node-26@npm:node@26.10.0 \
  undici-7.10@npm:undici@7.10.0 undici-7.26@npm:undici@7.26.0 undici-7.27@npm:undici@7.27.0 \
  undici-8.0.0@npm:undici@8.0.0 undici-8.12@npm:undici@8.12.4

cat >global.mjs <<'JS'
import { once } from "node:events"
import { createServer } from "node:http"

const { Agent, setGlobalDispatcher } = await import(process.argv[2])
const server = createServer((request, response) => response.end(request.headers["x-added"] ?? "no"))
await once(server.listen(0, "127.0.0.1"), "listening")
const url = `http://127.0.0.1:${server.address().port}`
const adding = (dispatch) => (options, handler) => dispatch({ ...options, headers: { "x-added": "yes" } }, handler)
const dispatcher = new Agent().compose(adding)
const given = await fetch(url, { dispatcher }).then(
  (answer) => answer.text(),
  (error) => `fails: ${error.cause.message}`,
)
setGlobalDispatcher(dispatcher)
const global = await (await fetch(url)).text()
console.log(`global ${global}, given ${given}`)
process.exit()
JS

for node in 22 24 26; do
  for undici in 7.10 7.26 7.27 8.0.0 8.12; do
    echo "node $node, undici $undici: $("node_modules/node-$node/bin/node" global.mjs "undici-$undici")"
  done
done | tee seen

diff - seen <<'SEEN'
node 22, undici 7.10: global yes, given yes
node 22, undici 7.26: global yes, given yes
node 22, undici 7.27: global yes, given yes
node 22, undici 8.0.0: global yes, given fails: invalid onRequestStart method
node 22, undici 8.12: global yes, given fails: invalid onRequestStart method
node 24, undici 7.10: global yes, given yes
node 24, undici 7.26: global yes, given yes
node 24, undici 7.27: global yes, given yes
node 24, undici 8.0.0: global no, given fails: invalid onRequestStart method
node 24, undici 8.12: global yes, given fails: invalid onRequestStart method
node 26, undici 7.10: global no, given yes
node 26, undici 7.26: global no, given yes
node 26, undici 7.27: global yes, given yes
node 26, undici 8.0.0: global yes, given yes
node 26, undici 8.12: global yes, given yes
SEEN
