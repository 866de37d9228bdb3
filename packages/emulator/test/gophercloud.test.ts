// The Go client of OpenStack uses Keystone's API, which /v3 implements.
import { execFile, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"

const run = promisify(execFile)
/** Debian's packages hold Go libraries as sources. */
const GOPATH = "/usr/share/gocode"
const isInstalled =
  existsSync(join(GOPATH, "src/github.com/gophercloud/gophercloud")) && spawnSync("go", ["version"]).status === 0
if (!isInstalled) {
  const packages = "golang-go golang-github-gophercloud-gophercloud-dev"
  process.stderr.write(`Tests with gophercloud are skipped: apt-get install ${packages} to run them.\n`)
}

describe.skipIf(!isInstalled)("gophercloud", { timeout: 30_000 }, () => {
  let emulator: Emulator
  let folder: string
  beforeAll(async () => {
    emulator = await startEmulator()
    folder = await mkdtemp(join(tmpdir(), "countersign-go-"))
    // Go compiles its own libraries first, if its cache lacks them.
    await run("go", ["build", "-o", join(folder, "main"), join(import.meta.dirname, "gophercloud/main.go")], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME ?? folder, GOPATH, GO111MODULE: "off" },
    })
  }, 180_000)
  afterAll(async () => {
    await emulator?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const login = (settings: Readonly<Record<string, string>>) => {
    const { domain, user } = emulator.accounts.partner
    const env = {
      OS_AUTH_URL: `${emulator.url}/v3`,
      OS_USERNAME: user.name,
      OS_PASSWORD: user.password,
      OS_DOMAIN_NAME: domain.name,
      ...settings,
    }
    return run(join(folder, "main"), [], { env })
  }

  it.each([{}, { OS_PROJECT_NAME: "cn-north-4" }])(
    "gets a token that the gateway accepts, and finds the projects: %j",
    async (scope) => {
      const { token, projects } = JSON.parse((await login(scope)).stdout)
      expect(projects).toEqual(emulator.accounts.partner.projects.map(({ name }) => name))
      expect((await fetch(`${emulator.url}/v1/things`, { headers: { "x-auth-token": token } })).status).toBe(200)
    },
  )

  it("gets an error when the password is wrong", async () => {
    await expect(login({ OS_PASSWORD: "wrong" })).rejects.toMatchObject({ code: 1, stderr: "Authentication failed\n" })
  })
})
