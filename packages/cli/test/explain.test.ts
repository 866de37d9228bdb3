import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { inspect, promisify } from "node:util"
import { canonicalRequest, sign } from "@countersign/auth-core"
import { hasSystemTool } from "@countersign/testkit"
import axios from "axios"
import got from "got"
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

describe("countersign explain", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  /** A signature whose query was changed afterwards. */
  const changed = (): { url: string; headers: Record<string, string> } => {
    const url = `${cloud.emulator.url}/v1/x?limit=1&offset=2`
    const { credentials } = cloud.emulator.accounts.partner.user
    return { url: url.replace("&offset=2", ""), headers: sign({ method: "GET", url }, credentials) }
  }
  const causeOf = async (args: readonly string[], input = ""): Promise<string> => {
    const { stdout, stderr } = await countersign(["explain", ...args, "--json"], { input })
    expect(stderr).toBe("")
    return (JSON.parse(stdout) as { cause: string }).cause
  }

  it("knows the reasons of a service with @countersign/server, alone and in a log", async () => {
    const gateway = `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: the signature was used before","reason":"SIGNATURE_REPLAYED"}`
    const problem = `{"title":"Unauthorized","status":401,"detail":"the signature does not cover the body","code":"PAYLOAD_UNSIGNED"}`
    for (const [body, cause] of [
      [gateway, "signature-stale"],
      [problem, "payload-unsigned"],
    ] as const)
      for (const input of [body, `2026-01-01 12:00:00 WARN call failed: ${body} (attempt 1)`])
        expect(await causeOf([], input), input).toBe(cause)
  })

  it("names the cause in a curl -v log", async ({ skip }) => {
    skip(!hasShellWithCurl, "there is no shell with curl")
    const { url, headers } = changed()
    const lines = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`])
    const { stdout: log } = await run("sh", ["-c", `curl -v "$@" 2>&1`, "sh", ...lines, url])
    const signed = { ...changed(), url: `${cloud.emulator.url}/v1/x?limit=1&offset=2`, method: "GET", headers }
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "log"), log)
    await writeFile(join(cwd, "request.json"), JSON.stringify(signed))
    expect(await causeOf([join(cwd, "log"), "--request", join(cwd, "request.json")])).toBe("query-parameter-lost")
  })

  it("reads the output of curl -i, after a 100 Continue too", async ({ skip }) => {
    skip(!hasSystemTool("curl"), "there is no curl")
    const { stdout } = await run("curl", ["-si", `${cloud.emulator.url}/v1/x`])
    expect(await causeOf([], stdout)).toBe("credentials-not-sent")
    expect(await causeOf([], `HTTP/1.1 100 Continue\r\n\r\n${stdout}`)).toBe("credentials-not-sent")
  })

  const body = JSON.stringify({
    error_msg: "Incorrect IAM authentication information: ak AKEXAMPLE not exist",
    error_code: "APIGW.0301",
    request_id: "1",
  })

  it.each([
    ["the body of an answer", body],
    ["a program's JSON", JSON.stringify({ status: 401, headers: { "Content-Type": "application/json" }, body })],
    ["a line of a log", `2026-11-29 12:00:00 ERROR request failed, status 401: ${body} (attempt 1)`],
    ["a log entry", `{"log":{"level":"error"},"status":"401","body":{"error_msg":"ak AKEXAMPLE not exist"}}`],
    ["a message", "Incorrect IAM authentication information: ak AKEXAMPLE not exist"],
  ])("reads %s", async (_, text) => {
    expect(await causeOf([], text)).toBe("access-key-unknown")
  })

  const message = "Incorrect IAM authentication information: ak AKEXAMPLE not exist"
  const stack = (lines: number): string =>
    "    at step (file:///app/node_modules/client/index.js:157:39)\n".repeat(lines)
  const state = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`member${index}`, `value ${index}`]))
  const refused = (response: object): string => {
    const error = new Error("Request failed with status code 401")
    return inspect(Object.assign(error, { config: state, securityToken: undefined, response }))
  }

  it.each([
    ["of axios", refused({ status: 401, data: JSON.parse(body) })],
    ["of axios with text", refused({ status: 401, data: body })],
    [
      "with a quote in its message",
      refused({ data: { error_code: "APIGW.0301", error_msg: `${message}, it's "so"` } }),
    ],
    ["as JSON in JSON", JSON.stringify({ level: "error", state, response: { status: 401, body } })],
    ["as JSON in JSON in a line of a log", `ERROR ${JSON.stringify({ state, status: 401, body })}`],
    ["of Python", `${stack(90)}HTTPError: 401 {'error_msg': '${message}', 'error_code': 'APIGW.0301'}`],
    ["behind its stack", `Error: status code 401\n${stack(90)}${message}\n${stack(9)}`],
    ["of an SDK", `${stack(90)}{status_code:401,error_code:APIGW.0301,error_msg:${message},a:null}`],
  ])("finds the refusal in a long error: %s", async (_, text) => {
    expect(text.length).toBeGreaterThan(4_000)
    expect(await causeOf([], text)).toBe("access-key-unknown")
  })

  it("finds the canonical request in a long error", async () => {
    const url = "https://ecs.myhuaweicloud.com/v1/x?limit=1"
    const headers = sign({ method: "GET", url }, { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "of-nobody" })
    const { authorization: _, ...others } = headers
    const shown = canonicalRequest({ method: "GET", url: url.replace("limit=1", "limit=2"), headers: others })
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "request"), JSON.stringify({ method: "GET", url, headers }))
    for (const separator of ["|", "\n"]) {
      const error_msg = `verify aksk signature fail, canonicalRequest:${shown.replaceAll("\n", separator)}`
      const member = refused({ data: { error_code: "APIGW.0301", error_msg } })
      const sentence = `${stack(90)}${error_msg}\n${stack(9)}`
      for (const text of [member, sentence]) {
        expect(await causeOf(["--request", join(cwd, "request")], text)).toBe("unknown-difference")
      }
    }
  })

  it("takes no status from a list of them, as in the options of ky", async () => {
    const text = 'retry: {"statusCodes":[408,413]}, response: {"status":401}, data: {"error_msg":"decrypt token fail"}'
    const { stdout } = await countersign(["explain", "--json"], { input: text })
    expect(JSON.parse(stdout)).toMatchObject({ cause: "token-invalid", refusal: { status: 401 } })
  })

  describe("says which part to log too, where a text shows the status alone", () => {
    const explained = async (input: string): Promise<{ cause: string; evidence: string[] }> =>
      JSON.parse((await countersign(["explain", "--json"], { input })).stdout)
    const url = (): string => `${cloud.emulator.url}/v1/x`
    const thrown = (send: () => Promise<unknown>): Promise<Error> =>
      send().then(
        () => Promise.reject(new Error("It was accepted.")),
        (error) => error,
      )

    it.each<[string, () => Promise<string>]>([
      ["the error of got", async () => inspect(await thrown(() => got(url(), { retry: { limit: 0 } })))],
      ["the message of got's error", async () => (await thrown(() => got(url(), { retry: { limit: 0 } }))).message],
      ["the stack of axios' error", async () => String((await thrown(() => axios.get(url()))).stack)],
      ["the JSON of axios' error", async () => JSON.stringify(await thrown(() => axios.get(url())))],
      ["a Response", async () => inspect(await fetch(url()))],
    ])("%s", async (_, text) => {
      const { cause, evidence } = await explained(await text())
      expect(cause).toBe("credentials-refused")
      expect(evidence.join()).toContain("`error.response.body` of got")
    })

    it("not where the body is there", async () => {
      const { cause, evidence } = await explained(inspect(await thrown(() => axios.get(url()))))
      expect(cause).toBe("credentials-not-sent")
      expect(evidence.join()).not.toContain("`error.response.body` of got")
    })
  })

  it("finds an answer of IAM in a long error", async () => {
    const error = { code: 401, message: "The X-Auth-Token is invalid!", title: "Unauthorized" }
    expect(await causeOf([], `${stack(90)}status: 401, data: ${inspect({ error })}`)).toBe("token-invalid")
    expect(await causeOf([], refused({ status: 401, data: JSON.stringify({ error }) }))).toBe("token-invalid")
  })

  it("reads a header of a megabyte, and a thousand answers, in time", async () => {
    const blanks = " ".repeat(1_000_000)
    const started = performance.now()
    expect(await causeOf([], `HTTP/1.1 401 X\r\na: x${blanks}y\r\n\r\n`)).toBe("credentials-refused")
    expect(await causeOf([], `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(30_000)}HTTP/1.1 401 X\r\n\r\n`)).toBe(
      "credentials-refused",
    )
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it("quotes a message without the line break of echo", async () => {
    const { stdout } = await countersign(["explain"], { input: "\nverify aksk signature fail\n" })
    expect(stdout).toMatch(/^ {2}answer +"verify aksk signature fail"$/m)
  })

  it("explains each refused request of a HAR file", async () => {
    const entry = (status: number, text: string, encoding?: string): object => ({
      request: {
        method: "GET",
        url: "https://ecs.myhuaweicloud.com/v1/x?secret=1",
        headers: [{ name: ":method", value: "GET" }],
      },
      response: { status, headers: [{ name: "Content-Type", value: "application/json" }], content: { text, encoding } },
    })
    const har = {
      log: {
        entries: [entry(200, "{}"), entry(401, body), entry(401, Buffer.from(body).toString("base64"), "base64")],
      },
    }
    const { stdout } = await countersign(["explain"], { input: JSON.stringify(har) })
    expect(stdout.match(/\(access-key-unknown, certain\)/g)).toHaveLength(2)
    expect(stdout).toMatch(/^GET https:\/\/ecs\.myhuaweicloud\.com\/v1\/x 401$/m)
    const { stdout: json } = await countersign(["explain", "--json"], { input: JSON.stringify(har) })
    expect(JSON.parse(json)).toHaveLength(2)
  })

  it("tells with --with-key that the secret key is another one", async () => {
    const url = `${cloud.emulator.url}/v1/x`
    const { credentials } = cloud.emulator.accounts.partner.user
    const headers = sign({ method: "GET", url }, { ...credentials, secretAccessKey: "of-somebody-else" })
    const response = await fetch(url, { headers })
    const cwd = await temporaryFolder()
    await writeFile(
      join(cwd, "request"),
      `GET /v1/x HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    )
    const args = ["explain", "--request", join(cwd, "request"), "--with-key", "--json"]
    const { stdout } = await countersign(args, {
      env: { ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" },
      input: await response.text(),
    })
    expect(JSON.parse(stdout)).toMatchObject({ cause: "wrong-secret-key", confidence: "certain" })
    cloud.emulator.faults.reset()
  })

  it("asks for what it lacks by the names of its own options", async () => {
    const url = `${cloud.emulator.url}/v1/x`
    const { credentials } = cloud.emulator.accounts.partner.user
    const headers = sign({ method: "GET", url }, { ...credentials, secretAccessKey: "of-somebody-else" })
    const response = await fetch(url, { headers })
    const sent = Object.entries({ host: new URL(url).host, ...headers }).map(([name, value]) => `> ${name}: ${value}`)
    const lines = ["> GET /v1/x HTTP/1.1", ...sent, ">", `< HTTP/1.1 ${response.status}`, "<", await response.text()]
    const { stdout, stderr } = await countersign(["explain"], { input: lines.join("\n") })
    expect(stdout).toMatch(
      /^Either the secret key is wrong, or the request was changed .* \(wrong-secret-key, possible\)$/m,
    )
    expect(stdout).toContain("--canonical-request")
    expect(stdout).not.toContain("canonicalRequest")
    expect(stdout).toContain("The log shows the request as it was sent, which was taken for the one that was signed.")
    expect(stderr).toContain("Give the request as your program signed it with --request FILE")
    const { stdout: json } = await countersign(["explain", "--json"], { input: lines.join("\n") })
    expect(JSON.parse(json)).toMatchObject({ evidence: expect.arrayContaining([expect.stringContaining("--request")]) })
    const cwd = await temporaryFolder()
    await writeFile(
      join(cwd, "request"),
      ["GET /v1/x HTTP/1.1", ...sent.map((line) => line.slice(2)), "", ""].join("\n"),
    )
    const given = await countersign(["explain", "--request", join(cwd, "request")], { input: lines.join("\n") })
    expect(given.stdout + given.stderr).not.toMatch(/The log shows|Give the request/)
    cloud.emulator.faults.reset()
  })

  it("does not blame the key for a query that was changed after it was signed", async () => {
    const { credentials } = cloud.emulator.accounts.partner.user
    const headers = sign({ method: "GET", url: `${cloud.emulator.url}/v1/x?a=1` }, credentials)
    const url = `${cloud.emulator.url}/v1/x?a=2`
    const response = await fetch(url, { headers })
    const sent = Object.entries({ host: new URL(url).host, ...headers }).map(([name, value]) => `> ${name}: ${value}`)
    const lines = [
      "> GET /v1/x?a=2 HTTP/1.1",
      ...sent,
      ">",
      `< HTTP/1.1 ${response.status}`,
      "<",
      await response.text(),
    ]
    const { stdout } = await countersign(["explain"], { input: lines.join("\n") })
    expect(stdout).toContain("Either the secret key is wrong, or the request was changed after it was signed.")
    expect(stdout).not.toMatch(/likely|Everything that was signed arrived|so the secret key is wrong/)
    cloud.emulator.faults.reset()
  })

  it("colours what differs on a terminal", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { url, headers } = changed()
    const response = await fetch(url, { headers })
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "answer"), await response.text())
    await writeFile(join(cwd, "request"), JSON.stringify({ method: "GET", url: `${url}&offset=2`, headers }))
    const { raw } = await inTerminal(["explain", join(cwd, "answer"), "--request", join(cwd, "request")])
    expect(raw).toContain("\u001B[31m  - limit=1&offset=2\u001B[39m")
    expect(raw).toContain("\u001B[32m  + limit=1\u001B[39m")
  })

  it("says how to pass a text that is too long for the name of a file", async () => {
    const { stderr } = await countersign(["explain", "a long text ".repeat(50)])
    expect(stderr).toContain("cannot be read: there is no such file. To explain a text, pipe it")
  })

  it.each([
    [["explain"], "There is nothing to explain: standard input is empty."],
    [["explain", "nowhere.json"], "nowhere.json cannot be read: there is no such file."],
    [["explain", "verify aksk signature fail"], "To explain a text, pipe it: echo '…' | countersign explain\n"],
    [["explain", "."], ". cannot be read: it is a folder."],
    [["explain", "har"], "har holds no refused request"],
    [["explain", "empty-har"], "empty-har holds no refused request"],
    [["explain", "har", "--request", "har"], "har is no request"],
    [["explain", "answer", "--canonical-request", "answer"], "answer is no canonical request"],
    [["explain", "answer", "-d", "{}"], "--data is the body of a request: give that with --request"],
    [["explain", "har", "--request", "-"], "--request takes a file"],
  ])("refuses %j", async (args, message) => {
    const cwd = await temporaryFolder()
    const isRequest = args.includes("--request")
    await writeFile(join(cwd, "har"), isRequest ? "no request" : `{"log":{"entries":[{"response":{"status":200}}]}}`)
    await writeFile(join(cwd, "empty-har"), `{"log":{}}`)
    await writeFile(join(cwd, "answer"), body)
    const refused = await countersign(args, { cwd })
    expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) })
  })
})
