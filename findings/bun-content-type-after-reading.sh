#!/usr/bin/env bash
# In Bun a Response or Request made from a form loses its Content-Type when its body is read before its headers are asked for.
#
# Versions: bun 1.4.5; node 24.21.0 beside it.
# Behaviour: new Response(form) and new Request(url, { body: form }) get a Content-Type with the form's boundary. Bun adds it when
#   `headers` is first used, from the body. After the body was read there is nothing to take it from, and the header is missing.
#   When `headers` was used before, the header stays. Blobs and URLSearchParams behave alike. Node has the
#   header in either order.
# Output seen:
#   bun: Response of a form: headers first multipart/form-data, body first null
#   bun: Request of a form: headers first multipart/form-data, body first null
#   bun: Response of a Blob: headers first text/css, body first null
#   bun: Response of URLSearchParams: headers first application/x-www-form-urlencoded, body first null
#   node: the same four lines, with the type in both places
# Why it matters: new Response(form) is the usual way to encode a form to bytes, to sign them or to hash them. Without the boundary
#   no server can read these bytes. The order of two lines decides.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 node@24.21.0

cat >read.mjs <<'EOF'
const form = new FormData()
form.append("name", "value")
const kinds = {
  "Response of a form": () => new Response(form),
  "Request of a form": () => new Request("http://127.0.0.1/", { method: "POST", body: form }),
  "Response of a Blob": () => new Response(new Blob(["a {}"], { type: "text/css" })),
  "Response of URLSearchParams": () => new Response(new URLSearchParams("a=b")),
}
const type = (message) => message.headers.get("content-type")?.split(";")[0] ?? null

const runtime = process.versions.bun ? "bun" : "node"
for (const [kind, make] of Object.entries(kinds)) {
  const asked = type(make())
  const read = make()
  await read.arrayBuffer()
  console.log(`${runtime}: ${kind}: headers first ${asked}, body first ${type(read)}`)
}
EOF

{
  node_modules/.bin/bun read.mjs
  node_modules/.bin/node read.mjs
} | tee seen

diff - seen <<'EOF'
bun: Response of a form: headers first multipart/form-data, body first null
bun: Request of a form: headers first multipart/form-data, body first null
bun: Response of a Blob: headers first text/css, body first null
bun: Response of URLSearchParams: headers first application/x-www-form-urlencoded, body first null
node: Response of a form: headers first multipart/form-data, body first multipart/form-data
node: Request of a form: headers first multipart/form-data, body first multipart/form-data
node: Response of a Blob: headers first text/css, body first text/css
node: Response of URLSearchParams: headers first application/x-www-form-urlencoded, body first application/x-www-form-urlencoded
EOF
