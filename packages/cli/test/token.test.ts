import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Cloud, countersign, inTerminal, noTerminal, startCloud, temporaryFolder } from "./countersign.ts"

describe("countersign token", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  const user = ["token", "--user", "partner-operator", "--domain", "partner-account"]
  const password = (): string => cloud.emulator.accounts.partner.user.password
  const status = async (token: string): Promise<number> =>
    (await fetch(`${cloud.emulator.url}/v1/x`, { headers: { "X-Auth-Token": token } })).status

  it("writes a token to a pipe that the gateway accepts", async () => {
    const { exitCode, stdout, stderr } = await countersign(user, {
      env: { ...cloud.reach, COUNTERSIGN_PASSWORD: password() },
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toMatch(/^\S+\n$/)
    expect(await status(stdout.trim())).toBe(200)
  })

  it("reads the password from standard input or a file", async () => {
    const piped = await countersign([...user, "--password-file", "-"], { env: cloud.reach, input: `${password()}\n` })
    expect(piped.exitCode).toBe(0)
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "password"), password())
    const read = await countersign([...user, "--password-file", "password", "--project", "cn-north-4", "--json"], {
      env: cloud.reach,
      cwd,
    })
    const [project] = cloud.emulator.accounts.partner.projects
    const token: { value: string; expiresAt: number } = JSON.parse(read.stdout)
    expect(token).toMatchObject({ projectId: project?.id, expires: new Date(token.expiresAt).toISOString() })
    expect(await status(token.value)).toBe(200)
  })

  it.each([
    [[], "IAM has no global endpoint: pass --region or --iam-endpoint."],
    [["--region", "cn-north-4"], "must be a region id of otc.t-systems.com: eu-de, eu-nl."],
  ])("asks no IAM but that of a cloud that is named: %j", async (more, message) => {
    const refused = await countersign([...user, "--cloud", "otc.t-systems.com", ...more], {
      env: { ...cloud.reach, COUNTERSIGN_PASSWORD: password() },
    })
    expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) })
  })

  it("acts for a customer through its agency", async () => {
    const [customer] = cloud.emulator.accounts.customers
    const args = [...user, "--agency", customer.agency.name, "--agency-domain", customer.domain.name, "--json"]
    const { stdout } = await countersign(args, { env: { ...cloud.reach, COUNTERSIGN_PASSWORD: password() } })
    expect(JSON.parse(stdout)).toMatchObject({ domainId: customer.domain.id })
  })

  it("takes the code of an MFA device, and an id token", async () => {
    const { mfaUser } = cloud.emulator.accounts.partner
    const coded = await countersign(["token", "--user", mfaUser.id, "--domain", "partner-account", "--mfa"], {
      env: {
        ...cloud.reach,
        COUNTERSIGN_PASSWORD: mfaUser.password,
        COUNTERSIGN_PASSCODE: mfaUser.mfa?.passcode ?? "",
      },
    })
    expect(coded.exitCode, coded.stderr).toBe(0)
    const { identityProvider } = cloud.emulator.accounts
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "id-token"), identityProvider.idToken)
    const federated = await countersign(["token", "--idp", identityProvider.id, "--id-token-file", "id-token"], {
      env: cloud.reach,
      cwd,
    })
    expect(federated.exitCode, federated.stderr).toBe(0)
  })

  it.each([
    [["token"], 2, "Whose token? Pass --user and --domain"],
    [["token", "--user", "x"], 2, "--user needs --domain"],
    [["token", "--user", "x", "--domain", "y", "--mfa"], 2, "--mfa needs the id of x as --user"],
    [["token", "--user", "x", "--domain", "y"], 3, "set COUNTERSIGN_PASSWORD, pass --password-file FILE"],
    [["token", "--user", "x", "--domain", "y", "--password=hunter2"], 2, "--password: no argument takes a secret"],
    [["token", "--idp", "x"], 2, "--idp needs --id-token-file"],
    [["token", "--agency", "x"], 2, "--agency needs --agency-domain"],
    [["token", "--agency-domain", "x"], 2, "--agency-domain needs --agency"],
    [[...user, "--password-file", "/nowhere/at-all"], 2, "/nowhere/at-all cannot be read: there is no such file"],
    [[...user, "--password-file", "-"], 3, "standard input is empty"],
    [[...user, "--region", "nowhere"], 2, "region"],
  ])("refuses %j", async (args, exitCode, message) => {
    const env = args.includes("--region") ? { COUNTERSIGN_PASSWORD: "x" } : cloud.reach
    const refused = await countersign(args, { env })
    expect(refused).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) })
    expect(refused.stderr).not.toContain("hunter2")
  })

  it.each([
    [["--agency", "x", "--agency-domain", "partner-account"], "of that name for the account in use."],
    [["--project", "x"], "Check the project and the account: "],
  ])("names no member of the library where IAM finds nothing by %j", async (args, message) => {
    const refused = await countersign([...user, ...args], { env: { ...cloud.reach, COUNTERSIGN_PASSWORD: password() } })
    expect(refused).toMatchObject({ exitCode: 4, stdout: "", stderr: expect.stringContaining(message) })
    expect(refused.stderr).not.toMatch(/`(?:via|scope)`/)
  })

  it("tells a refusal and an unreachable IAM apart by the exit code, in JSON too", async () => {
    const refused = await countersign([...user, "--json"], { env: { ...cloud.reach, COUNTERSIGN_PASSWORD: "wrong" } })
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" })
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: "AUTH_CREDENTIALS_REJECTED", exitCode: 4 } })
    const env = { COUNTERSIGN_PASSWORD: "any", HUAWEICLOUD_SDK_IAM_ENDPOINT: "http://127.0.0.1:1" }
    expect(await countersign(user, { env })).toMatchObject({ exitCode: 5, stdout: "" })
  })

  it("asks for the password on a terminal without showing it, and hides the token", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { exitCode, screen } = await inTerminal(user, {
      env: cloud.reach,
      answers: [["The password of partner-operator", `${password()}\r`]],
    })
    expect({ exitCode, screen }).toMatchObject({
      exitCode: 0,
      screen: expect.stringMatching(/token +\[hidden\], \d+ characters/),
    })
    expect(screen).not.toContain(password())
    const shown = await inTerminal([...user, "--show-secrets"], {
      env: { ...cloud.reach, COUNTERSIGN_PASSWORD: password() },
    })
    expect(await status(shown.screen.trim().split("\n").at(-1) ?? "")).toBe(200)
  })

  it("ends with 130 when the prompt is cancelled", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const cancelled = await inTerminal(user, {
      env: cloud.reach,
      answers: [["The password of partner-operator", "\u0003"]],
    })
    expect(cancelled).toMatchObject({ exitCode: 130, screen: expect.stringContaining("Cancelled.") })
  })
})
