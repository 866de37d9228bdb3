import { spawnSync } from "node:child_process"
import { NPM } from "@countersign/tools-shared/npm"
import { describe, expect, test } from "vitest"

const [program, ...args] = NPM
const root = new URL("../../../", import.meta.url)

function demo(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env.PATH, HUAWEICLOUD_SDK_AK: "an access key" }
  return spawnSync(program, [...args, "run", "--silent", "demo", "--", ...options], {
    cwd: root,
    env,
    encoding: "utf8",
  })
}

describe("npm run demo", () => {
  test("calls the emulator through every client, and ends with what to try next", () => {
    const { status, stdout } = demo()
    expect(stdout).toContain("20 calls went through, 0 failed; IAM was called 2 times in all.")
    expect(stdout).toMatch(/Next:\n( {2}\S.*\n)+$/)
    expect(status).toBe(0)
  })

  test("--help names every variable of a live run", () => {
    const { status, stdout } = demo("--help")
    expect(stdout).toMatch(/PARTNER_USER +an IAM user of the partner's account\n/)
    expect(status).toBe(0)
  })

  test("--live without variables names those that are missing, without a stack trace", () => {
    const { status, stderr } = demo("--live")
    expect(stderr).toMatch(/^--live needs PARTNER_USER, .*, HUAWEICLOUD_SDK_SK\.\n/)
    expect(stderr).not.toMatch(/HUAWEICLOUD_SDK_AK,|\n +at /)
    expect(status).toBe(2)
  })

  test("an unknown option is refused by name", () => {
    const { status, stderr } = demo("--lve")
    expect(stderr).toMatch(/^There is no option lve\.\n/)
    expect(status).toBe(2)
  })
})
