#!/usr/bin/env bash
# A closure that is assigned to a request or a response of node:http keeps it in memory until a full collection.
#
# Versions: node 24.21.0 (22.23.3 and 26.10.0 alike).
# Behaviour: middleware wraps a method of one request: `request.push = (...) => ...`, or `response.end = ...`. After the response the
#   request and all that it holds could go, but V8's quick collections of young objects do not free it: only a full one does. The same
#   closure added by Object.defineProperty, or one function for all requests, keeps nothing.
# Output seen:
#   nothing: freed
#   request.push assigned: kept until a full collection
#   response.end assigned: kept until a full collection
#   one function assigned to all: freed
#   request.push by defineProperty: freed
# Why it matters: the quick collections copy requests that are over again and again. In a service that wraps `push` to check bodies they
#   took ten times as long, and a POST half as much again.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0

cat >keep.mjs <<'JS'
import { once } from "node:events"
import { Agent, createServer, IncomingMessage, request as send } from "node:http"

function pushOfAll(...given) {
  return IncomingMessage.prototype.push.apply(this, given)
}

const WAYS = {
  "nothing": () => undefined,
  "request.push assigned": (request) => {
    const { push } = request
    request.push = (...given) => push.apply(request, given)
  },
  "response.end assigned": (_request, response) => {
    const { end } = response
    response.end = (...given) => end.apply(response, given)
  },
  "one function assigned to all": (request) => {
    request.push = pushOfAll
  },
  "request.push by defineProperty": (request) => {
    const { push } = request
    const value = (...given) => push.apply(request, given)
    Object.defineProperty(request, "push", { value, writable: true, configurable: true })
  },
}
for (const [way, wrap] of Object.entries(WAYS)) {
  const server = createServer((request, response) => {
    wrap(request, response)
    request.on("end", () => response.end("ok")).resume()
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const one = async () => {
    const sent = send({ port: server.address().port, host: "127.0.0.1", agent, method: "POST" }).end("a body")
    const [answer] = await once(sent, "response")
    await once(answer.resume(), "end")
  }
  const many = async (times) => {
    for (let done = 0; done < times; done += 64) await Promise.all(Array.from({ length: 64 }, one))
  }
  await many(4_000)
  gc()
  const before = process.memoryUsage().heapUsed
  await many(2_000)
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (let time = 0; time < 4; time++) gc({ type: "minor" })
  const bytes = (process.memoryUsage().heapUsed - before) / 2_000
  console.log(`${way}: ${bytes > 1_200 ? "kept until a full collection" : "freed"}`)
  gc()
  if (process.memoryUsage().heapUsed - before > 1_200 * 2_000) console.log(`${way}: kept for good`)
  agent.destroy()
  server.close()
}
JS

./node_modules/.bin/node --expose-gc keep.mjs | tee seen

diff - seen <<'SEEN'
nothing: freed
request.push assigned: kept until a full collection
response.end assigned: kept until a full collection
one function assigned to all: freed
request.push by defineProperty: freed
SEEN
