import { spawn, spawnSync } from "node:child_process"
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { hasSystemTool } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type LocalCloud, startLocalCloud } from "../src/local-cloud.ts"

// The commands are for a POSIX shell.
const hasCurl = process.platform !== "win32" && hasSystemTool("curl")

const folder = join(import.meta.dirname, "../.snippets/cli")
const installed = dirname(createRequire(import.meta.url).resolve("@countersign/cli/package.json"))
const text = await readFile(join(import.meta.dirname, "../../../docs/packages/cli.md"), "utf8")
const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
  block.includes("countersign ") ? [block] : [],
)

/** Each command with the examples of its `--help`, which may go on in further lines. */
const examples = [
  "doctor",
  "whoami",
  "credentials",
  "credentials import",
  "token",
  "sign",
  "curl",
  "explain",
  "completion",
].flatMap((command) => {
  const { stdout } = spawnSync(process.execPath, [`${installed}/dist/main.js`, ...command.split(" "), "--help"], {
    encoding: "utf8",
  })
  const [, list = ""] = /^Examples?:\n(.*)/ms.exec(stdout) ?? []
  const lines = list.split(/^ {2}\$ /m).slice(1)
  // The headers of the first example of `sign` are sent by the second.
  return command === "sign" ? [lines.slice(0, 2).join(""), ...lines.slice(2)] : lines
})

const KEY_FILES: Readonly<Record<string, (ak: string, sk: string) => string>> = {
  "Downloads/credentials.csv": (ak, sk) => `User Name,Access Key Id,Secret Access Key\nalice,${ak},${sk}\n`,
  ".hcloud/config.json": (accessKeyId, secretAccessKey) =>
    JSON.stringify({ profiles: [{ name: "default", accessKeyId, secretAccessKey }] }),
  "clouds.yaml": (ak, sk) => `clouds:\n  otc:\n    auth: { ak: ${ak}, sk: ${sk} }\n`,
}

/** Hosts that a command calls without naming them. */
const IAM_HOSTS = [
  "iam.myhuaweicloud.com",
  "iam.ap-southeast-1.myhuaweicloud.com",
  "sts.ap-southeast-1.myhuaweicloud.com",
]

describe("the commands of the command line's page", () => {
  let cloud: LocalCloud
  beforeAll(async () => {
    await mkdir(folder, { recursive: true })
    cloud = await startCloudFor(text)
  })
  afterAll(async () => {
    await cloud.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(blocks)("run as they stand:\n%s", { timeout: 60_000 }, async (block) => {
    if (!hasCurl) return
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

describe("the examples of --help", () => {
  let cloud: LocalCloud
  beforeAll(async () => {
    await mkdir(folder, { recursive: true })
    cloud = await startCloudFor(examples.join())
    const { accessKeyId, secretAccessKey } = cloud.emulator.accounts.partner.user.credentials
    for (const [name, textOf] of Object.entries(KEY_FILES)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), textOf(accessKeyId, secretAccessKey))
    }
    await mkdir(join(folder, ".config/fish/completions"), { recursive: true })
    await writeFile(join(folder, "order.json"), "{}")
    await writeFile(join(folder, "answer.json"), `{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail"}`)
    await writeFile(join(folder, "request.http"), "GET /v1/x HTTP/1.1\nHost: ecs.myhuaweicloud.com\n\n")
  })
  afterAll(async () => {
    await cloud.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(examples)("run as they stand: %s", { timeout: 60_000 }, async (example) => {
    const shell = example.includes("zsh") ? "zsh" : example.includes("<(") ? "bash" : "sh"
    // Debian's sh does not know --version.
    if (!hasCurl || (shell !== "sh" && !hasSystemTool(shell))) return
    await rm(join(folder, ".huaweicloud"), { recursive: true, force: true })
    const { partner } = cloud.emulator.accounts
    const key = {
      HUAWEICLOUD_SDK_AK: partner.user.credentials.accessKeyId,
      HUAWEICLOUD_SDK_SK: partner.user.credentials.secretAccessKey,
    }
    const env = {
      ...cloud.env,
      CURL_CA_BUNDLE: join(folder, "certificate.pem"),
      ...key,
      COUNTERSIGN_PASSWORD: partner.user.password,
    }
    const before = example.includes("--section basic") ? "countersign credentials import clouds.yaml\n" : ""
    const compinit = shell === "zsh" ? "autoload -U compinit; compinit -u -D\n" : ""
    const { status, output } = await run(before + compinit + example, env, shell)
    expect(status, output).toBe(0)
    // A shell forgets the failure of a command within `$(…)` or before a pipe.
    expect(output).not.toMatch(/^countersign:/m)
    expect(output).not.toContain(key.HUAWEICLOUD_SDK_SK)
  })
})

async function startCloudFor(commands: string): Promise<LocalCloud> {
  const hosts = [...commands.matchAll(/[\w.-]+\.myhuaweicloud\.com/g)].map(([host]) => host)
  await writeFile(
    join(folder, "countersign"),
    `#!/bin/sh\nexec "${process.execPath}" "${installed}/dist/main.js" "$@"\n`,
  )
  await chmod(join(folder, "countersign"), 0o755)
  return startLocalCloud([...hosts, ...IAM_HOSTS], folder)
}

function run(
  script: string,
  env: Record<string, string>,
  shell = "sh",
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(shell, ["-e", "-c", script], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, ...env },
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk))
    child.on("close", (status) => resolve({ status, output }))
  })
}
