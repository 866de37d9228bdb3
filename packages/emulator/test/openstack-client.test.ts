// OpenStack's command line client uses Keystone's API, which /v3 implements.
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { hasSystemTool } from "@countersign/testkit"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"

const run = promisify(execFile)
const isInstalled = hasSystemTool("openstack", "python3-openstackclient")

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())
beforeEach(() => emulator.stats.reset())

/** The environment of a user of the partner's account. */
function environment(authUrl: string, scope: Record<string, string>): NodeJS.ProcessEnv {
  const { domain, user } = emulator.accounts.partner
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    OS_AUTH_URL: authUrl,
    OS_IDENTITY_API_VERSION: "3",
    OS_USERNAME: user.name,
    OS_PASSWORD: user.password,
    OS_USER_DOMAIN_NAME: domain.name,
    ...scope,
  }
}

async function openstack(env: NodeJS.ProcessEnv, ...args: string[]): Promise<unknown> {
  const { stdout } = await run("openstack", [...args, "-f", "json"], { env })
  return JSON.parse(stdout)
}

describe.skipIf(!isInstalled)("the openstack command", { timeout: 30_000 }, () => {
  it("gets a token for the account, which the gateway accepts", async () => {
    const { domain, user } = emulator.accounts.partner
    const env = environment(`${emulator.url}/v3`, { OS_DOMAIN_NAME: domain.name })
    const token = await openstack(env, "token", "issue")
    expect(token).toMatchObject({ user_id: user.id, domain_id: domain.id, id: expect.stringMatching(/^MII/) })
    const response = await fetch(`${emulator.url}/v1/things`, {
      headers: { "x-auth-token": String(Reflect.get(Object(token), "id")) },
    })
    expect(response.status).toBe(200)
  })

  it("finds /v3 from the bare address, and gets a token for a project", async () => {
    const { domain, projects } = emulator.accounts.partner
    const [project] = projects
    const env = environment(emulator.url, { OS_PROJECT_NAME: project?.name ?? "", OS_PROJECT_DOMAIN_NAME: domain.name })
    expect(await openstack(env, "token", "issue")).toMatchObject({ project_id: project?.id })
  })

  it("finds the projects through the catalog that comes with a token", async () => {
    const { domain, projects } = emulator.accounts.partner
    const env = environment(emulator.url, { OS_DOMAIN_NAME: domain.name })
    expect(await openstack(env, "project", "list")).toEqual(projects.map(({ id, name }) => ({ ID: id, Name: name })))
    expect(emulator.stats.calls["GET /v3/projects"]).toBe(1)
  })

  it("gets an error when the password is wrong", async () => {
    const { domain } = emulator.accounts.partner
    const env = { ...environment(emulator.url, { OS_DOMAIN_NAME: domain.name }), OS_PASSWORD: "wrong" }
    await expect(openstack(env, "token", "issue")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/HTTP 401/),
    })
  })
})
