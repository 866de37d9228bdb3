#!/usr/bin/env bash
# openstackclient lets OS_AUTH_URL, OS_USERNAME and OS_PASSWORD win over the cloud that OS_CLOUD names, one by one. The domain and
# the project stay those of the file, so one login is mixed of two, and the file's password goes to another address.
#
# Versions: Debian 12: python3-openstackclient 6.0.0-4, python3-osc-lib 2.6.2-2, python3-openstacksdk 0.101.0-2.
# Behaviour: clouds.yaml holds a whole login. With OS_AUTH_URL set, its user and password are sent to that address. With OS_USERNAME and
#   OS_PASSWORD set, these are sent with the domain of the file. openstacksdk itself reads the file alone if OS_CLOUD is set.
# Output seen:
#   OS_AUTH_URL: http://127.0.0.1:PORT2 got alice hunter2 of acme
#   OS_USERNAME and OS_PASSWORD: http://127.0.0.1:PORT1 got bob opensesame of acme
#   openstacksdk: alice at http://127.0.0.1:PORT1/v3
# Why it matters: variables of one cloud that are left over in a shell send the password of another cloud to the first. A reader of
#   both has to take the file as a whole.
set -euo pipefail
command -v openstack >/dev/null || { echo "openstack is missing: apt-get install python3-openstackclient" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >ask.mjs <<'EOF'
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { promisify } from "node:util"
import { execFile } from "node:child_process"

const run = promisify(execFile)
async function keystone(name) {
  const seen = []
  const server = createServer(async (request, response) => {
    let text = ""
    for await (const chunk of request) text += chunk
    const self = `http://127.0.0.1:${server.address().port}/v3/`
    response.setHeader("content-type", "application/json")
    if (request.method !== "POST") {
      response.end(JSON.stringify({ version: { id: "v3.14", status: "stable", links: [{ rel: "self", href: self }] } }))
      return
    }
    const { name: user, password, domain } = JSON.parse(text).auth.identity.password.user
    seen.push(`${name} got ${user} ${password} of ${domain.name}`)
    response.writeHead(201, { "x-subject-token": "MII" })
    const account = { id: "d", name: "d" }
    const [issued_at, expires_at] = ["2026-01-01T00:00:00.000000Z", "2036-01-01T00:00:00.000000Z"]
    const token = { methods: ["password"], issued_at, expires_at, user: { id: "u", name: "u", domain: account }, catalog: [] }
    response.end(JSON.stringify({ token }))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { server, seen, url: `http://127.0.0.1:${server.address().port}/v3` }
}

const [one, two] = [await keystone("http://127.0.0.1:PORT1"), await keystone("http://127.0.0.1:PORT2")]
writeFileSync(
  "clouds.yaml",
  `clouds:
  otc:
    auth: { auth_url: "${one.url}", username: alice, password: hunter2, user_domain_name: acme, domain_name: acme }
    identity_api_version: 3
`,
)
const env = { PATH: process.env.PATH, HOME: process.cwd(), OS_CLOUD: "otc" }
const issue = async (what, more) => {
  await run("openstack", ["token", "issue"], { env: { ...env, ...more } })
  for (const line of [...one.seen.splice(0), ...two.seen.splice(0)]) console.log(`${what}: ${line}`)
}
await issue("OS_AUTH_URL", { OS_AUTH_URL: two.url })
await issue("OS_USERNAME and OS_PASSWORD", { OS_USERNAME: "bob", OS_PASSWORD: "opensesame" })
const program = "import openstack.config as c; a = c.OpenStackConfig().get_one(validate=False).config['auth']; print(a['username'], 'at', a['auth_url'])"
const more = { OS_AUTH_URL: two.url, OS_USERNAME: "bob", OS_PASSWORD: "opensesame" }
const { stdout } = await run("/usr/bin/python3", ["-c", program], { env: { ...env, ...more } })
console.log(`openstacksdk: ${stdout.trim().replace(one.url, "http://127.0.0.1:PORT1/v3").replace(two.url, "http://127.0.0.1:PORT2/v3")}`)
for (const { server } of [one, two]) {
  server.close()
  server.closeAllConnections()
}
EOF

node ask.mjs | tee seen

diff - seen <<'EOF'
OS_AUTH_URL: http://127.0.0.1:PORT2 got alice hunter2 of acme
OS_USERNAME and OS_PASSWORD: http://127.0.0.1:PORT1 got bob opensesame of acme
openstacksdk: alice at http://127.0.0.1:PORT1/v3
EOF
