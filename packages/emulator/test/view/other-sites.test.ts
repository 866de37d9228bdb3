import { request } from "node:http"
import { expect, it } from "vitest"
import { runningEmulator } from "../running-emulator.ts"

/** Sends a request with a browser's headers. Returns status and CORS headers. */
function asBrowser(url: string, method: string, headers: Record<string, string>): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers }, (answer) => {
      answer.resume()
      const { "access-control-allow-origin": allowed, "access-control-expose-headers": exposed } = answer.headers
      resolve({ status: answer.statusCode, allowed, exposed })
    })
    call.on("error", reject).end()
  })
}

const SITE = "https://elsewhere.example"

it("does not let a page of another site read or change anything at /-/", async () => {
  const { url } = await runningEmulator({ ui: true })
  const foreign = { "sec-fetch-site": "cross-site", origin: SITE }
  expect(await asBrowser(`${url}/-/requests`, "GET", foreign)).toMatchObject({ status: 403, allowed: undefined })
  expect(await asBrowser(`${url}/-/faults`, "DELETE", { origin: SITE })).toMatchObject({ status: 403 })
  expect(await asBrowser(`${url}/-/faults`, "POST", { "sec-fetch-site": "same-site" })).toMatchObject({ status: 403 })
  expect(await asBrowser(`${url}/-/`, "GET", { "sec-fetch-site": "cross-site" })).toMatchObject({ status: 200 })
  expect(await asBrowser(`${url}/-/state`, "GET", { "sec-fetch-site": "same-origin" })).toMatchObject({ status: 200 })
  expect(await asBrowser(`${url}/-/state`, "GET", { "sec-fetch-site": "none" })).toMatchObject({ status: 200 })
  expect(await asBrowser(`${url}/-/state`, "GET", {})).toMatchObject({ status: 200 })
})

it("answers under no host name that anybody can point to this machine, unless `cors` admits it", async () => {
  const { url } = await runningEmulator({ ui: true, cors: ["http://emulator.test"] })
  const { port } = new URL(url)
  const statusFor = async (host: string): Promise<unknown> =>
    (await asBrowser(`${url}/-/requests`, "GET", { host })).status
  expect(await statusFor(`elsewhere.example:${port}`)).toBe(403)
  expect(await statusFor(`127.0.0.1.elsewhere.example:${port}`)).toBe(403)
  expect(await statusFor("emulator.test")).toBe(200)
  expect(await statusFor(`localhost:${port}`)).toBe(200)
  expect(await statusFor(`[::1]:${port}`)).toBe(200)
  expect(await statusFor("192.0.2.1")).toBe(200)
})

it("lets the origins of `cors` call everything", async () => {
  const { url } = await runningEmulator({ ui: true, cors: [SITE] })
  const foreign = { "sec-fetch-site": "cross-site", origin: SITE }
  const preflight = {
    ...foreign,
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-auth-token",
  }
  expect(await asBrowser(`${url}/v3/auth/tokens`, "OPTIONS", preflight)).toMatchObject({ status: 204, allowed: SITE })
  expect(await asBrowser(`${url}/-/state`, "GET", foreign)).toMatchObject({ status: 200, allowed: SITE })
  expect(await asBrowser(`${url}/v1/x`, "GET", foreign)).toEqual({
    status: 401,
    allowed: SITE,
    exposed: "x-subject-token,x-request-id,date,retry-after",
  })
  const other = { ...foreign, origin: "https://another.example" }
  expect(await asBrowser(`${url}/v1/x`, "GET", other)).toMatchObject({ status: 401, allowed: undefined })
  expect(await asBrowser(`${url}/-/state`, "GET", other)).toMatchObject({ status: 403 })
})

it("lets every origin in with `*`, and none without", async () => {
  const open = await runningEmulator({ cors: "*" })
  expect(await asBrowser(`${open.url}/v1/x`, "GET", { origin: SITE })).toMatchObject({ allowed: SITE })
  const closed = await runningEmulator()
  expect(await asBrowser(`${closed.url}/v1/x`, "GET", { origin: SITE })).toMatchObject({ allowed: undefined })
})

it("gives a signed OPTIONS request to the gateway, with `cors` too", async () => {
  const { url, stats } = await runningEmulator({ cors: [SITE] })
  expect(await asBrowser(`${url}/v1/x`, "OPTIONS", {})).toMatchObject({ status: 401 })
  expect(stats.requests).toHaveLength(1)
})
