#!/usr/bin/env bash
# The body of a Request of @hono/node-server lacks its first bytes if something listens to Node's request at the same time.
#
# Versions: hono 4.13.19, @hono/node-server 2.1.9, node 24.21.0.
# Behaviour: a middleware counts bytes with `c.env.incoming.on("data", ...)`, and a handler reads `c.req.raw.body`. With node:http alone,
#   two listeners that are added in the same turn both get every byte. Here the Request begins to read Node's stream a moment after it was
#   asked for its body. Bytes that came with the head of the request have then gone to the counter alone. No error tells of it: the
#   handler gets the rest, though Content-Length announces more. `c.req.text()` reads at once, and gets all.
# Output seen:
#   two listeners of node:http: "first, second" and "first, second"
#   c.req.raw.body: the counter saw "first, second", the handler "second"
#   c.req.text(): the counter saw "first, second", the handler "first, second"
# Why it matters: a byte counter in front of a handler that streams uploads cuts off their beginning. Code that hashes or checks a body by
#   its Request checks something else than what came.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 hono@4.13.19 @hono/node-server@2.1.9

cat >late.mjs <<'JS'
import { createServer } from "node:http"
import { once } from "node:events"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { serve } from "@hono/node-server"
import { Hono } from "hono"

/** Sends a body in two packets, the first of them together with the head. */
async function answerOf(server) {
  if (!server.listening) await once(server, "listening")
  const socket = connect(server.address().port, "127.0.0.1")
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 13\r\n\r\nfirst, ")
  setTimeout(() => socket.write("second"), 100)
  const answer = (await text(socket)).split("\r\n\r\n")[1]
  server.close()
  return answer
}

const plain = createServer((request, response) => {
  const seen = ["", ""]
  for (const index of [0, 1]) request.on("data", (chunk) => (seen[index] += chunk))
  request.on("end", () => response.end(`"${seen[0]}" and "${seen[1]}"`))
}).listen(0, "127.0.0.1")
console.log(`two listeners of node:http: ${await answerOf(plain)}`)

const ways = {
  "c.req.raw.body": async ({ req }) => await new Response(req.raw.body).text(),
  "c.req.text()": async ({ req }) => await req.text(),
}
for (const [way, read] of Object.entries(ways)) {
  const app = new Hono()
  app.use(async (c, next) => {
    c.env.seen = ""
    c.env.incoming.on("data", (chunk) => (c.env.seen += chunk))
    await next()
  })
  app.post("/", async (c) => {
    const body = await read(c)
    // So that it is not sent in chunks.
    const answer = `the counter saw "${c.env.seen}", the handler "${body}"`
    return c.body(answer, 200, { "content-length": String(answer.length) })
  })
  console.log(`${way}: ${await answerOf(serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }))}`)
}
JS

./node_modules/.bin/node late.mjs | tee seen

diff - seen <<'SEEN'
two listeners of node:http: "first, second" and "first, second"
c.req.raw.body: the counter saw "first, second", the handler "second"
c.req.text(): the counter saw "first, second", the handler "first, second"
SEEN
