import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { profileCredentials } from "@countersign/auth-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Cloud, countersign, inTerminal, noTerminal, startCloud, temporaryFolder } from "./countersign.ts"

const run = promisify(execFile)

describe("countersign credentials", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  const key = () => cloud.emulator.accounts.partner.user.credentials
  const agency = ["--agency", "partner-agency", "--agency-domain", "customer-1-account"]

  it.skipIf(process.platform === "win32")("writes variables that a shell takes over", async () => {
    const { stdout } = await countersign(["credentials", ...agency], { env: cloud.env })
    const script = `${stdout}\nprintf '%s %s' "$HUAWEICLOUD_SDK_AK" "$HUAWEICLOUD_SDK_SECURITY_TOKEN"`
    const { stdout: printed } = await run("sh", ["-c", script])
    expect(printed).toMatch(/^\w+ \S{20,}$/)
    expect(printed).not.toContain(key().accessKeyId)
  })

  it("unsets the token of an earlier key", async () => {
    const { stdout } = await countersign(["credentials"], { env: cloud.env })
    expect(stdout).toBe(
      [
        `export HUAWEICLOUD_SDK_AK=${key().accessKeyId}`,
        `export HUAWEICLOUD_SDK_SK=${key().secretAccessKey}`,
        "unset HUAWEICLOUD_SDK_SECURITY_TOKEN",
        "unset HUAWEICLOUD_SDK_PROJECT_ID",
        "unset HUAWEICLOUD_SDK_DOMAIN_ID",
        "",
      ].join("\n"),
    )
  })

  it("writes a profile that this library reads", async () => {
    const file = join(await temporaryFolder(), "credentials")
    const { stdout } = await countersign(["credentials", "--format", "ini"], { env: cloud.env })
    await writeFile(file, stdout)
    expect(await profileCredentials({ file })()).toMatchObject(key())
    const again = await countersign(["credentials", "--profile-file", file, "--json"])
    expect(JSON.parse(again.stdout)).toEqual({ ...key(), source: "profile file" })
  })

  it("writes JSON as a credential process does", async () => {
    const { stdout } = await countersign(["credentials", "--format", "process", ...agency], { env: cloud.env })
    expect(JSON.parse(stdout)).toEqual({
      Version: 1,
      AccessKeyId: expect.any(String),
      SecretAccessKey: expect.any(String),
      SessionToken: expect.any(String),
      Expiration: expect.stringMatching(/Z$/),
    })
  })

  it("hides the secrets on a terminal, in every format", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    for (const args of [[], ["--json"], ["--format", "env"], ["--format", "ini"], ["--format", "process"]]) {
      const { exitCode, screen } = await inTerminal(["credentials", ...args], { env: cloud.env })
      expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining("[hidden]") })
      expect(screen).toContain(key().accessKeyId)
      expect(screen).not.toContain(key().secretAccessKey)
    }
    const { screen } = await inTerminal(["credentials", "--show-secrets"], { env: cloud.env })
    expect(screen).toContain(`export HUAWEICLOUD_SDK_SK=${key().secretAccessKey}`)
  })

  it.each([
    [["--format", "xml"], 2, "Allowed choices are env, json, ini, process"],
    [["--agency", "x"], 2, "--agency needs --agency-domain"],
    [["--profile-file", "/nowhere"], 3, "There is no profile file /nowhere"],
    [["--ak", "AKEXAMPLE"], 2, "--ak: no argument takes a secret"],
    [["--nonsense"], 2, "unknown option '--nonsense'"],
  ])("refuses %j", async (args, exitCode, message) => {
    const refused = await countersign(["credentials", ...args], { env: cloud.env })
    expect(refused).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) })
  })
})
