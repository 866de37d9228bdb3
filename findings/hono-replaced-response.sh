#!/usr/bin/env bash
# Hono keeps the headers of an answer that a middleware replaces, even its length, so that the new one is cut off.
#
# Versions: hono 4.13.19, @hono/node-server 2.1.9, node 24.21.0.
# Behaviour: a middleware that sets `context.res` after the handler gives a whole Response: status, headers and body. Hono takes its
#   status and body, and sets all headers of the handler's answer again on it. A `content-length` of the old body goes out with the new
#   one: a client reads the first bytes, and takes the rest for the next answer on a connection that stays open. `cache-control`,
#   `etag` and `set-cookie` of the old answer go out with the new one too.
# Output seen:
#   status 401, content-length 3, a body of 15 bytes
#   fetch reads: a l
#   cache-control public, etag "1", set-cookie session=alice
# Why it matters: middleware that refuses a request late, since its body proved to be wrong, answers in place of the handler. The
#   refusal is cut off, may be cached for everybody, and gives the sender a session that was meant for somebody else.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 hono@4.13.19 @hono/node-server@2.1.9

cat >late.mjs <<'EOF'
import { once } from "node:events"
import { createServer } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { getRequestListener } from "@hono/node-server"
import { Hono } from "hono"

const app = new Hono()
app.use(async (context, next) => {
  await next()
  context.res = new Response("a longer answer", { status: 401 })
})
app.get("/length", (context) => context.body("abc", 200, { "content-length": "3" }))
const others = { "cache-control": "public", etag: '"1"', "set-cookie": "session=alice" }
app.get("/others", (context) => context.body("abc", 200, others))

const server = createServer(getRequestListener(app.fetch))
await once(server.listen(0, "127.0.0.1"), "listening")
const { port } = server.address()
const socket = connect(port, "127.0.0.1")
socket.end("GET /length HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
const [head, body] = (await text(socket)).split("\r\n\r\n")
console.log(`status ${head.split(" ")[1]}, content-length ${/content-length: (\d+)/i.exec(head)[1]}, a body of ${body.length} bytes`)
const origin = `http://127.0.0.1:${port}`
console.log(`fetch reads: ${await (await fetch(`${origin}/length`)).text()}`)
const { headers } = await fetch(`${origin}/others`)
console.log(Object.keys(others).map((name) => `${name} ${headers.get(name)}`).join(", "))
server.close()
server.closeAllConnections()
EOF

./node_modules/.bin/node late.mjs | tee seen

diff - seen <<'EOF'
status 401, content-length 3, a body of 15 bytes
fetch reads: a l
cache-control public, etag "1", set-cookie session=alice
EOF
