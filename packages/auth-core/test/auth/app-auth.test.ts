import { inspect } from "node:util"
import { fakeClock, recordingServer } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { appAuth, appCodeAuth } from "../../src/auth/app-auth.ts"
import type { Auth, Authentication, Rejection } from "../../src/auth/auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { authenticatedSend } from "../../src/engine/authenticated-call.ts"
import { verify } from "../../src/signing/verify.ts"
import { failureOf } from "../failure-of.ts"

const app = { key: "app_key-01", secret: "appSecret!@#$%16x" }
const CODE = "app-code-0123456789"
const clock = fakeClock(Date.UTC(2026, 10, 29, 3))

/** Signatures of Huawei Cloud's Python SDK. */
const VECTORS = [
  [
    "GET",
    "https://backend.example.com:8080/hmac?a=1&b=x%20y",
    {},
    "89ea4d1883bff26550718bd89d8a6eede18e01a60e5f9470232f5b775e1a5ad5",
  ],
  [
    "POST",
    "https://backend.example.com/upload/",
    { "content-type": "application/octet-stream", "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" },
    "bd6cec8d0b6ef9f54450ace8e24444d4aca0b8ff319ed16d56a3eeda816c9e3c",
  ],
] as const

function rejection(status: number, errorCode: string, errorMessage: string): Rejection {
  return { status, errorCode, errorMessage, origin: "https://backend.example.com", replayed: false }
}

describe("an app", () => {
  it.each(VECTORS)("signs as the official SDK does: %s %s", async (method, url, headers, signature) => {
    const auth = appAuth(app, { clock, signedHeaders: ["content-type"] })
    const authentication = await auth.authenticate({ method, url, headers, body: null })
    expect(authentication.headers.authorization).toMatch(`SDK-HMAC-SHA256 Access=app_key-01, `)
    expect(authentication.headers.authorization).toMatch(`Signature=${signature}`)
    const sent = { method, url, headers: { ...headers, ...authentication.headers } }
    const options = {
      secretFor: (key: string) => (key === app.key ? { secretAccessKey: app.secret } : undefined),
      now: () => clock.now(),
      allowUnsignedPayload: true,
    }
    expect(await verify(sent, options)).toMatchObject({ ok: true, accessKeyId: app.key })
    expect(await verify(sent, { ...options, signType: "hmac" })).toMatchObject({ ok: true })
  })

  it.each([undefined, null, {}, { key: "k" }, { secret: "s" }, { key: "k", secret: 1 }])("is not %j", (given) => {
    expect(failureOf(() => appAuth(given as never))).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS" })
  })

  it.each([
    [{ key: "", secret: "s3cret" }, "`key` (AppKey) is missing"],
    [{ key: "a b", secret: "s3cret" }, "`key` (AppKey) cannot be an AppKey"],
    [{ key: "s3cret".repeat(7).slice(0, 40), secret: "k" }, "cannot be an AppKey, but may be the AppSecret"],
    [{ key: "k", secret: " s3cret" }, "`secret` (AppSecret) has white space"],
  ])("hears of %j by its own words, without the secret", (given, words) => {
    const error = failureOf(() => appAuth(given))
    expect(error).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS", message: expect.stringContaining(words) })
    expect(String(error)).not.toContain("s3cret")
  })

  it("hears of a pause by its own words", async () => {
    const auth = appAuth(app, { clock })
    const attempt = () => ({
      method: "GET",
      url: "https://backend.example.com/",
      headers: {},
      body: null,
      tellsOutcome: true,
    })
    for (let time = 0; time < 2; time++) {
      const authentication = (await auth.authenticate(attempt())) as Authentication
      await auth.judge(
        authentication,
        rejection(401, "APIG.0303", "Incorrect app authentication information: verify signature fail"),
      )
    }
    const error = await Promise.resolve(auth.authenticate(attempt())).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: "AUTH_CREDENTIALS_REJECTED",
      message: expect.stringContaining("Check that the AppSecret belongs to this AppKey"),
      retryAfterMs: expect.any(Number),
    })
    auth.reset()
  })

  const refused = async (errorCode: string, message: string): Promise<unknown> => {
    const auth = appAuth(app, { clock })
    const attempt = { method: "GET", url: "https://backend.example.com/", headers: {}, body: null, tellsOutcome: true }
    const authentication = (await auth.authenticate(attempt)) as Authentication
    const verdict = await auth.judge(authentication, rejection(401, errorCode, message))
    auth.reset()
    return verdict
  }

  it("learns the clock of a gateway that finds its signature expired", async () => {
    const times = "signature time:20261129T030000Z,server time:20261129T040000Z"
    const text = `Incorrect app authentication information: signature expired, ${times}`
    expect(await refused("APIG.0303", text)).toBe("clock-corrected")
  })

  it.each([
    ["APIG.0303", "Incorrect app authentication information: app not found, appkey app_key-01"],
    ["APIG.0303", "Incorrect app authentication information: verify signature fail, canonicalRequest:GET|/||"],
    ["APIG.0304", "The app is not authorized to access the API"],
  ])("is not sent again after %s, %s", async (code, message) => {
    expect(await refused(code, message)).toBe(false)
  })

  it("pauses after two signatures that failed on our own canonical request, and not after other refusals", async () => {
    const attempt = { method: "GET", url: "https://pause.example.com/x", headers: {}, body: null, tellsOutcome: true }
    const failures = async (message: (canonical: string) => string): Promise<unknown> => {
      const auth = appAuth({ ...app, key: `app-${message("").length}` }, { clock })
      for (let count = 0; count < 2; count++) {
        const authentication = (await auth.authenticate(attempt)) as Authentication
        const date = authentication.headers["x-sdk-date"]
        const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        const canonical = `GET|/x/||host:pause.example.com|x-sdk-date:${date}||host;x-sdk-date|${empty}`
        const origin = "https://pause.example.com"
        await auth.judge(authentication, { ...rejection(401, "APIG.0303", message(canonical)), origin })
      }
      return Promise.resolve(auth.authenticate(attempt)).then(
        () => "sent",
        (error: { code: string }) => error.code,
      )
    }
    const text = "Incorrect app authentication information: "
    expect(await failures((canonical) => `${text}verify signature fail, canonicalRequest:${canonical}`)).toBe(
      "AUTH_CREDENTIALS_REJECTED",
    )
    expect(await failures((canonical) => `${text}verify signature fail, canonicalRequest:POST${canonical}`)).toBe(
      "sent",
    )
    expect(await failures(() => "The app is not authorized to access the API")).toBe("sent")
  })
})

describe("an AppCode", () => {
  const at = (url: string): (() => unknown) => {
    const attempt = { method: "GET", url, headers: {}, body: null }
    return () => appCodeAuth(CODE).authenticate(attempt)
  }

  it("goes in its header, with a body of any size", () => {
    expect(at("https://api.example.com/")()).toMatchObject({ headers: { "x-apig-appcode": CODE } })
    expect(appCodeAuth(CODE).bodyLimit({})).toBeUndefined()
  })

  it("goes by https, or to this machine", async () => {
    expect(failureOf(at("http://api.example.com/"))).toMatchObject({ code: "AUTH_INSECURE_URL" })
    expect(at("http://127.0.0.1:1/")()).toMatchObject({ headers: { "x-apig-appcode": CODE } })
    const send = async (): Promise<never> => {
      throw new Error("sent")
    }
    const request = { method: "GET", url: "http://api.example.com/", headers: {} }
    const options = { hosts: ["api.example.com"], allowInsecure: true }
    await expect(authenticatedSend(appCodeAuth(CODE), request, send, options)).rejects.toMatchObject({
      code: "AUTH_INSECURE_URL",
    })
  })

  it("is not sent again after a refusal", async () => {
    const auth = appCodeAuth(CODE)
    const used = { headers: {}, used: undefined }
    expect(await auth.judge(used, rejection(401, "APIG.0303", "Incorrect app authentication information"))).toBe(false)
    expect(await auth.judge(used, rejection(403, "APIG.0304", "not authorized"))).toBe(false)
  })

  it("never shows", () => {
    const auth = appCodeAuth(CODE)
    expect(inspect(auth, { depth: 9, showHidden: true, customInspect: false })).not.toContain(CODE)
    expect(JSON.stringify(auth)).not.toContain(CODE)
    expect(inspect(failureOf(at("http://api.example.com/")))).not.toContain(CODE)
  })

  it.each(["", "a b\n", "ä", undefined, 1])("is not %j", (code) => {
    const failure = failureOf(() => appCodeAuth(code as never))
    expect(failure).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS" })
  })
})

describe("a signature and a code", () => {
  it("sign up to 12 MB, and send the code above it", async () => {
    const server = await recordingServer()
    try {
      const auth = autoAuth({ app: appAuth(app), code: appCodeAuth(CODE) })
      const send = (body: Uint8Array): Promise<Response> =>
        authenticatedSend(
          auth,
          { method: "PUT", url: `${server.url}/x`, headers: {}, body },
          async ({ method, url, headers, body: content }) =>
            fetch(url, { method, headers, body: content as Uint8Array<ArrayBuffer> }),
          { hosts: [server.host] },
        )
      await send(new Uint8Array(10))
      await send(new Uint8Array(12 * 1024 * 1024 + 1))
      const [small, large] = server.arrivals.map(({ headers }) => headers)
      expect(small?.authorization).toContain("Access=app_key-01,")
      expect(small).not.toHaveProperty("x-apig-appcode")
      expect(large).toMatchObject({ "x-apig-appcode": CODE })
      expect(large).not.toHaveProperty("authorization")
    } finally {
      await server.close()
    }
  })

  it.each([
    { app: appAuth(app) },
    { code: appCodeAuth(CODE) },
    { aksk: akskAuth({ accessKeyId: "A", secretAccessKey: "S" }) },
    {},
    null,
    undefined,
    "app",
  ])("are both needed", (methods) => {
    expect(failureOf(() => autoAuth(methods as { app: Auth; code: Auth }))).toMatchObject({
      code: "AUTH_INVALID_OPTION",
    })
  })
})
