#!/usr/bin/env bash
# A Pool or a Client of undici sends a request for another origin, such as one that follows a redirect, to its own origin.
#
# Versions: undici 7.30.1 and 8.12.4; node 24.21.0.
# Behaviour: server A redirects to server B. A Pool of A with the redirect interceptor, and a fetch with that Pool as its dispatcher, send the
#   second request to A again: its path is that of B, its Host that of A. No error tells. A Client does the same, an Agent goes to B.
# Output seen (both versions):
#   Pool, redirect interceptor: A got /start, then /target; B got nothing
#   Pool, fetch: A got /start, then /target; B got nothing
#   Client, fetch: A got /start, then /target; B got nothing
#   Agent, fetch: A got /start; B got /target
# Why it matters: an interceptor that chooses a credential by the origin that a request names gives A the credential of B.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 undici-7@npm:undici@7.30.1 undici-8@npm:undici@8.12.4

cat >redirect.mjs <<'JS'
import { once } from "node:events"
import { createServer } from "node:http"

const { Agent, Client, Pool, fetch, interceptors, request } = await import(process.argv[2])
const arrivals = { A: [], B: [] }
const serve = async (name, answer) => {
  const server = createServer((incoming, response) => {
    arrivals[name].push(incoming.url)
    answer?.(incoming, response)
    response.end()
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return `http://127.0.0.1:${server.address().port}`
}
const b = await serve("B")
const a = await serve("A", (incoming, response) => {
  if (incoming.url === "/start") response.writeHead(302, { location: `${b}/target` })
})
const show = (what) => {
  const of = (name) => `${name} got ${arrivals[name].splice(0).join(", then ") || "nothing"}`
  console.log(`${what}: ${of("A")}; ${of("B")}`)
}
const redirecting = new Pool(a).compose(interceptors.redirect({ maxRedirections: 2 }))
await (await request(`${a}/start`, { dispatcher: redirecting })).body.dump()
show("Pool, redirect interceptor")
for (const [name, dispatcher] of Object.entries({ Pool: new Pool(a), Client: new Client(a), Agent: new Agent() })) {
  await (await fetch(`${a}/start`, { dispatcher })).text()
  show(`${name}, fetch`)
}
process.exit()
JS

for undici in undici-7 undici-8; do ./node_modules/.bin/node redirect.mjs "$undici"; done | tee seen

expected="Pool, redirect interceptor: A got /start, then /target; B got nothing
Pool, fetch: A got /start, then /target; B got nothing
Client, fetch: A got /start, then /target; B got nothing
Agent, fetch: A got /start; B got /target"
diff - seen <<<"$expected
$expected"
