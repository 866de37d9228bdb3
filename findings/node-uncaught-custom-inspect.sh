#!/usr/bin/env bash
# Node prints an error that nobody catches without asking objects how they want to be shown.
#
# Version: node 24.21.0.
# Behaviour: an object hangs on an error. It has [util.inspect.custom], toJSON and toString, and none of them shows its value.
#   console.error(error) asks [util.inspect.custom]. When the same error ends the process, thrown or by a rejected promise, Node
#   asks none of the three, and prints the object's own properties.
# Output seen:
#   console.error: Token(hidden)
#   thrown: Token { value: 'plain' }
#   rejected: Token { value: 'plain' }
# Why it matters: classes hide keys and tokens this way. They hide them from loggers, but not from the last message of a process
#   that dies, which most platforms collect. A #private field stays hidden there too.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0

cat >fail.cjs <<'EOF'
const { inspect } = require("node:util")

class Token {
  constructor(value) {
    this.value = value
  }
  [inspect.custom]() {
    return "Token(hidden)"
  }
  toJSON() {
    return "hidden"
  }
  toString() {
    return "hidden"
  }
}

const error = Object.assign(new Error("failed"), { token: new Token("plain") })
if (process.argv[2] === "console.error") console.error(error)
if (process.argv[2] === "thrown") throw error
if (process.argv[2] === "rejected") Promise.reject(error)
EOF

for way in console.error thrown rejected; do
  { node_modules/.bin/node fail.cjs "$way" 2>&1 || true; } | sed -n "s/^  token: /$way: /p"
done | tee seen

diff - seen <<'EOF'
console.error: Token(hidden)
thrown: Token { value: 'plain' }
rejected: Token { value: 'plain' }
EOF
