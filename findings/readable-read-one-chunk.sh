#!/usr/bin/env bash
# `readable.read()` without a size no longer gives all bytes that wait, on Node 26, Bun and Deno.
#
# Versions: node 24.21.0 and 26.10.0, bun 1.4.5, deno 2.9.6.
# Behaviour: a stream of bytes has two chunks in its buffer, and its end. On Node 22 to 25, `read()` joins them, as its documentation says of a
#   call without a size. On Node 26.0 and later, Bun and Deno it gives the first chunk, though `readableLength` counts both.
#   `read(stream.readableLength)` gives both everywhere.
# Output seen:
#   node 24: "ab", 0 left; by its length "ab", 0 left
#   node 26: "a", 1 left; by its length "ab", 0 left
#   bun: "a", 1 left; by its length "ab", 0 left
#   deno: "a", 1 left; by its length "ab", 0 left
# Why it matters: code that takes what has come of a body, and takes it for all of a body whose end has come, judges a part. A signature of
#   the first chunk would then stand for the rest, and one of the whole would be refused.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node-24@npm:node@24.21.0 node-26@npm:node@26.10.0 bun@1.4.5 deno@2.9.6

cat >read.mjs <<'JS'
import { Readable } from "node:stream"

function filled() {
  const stream = new Readable({ read() {} })
  stream.push("a")
  stream.push("b")
  stream.push(null)
  return stream
}

const shown = (stream, chunk) => `${JSON.stringify(String(chunk))}, ${stream.readableLength} left`
const [one, other] = [filled(), filled()]
console.log(`${shown(one, one.read())}; by its length ${shown(other, other.read(other.readableLength))}`)
JS

{
  echo "node 24: $(node_modules/node-24/bin/node read.mjs)"
  echo "node 26: $(node_modules/node-26/bin/node read.mjs)"
  echo "bun: $(node_modules/.bin/bun read.mjs)"
  echo "deno: $(node_modules/.bin/deno run -A --no-config read.mjs)"
} | tee seen

diff - seen <<'SEEN'
node 24: "ab", 0 left; by its length "ab", 0 left
node 26: "a", 1 left; by its length "ab", 0 left
bun: "a", 1 left; by its length "ab", 0 left
deno: "a", 1 left; by its length "ab", 0 left
SEEN
