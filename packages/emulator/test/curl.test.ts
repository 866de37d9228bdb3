// A signature made here from the guide alone, with node:crypto, and sent by a client that knows nothing of it.
import { execFile } from "node:child_process"
import { createHash, createHmac } from "node:crypto"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"

const run = promisify(execFile)
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

/** GET /v1/<project>/vpcs?limit=2&marker=…, the request of the worked example, signed in its form. */
function workedExample(): { url: string; headers: string[] } {
  const { accessKeyId, secretAccessKey } = emulator.accounts.partner.user.credentials
  const { host } = new URL(emulator.url)
  const path = "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"
  const query = "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0"
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "")
  const signedHeaders = "content-type;host;x-sdk-date"
  const canonicalRequest = [
    "GET",
    `${path}/`,
    query,
    "content-type:application/json",
    `host:${host}`,
    `x-sdk-date:${date}`,
    "",
    signedHeaders,
    sha256(""),
  ].join("\n")
  const stringToSign = ["SDK-HMAC-SHA256", date, sha256(canonicalRequest)].join("\n")
  const signature = createHmac("sha256", secretAccessKey).update(stringToSign).digest("hex")
  return {
    url: `${emulator.url}${path}?${query}`,
    headers: [
      "Content-Type: application/json",
      `X-Sdk-Date: ${date}`,
      `Authorization: SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    ],
  }
}

async function curl(url: string, headers: string[]): Promise<{ status: number; body: Record<string, unknown> }> {
  const { stdout } = await run("curl", [
    "-sS",
    "-w",
    "\n%{http_code}",
    ...headers.flatMap((header) => ["-H", header]),
    url,
  ])
  const [body = "", status] = stdout.split(/\n(?=\d+$)/)
  return { status: Number(status), body: JSON.parse(body) as Record<string, unknown> }
}

it("curl gets through with a signature of the worked example's form", async () => {
  const { url, headers } = workedExample()
  expect(await curl(url, headers)).toMatchObject({
    status: 200,
    body: { caller: { scheme: "signature", user: "partner-operator" } },
  })
})

it("curl is refused when it asks for something else than was signed", async () => {
  const { url, headers } = workedExample()
  expect(await curl(url.replace("limit=2", "limit=3"), headers)).toMatchObject({
    status: 401,
    body: { error_code: "APIGW.0301" },
  })
})
