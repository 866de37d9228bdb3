#!/usr/bin/env bash
# The package redis holds four times as much memory as ioredis for each channel that a client is subscribed to.
#
# Versions: redis 6.3.1, ioredis 6.0.0; node 24.21.0, any redis-server.
# Behaviour: a client subscribes to 50,000 channels with one listener. The package redis keeps two Sets for each of them, one for text and one
#   for buffers. ioredis keeps the name.
# Output seen:
#   redis: 350 to 450 bytes a channel
#   ioredis: less than 150 bytes a channel
# Why it matters: a cache that hears of changes subscribes to a channel for each identity or group that it keeps. With 100,000 of them
#   the subscription takes 40 MB in each process.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill "${server:-$$}" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 redis@6.3.1 ioredis@6.0.0
port=$((20000 + RANDOM % 10000))
redis-server --port "$port" --save "" >/dev/null &
server=$!
sleep 1

cat >channels.mjs <<'JS'
import { Redis } from "ioredis"
import { createClient } from "redis"

const [, , name, port] = process.argv
const channels = Array.from({ length: 50_000 }, (_, index) => Buffer.from(`changes:${index}`).toString())
const inUse = async () => {
  for (let time = 0; time < 3; time++) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    gc()
  }
  return process.memoryUsage().heapUsed
}
const url = `redis://127.0.0.1:${port}`
const client = name === "redis" ? createClient({ url }) : new Redis(url)
if (name === "redis") await client.connect()
else await client.ping()
const before = await inUse()
if (name === "redis") await client.subscribe(channels, () => undefined)
else await client.subscribe(...channels)
const bytes = ((await inUse()) - before) / channels.length
console.error(`(${name}: ${bytes.toFixed(0)})`)
const found = bytes < 150 ? "less than 150" : bytes > 350 && bytes < 450 ? "350 to 450" : bytes.toFixed(0)
console.log(`${name}: ${found} bytes a channel`)
process.exit()
JS

for name in redis ioredis; do ./node_modules/.bin/node --expose-gc channels.mjs "$name" "$port"; done | tee seen

diff - seen <<'SEEN'
redis: 350 to 450 bytes a channel
ioredis: less than 150 bytes a channel
SEEN
