import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Cloud, countersign, inTerminal, noTerminal, startCloud, temporaryFolder } from "./countersign.ts"

describe("countersign whoami", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  it("names the owner of an access key, and its source", async () => {
    const { partner } = cloud.emulator.accounts
    const { exitCode, stdout } = await countersign(["whoami", "--json"], { env: cloud.env })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      account: partner.domain,
      principal: expect.stringContaining(partner.user.name),
      accessKeyId: partner.user.credentials.accessKeyId,
      expires: null,
      source: "environment",
      notes: ["The credential names no end: never, a permanent key."],
    })
  })

  it("asks the IAM of another cloud, and no STS", async () => {
    const { url, accounts } = cloud.emulator
    const args = ["whoami", "--cloud", "otc.t-systems.com", "--region", "eu-de", "--iam-endpoint", url, "--json"]
    const { exitCode, stdout } = await countersign(args, { env: cloud.env })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      account: accounts.partner.domain,
      notes: [
        "The user is unknown: STS, which knows it, is not asked in otc.t-systems.com.",
        "The credential names no end: never, a permanent key.",
      ],
    })
  })

  it("names the user of a token, and who acts through an agency", async () => {
    const { partner, customers } = cloud.emulator.accounts
    const [customer] = customers
    const user = ["--user", partner.user.name, "--domain", partner.domain.name]
    const agency = ["--agency", customer.agency.name, "--agency-domain", customer.domain.name]
    const env = { ...cloud.reach, COUNTERSIGN_PASSWORD: partner.user.password }
    const { stdout: token } = await countersign(["token", ...user, ...agency, "--json"], { env })
    const { stdout } = await countersign(["--json", "whoami", "--token-file", "-"], { env: cloud.reach, input: token })
    expect(JSON.parse(stdout)).toMatchObject({
      account: customer.domain,
      assumedBy: { name: partner.user.name },
      expires: (JSON.parse(token) as { expires: string }).expires,
      source: "standard input",
    })
  })

  it.each(["whoami", "doctor"])("%s names its own option where IAM is plain http", async (command) => {
    const endpoint = "http://10.1.2.3"
    const env = {
      ...cloud.env,
      HUAWEICLOUD_SDK_STS_ENDPOINT: endpoint,
      HUAWEICLOUD_SDK_IAM_ENDPOINT: cloud.emulator.url,
    }
    const { stdout, stderr } = await countersign([command], { env })
    expect(stdout + stderr).toContain("Use https, or --allow-insecure in a test.")
    expect(stdout + stderr).not.toContain("allowInsecure")
  })

  it("asks IAM when a raw token expires", async () => {
    const { user, domain } = cloud.emulator.accounts.partner
    const args = ["token", "--user", user.name, "--domain", domain.name, "--json"]
    const { stdout: json } = await countersign(args, { env: { ...cloud.reach, COUNTERSIGN_PASSWORD: user.password } })
    const { value, expires }: { value: string; expires: string } = JSON.parse(json)
    const { stdout } = await countersign(["whoami", "--json"], { env: { ...cloud.reach, COUNTERSIGN_TOKEN: value } })
    expect(JSON.parse(stdout)).toMatchObject({ expires, source: "COUNTERSIGN_TOKEN", user: { name: user.name } })
  })

  it("reads a token from a pipe while it shows progress on a terminal", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { user, domain } = cloud.emulator.accounts.partner
    const args = ["token", "--user", user.name, "--domain", domain.name]
    const { stdout: token } = await countersign(args, { env: { ...cloud.reach, COUNTERSIGN_PASSWORD: user.password } })
    const file = join(await temporaryFolder(), "token")
    await writeFile(file, token)
    const { exitCode, screen } = await inTerminal(["whoami", "--token-file", "-"], {
      env: cloud.reach,
      inputFile: file,
    })
    expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining("standard input") })
  })

  it("acts through an agency with a temporary key", async () => {
    const [customer] = cloud.emulator.accounts.customers
    const args = ["whoami", "--agency", customer.agency.name, "--agency-domain", customer.domain.name]
    const { stdout } = await countersign(args, { env: cloud.env })
    expect(stdout).toMatch(new RegExp(`^account\t${customer.domain.name} \\(${customer.domain.id}\\)$`, "m"))
    expect(stdout).toMatch(/^source\tagency partner-agency of customer-1-account, through the environment$/m)
    expect(stdout).toMatch(/^expires\t\d{4}-\d\d-\d\dT/m)
  })

  it("does without STS, and says what is unknown", async () => {
    const { HUAWEICLOUD_SDK_STS_ENDPOINT: _, ...env } = cloud.env
    const { exitCode, stdout, stderr } = await countersign(["whoami"], { env })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("Pass --region") })
    expect(stdout).toContain("partner-account")
  })

  it("explains a refusal", async () => {
    const env = { ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" }
    const { HUAWEICLOUD_SDK_STS_ENDPOINT: _, ...withoutSts } = cloud.env
    for (const each of [env, { ...withoutSts, HUAWEICLOUD_SDK_SK: "of-somebody-else" }]) {
      const refused = await countersign(["whoami"], { env: each })
      expect(refused).toMatchObject({ exitCode: 4, stdout: "", stderr: expect.stringContaining("failed.\nThe ") })
      expect(refused.stderr).toContain("(wrong-secret-key, certain)")
      expect(refused.stderr).not.toMatch(/canonicalRequest|of-somebody-else|Check the caller/)
    }
    cloud.emulator.faults.reset()
    const [customer] = cloud.emulator.accounts.customers
    const agency = ["--agency", customer.agency.name, "--agency-domain", customer.domain.name]
    const through = await countersign(["whoami", ...agency], { env })
    expect(through).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("(wrong-secret-key, certain)") })
    cloud.emulator.faults.reset()
    const forged = await countersign(["whoami"], { env: { ...cloud.reach, COUNTERSIGN_TOKEN: "no-such-token" } })
    expect(forged).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("(token-invalid, ") })
    const nobody = await countersign(["whoami"], {
      env: {
        ...cloud.env,
        HUAWEICLOUD_SDK_IAM_ENDPOINT: "http://127.0.0.1:1",
        HUAWEICLOUD_SDK_STS_ENDPOINT: "http://127.0.0.1:1",
      },
    })
    expect(nobody).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("127.0.0.1:1") })
  })

  it("lists why each source has no key", async () => {
    const { exitCode, stderr } = await countersign(["whoami"], { env: cloud.reach })
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /environment: .*\n +profile file: .*\n +ECS metadata service: .*\n +CCE pod identity: /,
      ),
    })
  })

  it("aligns and colours its table on a terminal", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { raw, screen } = await inTerminal(["whoami"], { env: cloud.env })
    expect(screen).toMatch(/account {6}partner-account/)
    expect(raw).toContain("\u001B[1m")
    const plain = await inTerminal(["whoami"], { env: { ...cloud.env, NO_COLOR: "1" } })
    expect(plain.raw).not.toContain("\u001B[1maccount")
  })
})
