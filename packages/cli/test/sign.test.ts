import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Cloud,
  countersign,
  hasShellWithCurl,
  inTerminal,
  noTerminal,
  startCloud,
  temporaryFolder,
} from "./countersign.ts"

const run = promisify(execFile)

describe("countersign sign", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  it("prints headers that the gateway accepts, and sends nothing", async () => {
    const url = `${cloud.emulator.url}/v1/things?b=2&a=1`
    cloud.emulator.stats.reset()
    const { exitCode, stdout, stderr } = await countersign(["sign", "get", url], { env: cloud.env })
    expect({ exitCode, stderr, sent: cloud.emulator.stats.requests }).toEqual({ exitCode: 0, stderr: "", sent: [] })
    const headers = stdout
      .trim()
      .split("\n")
      .map((line): [string, string] => [line.split(": ")[0] ?? "", line.slice(line.indexOf(": ") + 2)])
    expect((await fetch(url, { headers })).status).toBe(200)
  })

  it.each([
    [["--algorithm", "SDK-HMAC-SM3"], "SDK-HMAC-SM3 Access="],
    [["--algorithm", "V11-HMAC-SHA256", "--region", "cn-north-4", "--service", "iotdm"], "V11-HMAC-SHA256 Credential="],
    [["--algorithm", "SDK-ECDSA-P256-SHA256"], "SDK-ECDSA-P256-SHA256 Access="],
    [["--algorithm", "SDK-SM2-SM3"], "SDK-SM2-SM3 Access="],
    [["--algorithm", "auto"], "SDK-HMAC-SHA256 Access="],
    [["--scoped"], "SDK-HMAC-SHA256 Credential="],
    [["--scoped", "--region", "eu-de", "--service", "ecs"], "SDK-HMAC-SHA256 Credential="],
  ])("signs with %j, which the gateway accepts", async (args, start) => {
    const url = `${cloud.emulator.url}/v1/things`
    const { exitCode, stdout, stderr } = await countersign(["sign", "POST", url, "-d", "{}", "--json", ...args], {
      env: cloud.env,
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    const { headers }: { headers: Record<string, string> } = JSON.parse(stdout)
    expect(headers.authorization).toMatch(new RegExp(`^${start}`))
    expect((await fetch(url, { method: "POST", headers, body: "{}" })).status).toBe(200)
  })

  it("signs further headers, and only those that the request has", async () => {
    const url = `${cloud.emulator.url}/v1/things`
    const nonce = ["-H", "X-Nonce: 1", "--signed-header", "X-Nonce"]
    const args = ["sign", "GET", url, ...nonce, "-H", "X-Other: 2", "--signed-header", "x-other", "--json"]
    const { stdout } = await countersign(args, { env: cloud.env })
    const { headers }: { headers: Record<string, string> } = JSON.parse(stdout)
    expect(headers.authorization).toContain("SignedHeaders=host;x-nonce;x-other;x-sdk-date,")
    expect((await fetch(url, { headers })).status).toBe(200)
    const sent = await countersign(["curl", url, ...nonce, "-v"], { env: cloud.env })
    expect({ exitCode: sent.exitCode }).toEqual({ exitCode: 0 })
    const absent = await countersign(["sign", "GET", url, "--signed-header", "x-nonce"], { env: cloud.env })
    expect(absent).toMatchObject({ exitCode: 2, stdout: "" })
    expect(absent.stderr).toContain("The request has no header x-nonce to sign: add -H 'x-nonce: <value>'")
  })

  it("signs for an instance of IoTDA with a derived key under auto", async () => {
    const url = "https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com/v5/iot"
    const { stdout } = await countersign(["sign", "GET", url, "--algorithm", "auto"], { env: cloud.env })
    expect(stdout).toMatch(/^authorization: V11-HMAC-SHA256 Credential=\S+\/cn-north-4\/iotdm, /m)
  })

  it("prints a curl command that a shell runs", async ({ skip }) => {
    skip(!hasShellWithCurl, "there is no shell with curl")
    const body = `{"it's": "$HOME \\"quoted\\"", "über": 1}`
    const target = `${cloud.emulator.url}/v1/a%20b/[x]?q=it's`
    const args = [
      "sign",
      "POST",
      target,
      "-H",
      "Content-Type: application/json",
      "-H",
      "X-Empty;",
      "-d",
      body,
      "--curl",
    ]
    const { stdout } = await countersign(args, { env: cloud.env })
    const answer = await run("sh", ["-c", `${stdout.trim()} --silent`])
    expect(JSON.parse(answer.stdout)).toMatchObject({ body: { text: body }, headers: { "x-empty": "" } })
  })

  it("prints an empty header as curl -H takes it, and none that is not sent", async () => {
    const args = ["sign", "GET", `${cloud.emulator.url}/v1/x`, "-H", "X-Empty;", "-H", "X-Unsent:"]
    const { stdout } = await countersign(args, { env: cloud.env })
    expect(stdout).toMatch(/^x-empty;$/m)
    expect(stdout).not.toContain("x-unsent")
  })

  it("reads the body from a file, which the curl command names", async ({ skip }) => {
    skip(!hasShellWithCurl, "there is no shell with curl")
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "order.json"), `{"order":\n 1}\n`)
    const args = ["sign", "PUT", `${cloud.emulator.url}/v1/x`, "--data", "@order.json", "--curl"]
    const { stdout } = await countersign(args, { env: cloud.env, cwd })
    expect(stdout).toContain("--data-binary @order.json")
    const answer = await run("sh", ["-c", `${stdout.trim()} --silent`], { cwd })
    expect(JSON.parse(answer.stdout)).toMatchObject({ method: "PUT", body: { text: `{"order":\n 1}\n` } })
  })

  it("writes a body from standard input into the curl command", async () => {
    const args = ["sign", "POST", `${cloud.emulator.url}/v1/x`, "-d", "@-", "--curl"]
    const input = "@it's\n two lines\n"
    const { exitCode, stdout, stderr } = await countersign(args, { env: cloud.env, input })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toContain(`--data-raw '@it'\\''s\n two lines\n'`)
    if (hasShellWithCurl) {
      const answer = await run("sh", ["-c", `${stdout.trim()} --silent`])
      expect(JSON.parse(answer.stdout)).toMatchObject({ method: "POST", body: { text: input } })
    }
    for (const unfit of ["a\0b", "x".repeat(100_001)]) {
      const refused = await countersign(args, { env: cloud.env, input: unfit })
      expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("use -d @FILE") })
    }
  })

  it("puts a token into the headers", async () => {
    const env = { ...cloud.reach, COUNTERSIGN_TOKEN: "token-from-the-environment" }
    const { stdout } = await countersign(["sign", "GET", `${cloud.emulator.url}/v1/x`, "--json"], { env })
    expect(JSON.parse(stdout)).toEqual({
      method: "GET",
      url: `${cloud.emulator.url}/v1/x`,
      headers: { "x-auth-token": "token-from-the-environment" },
    })
  })

  it.each([
    [["GET", "https://api.example.com/"], 2, "api.example.com is not one of Huawei Cloud's own API hosts"],
    [["GET", "http://ecs.myhuaweicloud.com/"], 2, "plain http"],
    [["GET", "https://127.0.0.1.example.com/"], 2, "127.0.0.1.example.com is not one of Huawei Cloud's own API hosts"],
    [["GET", "ftp://ecs.myhuaweicloud.com/"], 2, "no URL of http or https"],
    [["GET", "https://ecs.myhuaweicloud.com/", "-H", "no header"], 2, "A header must be `Name: value`"],
    [["GET", "https://ecs.myhuaweicloud.com/", "-H", "X-Auth-Token: secret"], 2, "Leave the header X-Auth-Token out"],
    [
      ["POST", "https://ecs.myhuaweicloud.com/", "-d", "@missing.json"],
      2,
      "missing.json cannot be read: there is no such file",
    ],
    [["GET"], 2, "missing required argument 'url'"],
    [["GET", "https://ecs.myhuaweicloud.com/", "--algorithm", "MD5"], 2, "Allowed choices are SDK-HMAC-SHA256"],
    [["GET", "https://ecs.myhuaweicloud.com/", "--algorithm", "V11-HMAC-SHA256"], 2, "service"],
    [["GET", "https://ecs.myhuaweicloud.com/", "--scoped", "--algorithm", "auto"], 2, "--scoped needs SDK-HMAC-SHA256"],
    [
      ["GET", "https://ecs.eu-de.myhuaweicloud.com/", "--cloud", "otc.t-systems.com", "--region", "eu-de"],
      2,
      "ecs.eu-de.myhuaweicloud.com is not one of the API hosts of otc.t-systems.com",
    ],
    [["GET", "https://ecs.example.cloud/", "--cloud", "https://example.cloud"], 2, "--cloud takes a domain such as"],
  ])("refuses %j", async (args, exitCode, message) => {
    const refused = await countersign(["sign", ...args], { env: cloud.env })
    expect(refused).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) })
  })

  it.each([
    [
      "ecs.eu-de.otc.t-systems.com",
      ["OTC.t-systems.com", "--region", "eu-de"],
      "SDK-HMAC-SHA256 Credential=\\w+/\\d{8}///sdk_request, ",
    ],
    [
      "ecs.eu-west-0.prod-cloud-ocb.orange-business.com",
      ["prod-cloud-ocb.orange-business.com"],
      "SDK-HMAC-SHA256 Access=",
    ],
    ["ecs.me-east-215.example.cloud", ["example.cloud"], "SDK-HMAC-SHA256 Access="],
  ])("signs for %s in the form of its cloud, --cloud %j", async (host, named, start) => {
    const run = await countersign(["sign", "GET", `https://${host}/v1/x`, "--cloud", ...named], { env: cloud.env })
    expect(run).toMatchObject({ exitCode: 0, stderr: "" })
    expect(run.stdout).toMatch(new RegExp(`^authorization: ${start}`, "m"))
  })

  it("signs for another host that is named", async () => {
    const { stdout } = await countersign(["sign", "GET", "https://api.example.com/", "--host", "api.example.com"], {
      env: cloud.env,
    })
    expect(stdout).toMatch(/^authorization: SDK-HMAC-SHA256 Access=/m)
  })

  it("hides the signature on a terminal, unless told otherwise", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const args = ["sign", "GET", `${cloud.emulator.url}/v1/x`]
    const hidden = await inTerminal(args, { env: cloud.env })
    expect(hidden).toMatchObject({ exitCode: 0, screen: expect.stringContaining("authorization: [hidden]") })
    expect(hidden.screen).toContain("The secret is hidden on a terminal: pipe the output, or add --show-secrets.")
    expect(hidden.screen).not.toContain("Signature=")
    expect((await inTerminal([...args, "--show-secrets"], { env: cloud.env })).screen).toContain("Signature=")
  })
})
