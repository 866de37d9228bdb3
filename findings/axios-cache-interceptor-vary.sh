#!/usr/bin/env bash
# axios-cache-interceptor heeds Vary only for headers that are set before it runs, and axios runs it before older interceptors.
#
# Versions: axios 1.21.1, axios-cache-interceptor 1.12.3.
# Behaviour: the server answers in the language of Accept-Language, and says "Vary: Accept-Language". The header is set by a
#   request interceptor. axios runs request interceptors from the last one to the first. One that was added before setupCache
#   therefore runs after the cache has looked for an answer. English, German and English are asked for in turn. The second request
#   is answered rightly, so a short test passes. The third gets the German answer from the cache.
# Output seen:
#   interceptor added after setupCache: en, de, en (cached)
#   interceptor added before setupCache: en, de, de (cached)
# Why it matters: the order that reads naturally, an instance with its interceptors first and then its cache, gives one user the
#   answer of another where the header tells users apart.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund axios@1.21.1 axios-cache-interceptor@1.12.3

cat >ask.mjs <<'EOF'
import { once } from "node:events"
import { createServer } from "node:http"
import axios from "axios"
import { setupCache } from "axios-cache-interceptor"

const server = createServer((request, response) => {
  response.setHeader("cache-control", "max-age=60")
  response.setHeader("vary", "Accept-Language")
  response.end(request.headers["accept-language"])
}).listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${server.address().port}/`

for (const order of ["after", "before"]) {
  let language
  const client = axios.create({ proxy: false })
  const setLanguage = (config) => {
    config.headers.set("accept-language", language)
    return config
  }
  if (order === "before") client.interceptors.request.use(setLanguage)
  setupCache(client)
  if (order === "after") client.interceptors.request.use(setLanguage)

  const answers = []
  for (language of ["en", "de", "en"]) {
    const { data, cached } = await client.get(url)
    answers.push(cached ? `${data} (cached)` : data)
  }
  console.log(`interceptor added ${order} setupCache: ${answers.join(", ")}`)
}
server.close()
server.closeAllConnections()
EOF

node ask.mjs | tee seen

diff - seen <<'EOF'
interceptor added after setupCache: en, de, en (cached)
interceptor added before setupCache: en, de, de (cached)
EOF
