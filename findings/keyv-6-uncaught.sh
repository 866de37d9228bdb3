#!/usr/bin/env bash
# With some adapters, Keyv 6 ends the process when the database is down, though its promises would tell.
#
# Versions: keyv 6.1.0, @keyv/valkey 1.0.11, @keyv/memcache 2.0.2, @keyv/mongo 3.1.0, @keyv/etcd 2.1.1, @keyv/postgres 2.2.3 from npm.
# Behaviour: keyv.get("k") asks a database at a port that refuses connections. Keyv forwards errors of its adapter as its own event
#   "error". Without a listener that event is an uncaught exception (valkey, memcache), or a promise inside of the adapter is
#   rejected that nobody sees (mongo, etcd). postgres reports by the promise of get() alone. With a listener for "error" of Keyv
#   nothing is uncaught.
# Output seen:
#   valkey: uncaughtException; with a listener: nothing uncaught
#   memcache: uncaughtException; with a listener: nothing uncaught
#   mongo: unhandledRejection; with a listener: nothing uncaught
#   etcd: unhandledRejection; with a listener: nothing uncaught
#   postgres: nothing uncaught; with a listener: nothing uncaught
# Why it matters: a cache that is down is no reason to end a service, and try/catch around get() does not prevent it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
# @keyv/valkey and @keyv/memcache still name Keyv 5 as their peer.
npm install --silent --no-audit --no-fund --legacy-peer-deps keyv@6.1.0 @keyv/valkey@1.0.11 @keyv/memcache@2.0.2 \
  @keyv/mongo@3.1.0 @keyv/etcd@2.1.1 @keyv/postgres@2.2.3

cat >get.mjs <<'EOF'
import { Keyv } from "keyv"
const [name, listens] = process.argv.slice(2)
const urls = {
  valkey: "redis://127.0.0.1:7999",
  memcache: "127.0.0.1:7999",
  mongo: "mongodb://127.0.0.1:7999/d?serverSelectionTimeoutMS=500",
  etcd: "etcd://127.0.0.1:7999",
  postgres: "postgresql://u:p@127.0.0.1:7999/d",
}
const seen = new Set()
process.on("uncaughtException", (_error, origin) => seen.add(origin))
const { default: Adapter } = await import(`@keyv/${name}`)
const keyv = new Keyv({ store: new Adapter(urls[name]) })
if (listens) keyv.on("error", () => undefined)
await Promise.race([keyv.get("k").catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 2500))])
await new Promise((resolve) => setTimeout(resolve, 500))
process.stdout.write([...seen].join(" ") || "nothing uncaught")
process.exit()
EOF
seen=$(for name in valkey memcache mongo etcd postgres; do
  echo "$name: $(node get.mjs $name 2>/dev/null | tail -1); with a listener: $(node get.mjs $name yes 2>/dev/null | tail -1)"
done)
echo "$seen"
[ "$seen" = "valkey: uncaughtException; with a listener: nothing uncaught
memcache: uncaughtException; with a listener: nothing uncaught
mongo: unhandledRejection; with a listener: nothing uncaught
etcd: unhandledRejection; with a listener: nothing uncaught
postgres: nothing uncaught; with a listener: nothing uncaught" ]
