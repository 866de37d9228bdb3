import { request } from "node:http"
import { type SignOptions, sign } from "@countersign/auth-core"
import { expect, it } from "vitest"
import { partnerToken, runningEmulator } from "../running-emulator.ts"

const HOST = "a1b2c3.st1.iotda-app.cn-north-4.myhuaweicloud.com"

/** Sends a request as if the name of an instance led to the emulator. */
function askInstance(
  url: string,
  headers: Record<string, string>,
): Promise<[status: number | undefined, code: unknown]> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: "/v5/iot/p/devices", headers: { ...headers, host: HOST } }, async (answer) => {
      let text = ""
      for await (const chunk of answer) text += chunk
      resolve([answer.statusCode, (JSON.parse(text) as { error_code?: string }).error_code])
    })
      .on("error", reject)
      .end()
  })
}

it.each<[SignOptions, number, string | undefined]>([
  [{ algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" }, 200, undefined],
  [{ algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotda" }, 401, "IOTDA.000002"],
  [{ algorithm: "V11-HMAC-SHA256", region: "cn-south-1", service: "iotdm" }, 401, "IOTDA.000002"],
  [{}, 401, "IOTDA.000002"],
])("an instance of IoTDA answers %j with %i", async (options, status, code) => {
  const { url, accounts } = await runningEmulator()
  const signed = { method: "GET", url: `https://${HOST}/v5/iot/p/devices` }
  const headers = sign(signed, accounts.partner.user.credentials, options)
  expect(await askInstance(url, headers)).toEqual([status, code])
})

it("an instance of IoTDA takes a token", async () => {
  const emulator = await runningEmulator()
  expect(await askInstance(emulator.url, { "x-auth-token": await partnerToken(emulator) })).toEqual([200, undefined])
})
