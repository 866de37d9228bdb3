#!/usr/bin/env bash
# Above its cache interceptor, the redirect interceptor of undici 7 fails each redirect of a request that has headers.
#
# Versions: undici 7.30.1, and 8.12.4 beside it, which needs Node 22.
# Behaviour: an Agent is composed with interceptors.cache() and then interceptors.redirect(), so that redirects are cached too.
#   After a redirect the interceptor of 7 passes the headers on as a list of names and values in turn. undici takes such a list
#   everywhere, but the cache interceptor of 7 refuses it. A request without headers is followed, so a short test passes.
# Output seen:
#   undici 7, no headers: 200
#   undici 7, one header: opts.headers is not a valid header map
#   undici 8, no headers: 200
#   undici 8, one header: 200
# Why it matters: whatever adds a header, such as authentication or a user agent, turns each redirect into an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund undici-7@npm:undici@7.30.1 undici-8@npm:undici@8.12.4

cat >follow.mjs <<'EOF'
import { once } from "node:events"
import { createServer } from "node:http"

const server = createServer((request, response) => {
  if (request.url === "/from") response.writeHead(302, { location: "/to" })
  response.end()
}).listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${server.address().port}/from`

for (const release of [7, 8]) {
  const { Agent, interceptors, request } = await import(`undici-${release}`)
  const dispatcher = new Agent().compose(interceptors.cache(), interceptors.redirect({ maxRedirections: 3 }))
  for (const [name, headers] of [
    ["no headers", undefined],
    ["one header", { accept: "text/plain" }],
  ]) {
    const outcome = await request(url, { dispatcher, headers }).then(
      async ({ statusCode, body }) => {
        await body.dump()
        return statusCode
      },
      ({ message }) => message,
    )
    console.log(`undici ${release}, ${name}: ${outcome}`)
  }
  await dispatcher.close()
}
server.close()
EOF

node follow.mjs | tee seen

diff - seen <<'EOF'
undici 7, no headers: 200
undici 7, one header: opts.headers is not a valid header map
undici 8, no headers: 200
undici 8, one header: 200
EOF
