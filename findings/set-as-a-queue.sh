#!/usr/bin/env bash
# A Set is a slow queue in Node and in Bun: each new iterator passes all members that have left from its front.
#
# Versions: node 24.21.0 (V8 13.6), bun 1.4.5.
# Behaviour: a Set keeps the order of insertion, deletes at once and tells whether it has a member, so it seems a good line of callers
#   who may give up. The first member is taken and deleted until the Set is empty: by a new iterator each time, as in
#   `const [first] = set`, or by one iterator that goes on where it was. Both engines leave the places of deleted members until they make
#   the table anew, and a new iterator looks at each of them. With ten times as many members the first way takes about a hundred times
#   as long, 2 s for 100,000 in Node and 5 s in Bun; the second way takes ten times as long, 14 and 27 ms.
# Output seen:
#   node, an iterator for each member: quadratic
#   node, one iterator: linear
#   bun, an iterator for each member: quadratic
#   bun, one iterator: linear
# Why it matters: a limit on concurrent requests to an identity service has such a line. With a Set it costs 20 us for each of
#   100,000 callers, more than all else that a cache does for them, and nothing shows it with 1,000.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 bun@1.4.5

cat >line.mjs <<'EOF'
const ways = {
  "an iterator for each member": (line) => () => line.values().next().value,
  "one iterator": (line) => {
    const inOrder = line.values()
    return () => inOrder.next().value
  },
}

function milliseconds(way, members) {
  const line = new Set(Array.from({ length: members }, (_, number) => ({ number })))
  const next = way(line)
  const begun = performance.now()
  while (line.size > 0) line.delete(next())
  return performance.now() - begun
}

const least = (way, members) => Math.min(...[1, 2, 3].map(() => milliseconds(way, members)))
for (const [name, way] of Object.entries(ways)) {
  milliseconds(way, 1_000)
  const growth = least(way, 100_000) / least(way, 10_000)
  console.log(`${process.argv[2]}, ${name}: ${growth > 35 ? "quadratic" : "linear"}`)
}
EOF

{
  ./node_modules/.bin/node line.mjs node
  ./node_modules/.bin/bun line.mjs bun
} | tee seen

diff - seen <<'EOF'
node, an iterator for each member: quadratic
node, one iterator: linear
bun, an iterator for each member: quadratic
bun, one iterator: linear
EOF
