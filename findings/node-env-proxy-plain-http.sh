#!/usr/bin/env bash
# Under NODE_USE_ENV_PROXY one Node process asks its proxy for plain http in two ways, and importing undici 8 changes one of them.
#
# Versions: node 24.21.0 (its fetch is undici 7.29.1); undici 8.12.4 from npm.
# Behaviour: HTTP_PROXY names a proxy. http.get() hands it the whole request with an absolute URL, so the proxy reads path and
#   headers. fetch() asks it with CONNECT for a tunnel to the same plain http server, and tells it no path and no header. When an
#   EnvHttpProxyAgent of undici 8 is made the global dispatcher, the same fetch() hands over the whole request as http.get() does.
# Output seen (HOST is an address on loopback):
#   http.get: the proxy is asked for GET http://HOST/path, x-harmless: 1
#   fetch: the proxy is asked for CONNECT HOST, x-harmless: undefined
#   fetch, undici 8: the proxy is asked for GET http://HOST/path, x-harmless: 1
# Why it matters: many proxies allow CONNECT to port 443 alone. There fetch of an http URL is refused, and http.get of the same URL
#   works. What a proxy can read of a request cannot be told from the URL and the environment: it depends on the client.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 undici@8.12.4

cat >ask.mjs <<'EOF'
import { once } from "node:events"
import { get } from "node:http"

const [client, url] = process.argv.slice(2)
const headers = { "x-harmless": "1" }
if (client === "fetch, undici 8") {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici")
  setGlobalDispatcher(new EnvHttpProxyAgent())
}
if (client === "http.get") {
  const [response] = await once(get(url, { headers }), "response")
  await response.toArray()
} else {
  await (await fetch(url, { headers })).text()
}
process.exit()
EOF

cat >proxy.mjs <<'EOF'
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { connect } from "node:net"

const server = createServer((_, response) => response.end("by the server")).listen(0, "127.0.0.1")
await once(server, "listening")
const host = `127.0.0.1:${server.address().port}`

let asked
const note = ({ method, url, headers }) => {
  asked ??= `${method} ${url.replace(host, "HOST")}, x-harmless: ${headers["x-harmless"]}`
}
const proxy = createServer((request, response) => {
  note(request)
  response.end("by the proxy")
})
proxy.on("connect", (request, client) => {
  note(request)
  const upstream = connect(server.address().port, "127.0.0.1", () => {
    client.write("HTTP/1.1 200 OK\r\n\r\n")
    client.pipe(upstream).pipe(client)
  })
  for (const socket of [client, upstream]) socket.on("error", () => {})
})
proxy.listen(0, "127.0.0.1")
await once(proxy, "listening")

const env = { PATH: process.env.PATH, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: `http://127.0.0.1:${proxy.address().port}` }
for (const client of ["http.get", "fetch", "fetch, undici 8"]) {
  asked = undefined
  await once(spawn(process.execPath, ["ask.mjs", client, `http://${host}/path`], { env, stdio: "inherit" }), "exit")
  console.log(`${client}: the proxy is asked for ${asked}`)
}
process.exit()
EOF

node_modules/.bin/node proxy.mjs | tee seen

diff - seen <<'EOF'
http.get: the proxy is asked for GET http://HOST/path, x-harmless: 1
fetch: the proxy is asked for CONNECT HOST, x-harmless: undefined
fetch, undici 8: the proxy is asked for GET http://HOST/path, x-harmless: 1
EOF
