// Signatures from outside this workspace, sent by an independent client.
import { execFile } from "node:child_process"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { hasSystemTool } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"
import {
  type IndependentAlgorithm,
  type IndependentKey,
  type IndependentRequest,
  independentHeaders,
} from "./independent-signature.ts"
import { ask, partnerToken } from "./running-emulator.ts"

const run = promisify(execFile)
const isInstalled = hasSystemTool("curl")

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

async function curl(target: string, headers: string[], ...args: string[]) {
  const lines = headers.flatMap((header) => ["-H", header])
  const url = emulator.url + target
  const { stdout } = await run("curl", [
    "-sS",
    "--globoff",
    "--path-as-is",
    "-w",
    "\n%{http_code}",
    ...lines,
    ...args,
    url,
  ])
  const [body = "", status] = stdout.split(/\n(?=\d+$)/)
  return { status: Number(status), body: JSON.parse(body) as Record<string, unknown> }
}

interface Case extends Omit<IndependentRequest, "host"> {
  algorithm?: IndependentAlgorithm
  key?: IndependentKey
}

async function signedCurl({ algorithm, key = emulator.accounts.partner.user.credentials, ...request }: Case) {
  const { host } = new URL(emulator.url)
  const headers = independentHeaders({ ...request, host }, key, algorithm)
  const args = ["-X", request.method ?? "GET"]
  if (request.body !== undefined) {
    const file = join(await mkdtemp(join(tmpdir(), "countersign-")), "body")
    await writeFile(file, request.body)
    args.push("--data-binary", `@${file}`)
  }
  return curl(request.target, headers, ...args)
}

// The request of the worked example, but for key and time.
const WORKED: Case = {
  target: "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
  headers: { "Content-Type": "application/json" },
}
const json = { "Content-Type": "application/json" }

describe.skipIf(!isInstalled)("curl gets through with", () => {
  it.each<[string, Case]>([
    ["the worked example's form", WORKED],
    ["a URN and a space in the path", { target: "/v2/p/fgs/urn%3Afss%3Acn-north-4%3Ap/a%20b/" }],
    ["a path whose characters curl leaves alone", { target: "/v1/a:b,c;d=e@f$g!h'i(j)k*l" }],
    [
      "repeated, empty, unsorted and reserved names in the query",
      { target: "/v1/x?b=2&a=%2F%3D&b=1&empty&F=~&tags[0]=c" },
    ],
    ["letters beyond ASCII", { target: "/v1/%C3%BC/%E4%B8%96?name=%F0%9F%98%80" }],
    ["a JSON body", { method: "POST", target: "/v1/x", headers: json, body: '{"name":"ü 世界"}' }],
    ["a body with a GET", { target: "/v1/x", headers: json, body: "{}" }],
    ["bytes that are no text", { method: "PUT", target: "/v1/x", headers: json, body: new Uint8Array([0, 255, 128]) }],
    [
      "an unsigned payload",
      { method: "PUT", target: "/v1/x", headers: { ...json, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD" }, body: "x" },
    ],
    ["more headers, padded", { target: "/v1/x", headers: { "X-Project-Id": "p1", "X-Own": "  a  b  " } }],
    ["SM3", { method: "POST", target: "/v1/x?a=1", headers: json, body: "x", algorithm: { name: "SDK-HMAC-SM3" } }],
    [
      "a derived key",
      { target: "/v1/x?a=1", algorithm: { name: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" } },
    ],
  ])("%s", async (_, request) => {
    expect(await signedCurl(request)).toMatchObject({
      status: 200,
      body: { target: request.target, caller: { scheme: "signature", user: "partner-operator" } },
    })
  })

  it("a temporary key", async () => {
    const { body } = await ask(`${emulator.url}/v3.0/OS-CREDENTIAL/securitytokens`, {
      method: "POST",
      headers: { "x-auth-token": await partnerToken(emulator) },
      body: { auth: { identity: { methods: ["token"] } } },
    })
    const { access, secret, securitytoken } = body.credential as Record<"access" | "secret" | "securitytoken", string>
    const key = { accessKeyId: access, secretAccessKey: secret, securityToken: securitytoken }
    expect((await signedCurl({ ...WORKED, key })).status).toBe(200)
    expect((await signedCurl({ ...WORKED, key: { ...key, securityToken: "another" } })).status).toBe(401)
  })
})

describe.skipIf(!isInstalled)("curl is refused", () => {
  it.each([
    ["another query", (target: string) => target.replace("limit=2", "limit=3"), []],
    ["another path", (target: string) => target.replace("vpcs", "vpc"), []],
    ["another method", (target: string) => target, ["-X", "DELETE"]],
    ["a body", (target: string) => target, ["-X", "GET", "-d", "x"]],
  ])("when it asks with %s than was signed", async (_, change, args) => {
    const { host } = new URL(emulator.url)
    const headers = independentHeaders({ ...WORKED, host }, emulator.accounts.customers[0].user.credentials)
    expect(await curl(change(WORKED.target), headers, ...args)).toMatchObject({
      status: 401,
      body: { error_code: "APIGW.0301", error_msg: expect.stringContaining("verify aksk signature fail") },
    })
  })
})
