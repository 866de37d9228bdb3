import { mkdir, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Cloud, countersign, inTerminal, noTerminal, startCloud, temporaryFolder } from "./countersign.ts"

interface Check {
  readonly group: string
  readonly name: string
  readonly verdict: string
  readonly text: string
  readonly fix?: string
}

describe("countersign doctor", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  const examine = async (
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
    cwd?: string,
  ): Promise<{ exitCode: number | null; checks: Check[] }> => {
    const { exitCode, stdout, stderr } = await countersign(["doctor", "--json", ...args], { env, ...(cwd && { cwd }) })
    expect(stderr).toBe("")
    return { exitCode, checks: (JSON.parse(stdout) as { checks: Check[] }).checks }
  }
  const find = (checks: readonly Check[], name: string): Check | undefined =>
    checks.find((check) => check.name === name)

  it("finds nothing wrong where nothing is, and calls the URL", async () => {
    const url = `${cloud.emulator.url}/v1/things`
    cloud.emulator.stats.reset()
    const { exitCode, checks } = await examine(cloud.env, [url])
    expect(exitCode).toBe(0)
    expect(checks.filter(({ verdict }) => verdict === "failed" || verdict === "warning")).toEqual([])
    expect(find(checks, "who am I")?.text).toMatch(/^account partner-account \(\w+\), principal \S+partner-operator/)
    expect(find(checks, "projects")?.text).toMatch(/^cn-north-4 \(\w+\), ap-southeast-1 \(\w+\)$/)
    expect(find(checks, "this machine")).toMatchObject({ group: "clock", verdict: "ok" })
    expect(find(checks, `GET ${url}`)).toMatchObject({ verdict: "ok", text: "HTTP 200" })
    expect(checks.filter(({ group, verdict }) => group === "credentials" && verdict === "skipped")).toHaveLength(3)
    expect(cloud.emulator.stats.requests).toMatchObject([{ verdict: "ok" }])
  })

  it("explains why IAM refuses the access key", async () => {
    const { exitCode, checks } = await examine({ ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" })
    cloud.emulator.faults.reset()
    expect(exitCode).toBe(4)
    const { text = "" } = find(checks, "who am I") ?? {}
    expect(text).toContain("(wrong-secret-key, certain)")
    expect(text).not.toMatch(/canonicalRequest|of-somebody-else|Check the caller/)
  })

  it("tells what is wrong with a region or an endpoint, and goes on", async () => {
    const { HUAWEICLOUD_SDK_IAM_ENDPOINT: _, ...env } = cloud.env
    const wrong = await examine(env, ["--region", "Asia"])
    expect(wrong.exitCode).toBe(2)
    expect(find(wrong.checks, "endpoint")).toMatchObject({
      group: "IAM",
      verdict: "failed",
      text: expect.stringContaining("--region must be a region id"),
    })
    expect(find(wrong.checks, "who am I")).toMatchObject({ verdict: "skipped" })
    const clear = await examine({ ...cloud.env, HUAWEICLOUD_SDK_IAM_ENDPOINT: "http://10.1.2.3" })
    expect(find(clear.checks, "endpoint")?.text).toContain("is plain http to 10.1.2.3")
  })

  it("explains why the URL is refused", async () => {
    const { exitCode, checks } = await examine({ ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" }, [
      `${cloud.emulator.url}/v1/things?limit=1`,
    ])
    expect(exitCode).toBe(4)
    expect(checks.at(-1)).toMatchObject({
      group: "request",
      name: `GET ${cloud.emulator.url}/v1/things`,
      text: expect.stringContaining("wrong-secret-key"),
    })
    cloud.emulator.faults.reset()
  })

  it("compares the clock with the one of the endpoint", async () => {
    const server = createServer((_, response) => {
      response.setHeader("date", new Date(Date.now() + 20 * 60_000).toUTCString()).end("{}")
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const iam = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { checks } = await examine({ ...cloud.env, HUAWEICLOUD_SDK_IAM_ENDPOINT: iam })
    expect(find(checks, "this machine")).toMatchObject({
      verdict: "failed",
      text: expect.stringMatching(/^(?:1199|1200|1201) s behind /),
      fix: expect.stringContaining("NTP"),
    })
  })

  it("says that IAM does not answer, and leaves the rest out", async () => {
    const { exitCode, checks } = await examine({ ...cloud.env, HUAWEICLOUD_SDK_IAM_ENDPOINT: "http://127.0.0.1:9" })
    expect(exitCode).toBe(5)
    expect(find(checks, "http://127.0.0.1:9")).toMatchObject({ verdict: "failed" })
    expect(find(checks, "who am I")).toMatchObject({ verdict: "skipped" })
  })

  it("shows what each client makes of a proxy, and no password of it", async () => {
    const proxy = { HTTPS_PROXY: "http://user:hunter2@proxy.example.com:3128", NO_PROXY: "localhost" }
    const { checks } = await examine({ ...cloud.env, ...proxy })
    expect(JSON.stringify(checks)).not.toContain("hunter2")
    expect(find(checks, "HTTPS_PROXY")?.text).toBe("http://[hidden]@proxy.example.com:3128")
    expect(find(checks, "axios")).toMatchObject({ verdict: "ok" })
    expect(find(checks, "fetch, ky")).toMatchObject({ verdict: "warning", text: expect.stringContaining("directly") })
    const through = await examine({ ...cloud.env, ...proxy, NODE_USE_ENV_PROXY: "1" })
    expect(find(through.checks, "fetch, ky")).toMatchObject({ verdict: "ok", text: expect.stringContaining("through") })
  })

  it.each([
    ["HW_ACCESS_KEY", "AKEXAMPLE", "belongs to Terraform", "Set HUAWEICLOUD_SDK_AK instead."],
    ["HW_SECRET_KEY", "hunter2", "belongs to Terraform", "Set HUAWEICLOUD_SDK_SK instead."],
    ["OS_PASSWORD", "hunter2", "belongs to OpenStack, and is not read here", "Set COUNTERSIGN_PASSWORD instead."],
    [
      "OS_AUTH_URL",
      "https://iam/v3",
      "belongs to OpenStack, and is not read here",
      "Set HUAWEICLOUD_SDK_IAM_ENDPOINT instead.",
    ],
    [
      "OS_CLOUD",
      "otc",
      "belongs to OpenStack",
      "`countersign credentials import clouds.yaml` writes the key of a cloud into a profile.",
    ],
    ["OS_PROJECT_NAME", "eu-de", "belongs to OpenStack", "Pass --project instead."],
    ["HW_USER_PASSWORD", "hunter2", "belongs to Terraform", "Set COUNTERSIGN_PASSWORD instead."],
    ["HW_CLOUD", "otc", "belongs to Terraform", "Pass --cloud instead."],
    [
      "AWS_SECRET_ACCESS_KEY",
      "hunter2",
      "belongs to AWS",
      "Set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK to a key of Huawei Cloud.",
    ],
    ["CLOUD_SDK_SK", "hunter2", "API Explorer", "Set HUAWEICLOUD_SDK_SK instead."],
    ["HUAWEICLOUD_ACCESS_KEY_ID", "AKEXAMPLE", "other tools", "Set HUAWEICLOUD_SDK_AK instead."],
    ["huaweicloud_sdk_project_id", "p", "does not count", "Write it HUAWEICLOUD_SDK_PROJECT_ID."],
    ["HUAWEICLOUD_SDK_PROJECT_ID", "", "is set and blank", undefined],
    [
      "HUAWEICLOUD_SDK_SECURITY_TOKEN",
      '"hunter2"',
      "has quotes",
      "Write the value alone: Docker's and systemd's files keep quotes.",
    ],
    ["HUAWEICLOUD_SDK_DOMAIN_ID", "<your domain>", "is a placeholder", "Put the real value in its place."],
    ["HUAWEICLOUD_SDK_DOMAIN_ID", "\uFEFFd", "has a byte order mark", "Write the value anew, without BOM."],
    ["HUAWEICLOUD_SDK_STS_ENDPOINT", "http://u:hunter2@127.0.0.1", "a user name or password", undefined],
    [
      "NODE_TLS_REJECT_UNAUTHORIZED",
      "0",
      "accepts any certificate",
      "Unset it; NODE_EXTRA_CA_CERTS adds an authority.",
    ],
  ])("finds the near miss %s", async (name, value, text, fix) => {
    const { stdout } = await countersign(["doctor", "--json"], { env: { ...cloud.env, [name]: value } })
    const { checks } = JSON.parse(stdout) as { checks: Check[] }
    const found = checks.find((check) => check.name === name)
    expect(found).toMatchObject({ text: expect.stringContaining(text), ...(fix === undefined ? {} : { fix }) })
    expect(["warning", "failed"]).toContain(found?.verdict)
    expect(stdout).not.toContain("hunter2")
  })

  it.each([
    ["a wrong section", "[default]\nak = A\nsk = S\n", "sections [default]"],
    ["a byte order mark", "\uFEFF[basic]\nak = A\nsk = S\n", "byte order mark"],
    ["quotes", '[basic]\nak = A\nsk = "hunter2"\n', "line 3 has quotes"],
    ["a comment", "[basic]\nak = A\nsk = hunter2 # mine\n", "line 3 has a comment"],
    ["keys of another tool", "[basic]\naccess_key = A\nsecret_key = hunter2\n", "line 2 has a key of another tool"],
    ...(process.platform === "win32"
      ? []
      : [["a mode open to others", "[basic]\nak = A\nsk = S\n", "other users of this machine may open it"]]),
  ])("finds %s in a profile file", async (_, profile, text) => {
    const file = join(await temporaryFolder(), "credentials")
    await writeFile(file, profile, { mode: 0o644 })
    const { stdout } = await countersign(["doctor", "--json", "--profile-file", file], { env: cloud.reach })
    const { checks } = JSON.parse(stdout) as { checks: Check[] }
    expect(checks.filter(({ name }) => name === file).map((check) => check.text)).toContainEqual(
      expect.stringContaining(text),
    )
    expect(stdout).not.toContain("hunter2")
  })

  it("passes a key with a byte order mark, which counts", async () => {
    const env = { ...cloud.env, HUAWEICLOUD_SDK_AK: `\uFEFF${cloud.env.HUAWEICLOUD_SDK_AK}` }
    const { checks, exitCode } = await examine(env)
    expect(find(checks, "HUAWEICLOUD_SDK_AK")).toMatchObject({ verdict: "warning" })
    expect(find(checks, "access key")).toMatchObject({ verdict: "ok" })
    expect(exitCode).toBe(0)
  })

  it("finds files of other tools, and says how to import them", async () => {
    const home = await temporaryFolder()
    await mkdir(join(home, ".hcloud"))
    await writeFile(join(home, ".hcloud/config.json"), "{}")
    await writeFile(join(home, "credentials.csv"), "")
    const { checks } = await examine({ ...cloud.env, HOME: home }, [], home)
    expect(find(checks, "credentials.csv")).toMatchObject({ fix: "countersign credentials import credentials.csv" })
    expect(find(checks, join(home, ".hcloud/config.json"))).toMatchObject({ verdict: "warning" })
  })

  it("gives the reason of each source that has no key", async () => {
    const { exitCode, checks } = await examine(cloud.reach)
    expect(exitCode).toBe(3)
    const sources = checks.filter(({ group }) => group === "credentials")
    expect(sources.map(({ name }) => name)).toEqual([
      "environment",
      "profile file",
      "ECS metadata service",
      "CCE pod identity",
      "access key",
    ])
    expect(sources[1]?.text).toContain("There is no profile file")
  })

  it("groups its checks on a terminal, in colour", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { exitCode, raw, screen } = await inTerminal(["doctor", `${cloud.emulator.url}/v1/x`], { env: cloud.env })
    expect({ exitCode, screen }).toMatchObject({
      exitCode: 0,
      screen: expect.stringContaining("✔ who am I: account partner-account"),
    })
    expect(raw).toContain("\u001B[32m✔\u001B[39m")
    expect(screen).not.toContain(cloud.emulator.accounts.partner.user.credentials.secretAccessKey)
  })
})
