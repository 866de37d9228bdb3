import { spawn } from "node:child_process"
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { hasSystemTool } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type LocalCloud, startLocalCloud } from "../src/local-cloud.ts"

const folder = join(import.meta.dirname, "../.snippets/cli")
const installed = dirname(createRequire(import.meta.url).resolve("@countersign/cli/package.json"))
const text = await readFile(join(installed, "README.md"), "utf8")
const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
  block.includes("countersign ") ? [block] : [],
)

describe("the commands of the command line's README", () => {
  let cloud: LocalCloud
  beforeAll(async () => {
    await mkdir(folder, { recursive: true })
    const hosts = [...text.matchAll(/[\w.-]+\.myhuaweicloud\.com/g)].map(([host]) => host)
    const iam = [
      "iam.myhuaweicloud.com",
      "iam.ap-southeast-1.myhuaweicloud.com",
      "sts.ap-southeast-1.myhuaweicloud.com",
    ]
    cloud = await startLocalCloud([...hosts, ...iam], folder)
    await writeFile(
      join(folder, "countersign"),
      `#!/bin/sh\nexec "${process.execPath}" "${installed}/dist/main.js" "$@"\n`,
    )
    await chmod(join(folder, "countersign"), 0o755)
  })
  afterAll(async () => {
    await cloud.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(blocks)("run as they stand:\n%s", { timeout: 60_000 }, async (block) => {
    if (!hasSystemTool("curl")) return
    const { partner, customers } = cloud.emulator.accounts
    const { status, output } = await run(block, {
      ...cloud.env,
      CURL_CA_BUNDLE: join(folder, "certificate.pem"),
      HUAWEICLOUD_SDK_AK: partner.user.credentials.accessKeyId,
      HUAWEICLOUD_SDK_SK: partner.user.credentials.secretAccessKey,
      COUNTERSIGN_PASSWORD: partner.user.password,
    })
    expect(status, output).toBe(0)
    expect(output).toContain(block.includes("eval") ? customers[0].domain.name : partner.domain.name)
    const verdicts = cloud.emulator.stats.requests.map(({ verdict }) => verdict)
    expect(new Set(verdicts)).toEqual(new Set(["ok"]))
  })
})

function run(script: string, env: Record<string, string>): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-e", "-c", script], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, ...env },
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk))
    child.on("close", (status) => resolve({ status, output }))
  })
}
