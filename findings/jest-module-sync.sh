#!/usr/bin/env bash
# Jest loads a package that uses the export condition `module-sync` twice before Node 24.9: import and require get two files.
#
# Versions: jest 30.5.2 with --experimental-vm-modules, on node 24.8.0 and 24.9.0; node 24.8.0 alone beside it.
# Behaviour: a package names a file for `module-sync` and another for `default`. Node itself takes `module-sync` for import and for
#   require, as the condition promises. Jest on Node 24.8 takes it for import, and not for require in the same test. On Node 24.9
#   Jest takes it for both.
# Output seen:
#   node 24.8.0 alone: import module-sync, require module-sync
#   jest on node 24.8.0: import module-sync, require default
#   jest on node 24.9.0: import module-sync, require module-sync
# Why it matters: `module-sync` is there so that a package exists once in a program. Under Jest a test that imports the package and
#   a dependency that requires it have two copies with two sets of classes and of state: instanceof fails, and caches are apart.
#   A test that fails for this reason passes after a minor update of Node.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund jest@30.5.2 node-24.8.0@npm:node@24.8.0 node-24.9.0@npm:node@24.9.0

mkdir node_modules/dual
cat >node_modules/dual/package.json <<'EOF'
{ "name": "dual", "version": "1.0.0", "exports": { "module-sync": "./module-sync.mjs", "default": "./default.cjs" } }
EOF
echo 'export const file = "module-sync"' >node_modules/dual/module-sync.mjs
echo 'exports.file = "default"' >node_modules/dual/default.cjs

cat >loaded.mjs <<'EOF'
import { createRequire } from "node:module"
import { file } from "dual"

export const loaded = `import ${file}, require ${createRequire(import.meta.url)("dual").file}`
EOF
echo 'import { loaded } from "./loaded.mjs"; console.log(loaded)' >alone.mjs
cat >loaded.test.mjs <<'EOF'
import { writeFileSync } from "node:fs"
import { loaded } from "./loaded.mjs"

test("loads", () => writeFileSync("loaded", loaded))
EOF
echo '{ "testMatch": ["**/*.test.mjs"], "transform": {}, "cacheDirectory": "<rootDir>/.cache", "watchman": false }' >jest.config.json

{
  echo "node 24.8.0 alone: $(node_modules/node-24.8.0/bin/node alone.mjs)"
  for version in 24.8.0 24.9.0; do
    "node_modules/node-$version/bin/node" --no-warnings --experimental-vm-modules node_modules/jest/bin/jest.js -i --silent >&2
    echo "jest on node $version: $(cat loaded)"
  done
} | tee seen

diff - seen <<'EOF'
node 24.8.0 alone: import module-sync, require module-sync
jest on node 24.8.0: import module-sync, require default
jest on node 24.9.0: import module-sync, require module-sync
EOF
