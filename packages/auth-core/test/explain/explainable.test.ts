import { inspect } from "node:util"
import { shown } from "@countersign/testkit"
import { describe, expect, it, vi } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import type { Attempt, Auth, Rejection } from "../../src/auth/auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { explain, explainable } from "../../src/explain.ts"
import { canonicalRequest } from "../../src/signing/signer.ts"

const SECURITY_TOKEN = `MII${"aB3/".repeat(100)}`
const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const TEMPORARY = { ...KEY, securityToken: SECURITY_TOKEN }

const attempt = (body: Attempt["body"] = '{"a":1}'): Attempt => ({
  method: "POST",
  url: "https://x.example.com/v1/orders",
  headers: { "content-type": "application/json", cookie: "session=0123456789abcdef0123456789abcdef" },
  body,
})

/** Refuses an attempt with a request id. */
async function refuse(
  auth: Auth,
  requestId: string | undefined,
  made = attempt(),
): Promise<Readonly<Record<string, string>>> {
  const authentication = await auth.authenticate(made)
  const rejection: Rejection = {
    status: 401,
    origin: "https://x.example.com",
    errorMessage: "verify aksk signature fail",
    requestId,
    replayed: false,
  }
  await auth.judge(authentication, rejection)
  // Two failures would pause the key in the whole process.
  auth.reset?.()
  return { ...made.headers, ...authentication.headers }
}

describe("explainable", () => {
  it("keeps refused requests only", async () => {
    const auth = explainable(akskAuth(KEY))
    await auth.authenticate(attempt("accepted"))
    await refuse(auth, "r1")
    expect(auth.refusedRequest("r1")).toMatchObject({ method: "POST", url: attempt().url, body: '{"a":1}' })
    expect(auth.refusedRequest("r2")).toBeUndefined()
  })

  it("finds it by the request id of the gateway's answer", async () => {
    const auth = explainable(akskAuth(KEY))
    const { authorization: _, ...headers } = await refuse(auth, "r1")
    const received = canonicalRequest({ ...attempt(), headers, body: "{}" }).replaceAll("\n", "|")
    const error_msg = `verify aksk signature fail, canonicalRequest:${received}`
    const refusal = (request_id: string) => ({
      status: 401,
      body: JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id }),
    })
    expect(explain(refusal("r1"), { auth })).toMatchObject({ cause: "body-placeholder", confidence: "certain" })
    expect(explain(refusal("r2"), { auth })).toMatchObject({ cause: "signature-mismatch", confidence: "possible" })
  })

  describe("an answer without a request id", () => {
    const URL_OF = attempt().url
    const answerOf = (url: string, status = 401) => {
      const error_msg = "verify aksk signature fail, canonicalRequest:GET|/v1/orders/||host:x.example.com||host|0"
      const response = new Response(JSON.stringify({ error_code: "APIGW.0301", error_msg }), { status })
      return Object.defineProperty(response, "url", { value: url })
    }
    const isFound = async (auth: ReturnType<typeof explainable>, answer: Response): Promise<boolean> =>
      (await explain(answer, { auth })).comparison.some(
        ({ part, expected }) => part === "method" && expected === "POST",
      )

    it("finds the request by URL and status, if there is one", async () => {
      const auth = explainable(akskAuth(KEY))
      await refuse(auth, undefined)
      expect(await isFound(auth, answerOf(`${URL_OF}#part`))).toBe(true)
      expect(await isFound(auth, answerOf(`${URL_OF}?a=1`))).toBe(false)
      expect(await isFound(auth, answerOf(URL_OF, 403))).toBe(false)
      await refuse(auth, undefined)
      expect(await isFound(auth, answerOf(URL_OF))).toBe(false)
    })

    it("finds it for plain data that says where it went and when its answer came", async () => {
      const auth = explainable(akskAuth(KEY))
      await refuse(auth, undefined)
      const data = { status: 401, body: await answerOf(URL_OF).text() }
      const isFound = (context: object): boolean =>
        explain(data, { auth, ...context }).comparison.some(
          ({ part, expected }) => part === "method" && expected === "POST",
        )
      expect(isFound({ receivedAt: Date.now(), request: { url: URL_OF } })).toBe(true)
      expect(isFound({ receivedAt: Date.now() })).toBe(false)
      expect(isFound({ request: { url: URL_OF } })).toBe(false)
    })

    it("does not take one that was refused long ago", async () => {
      const auth = explainable(akskAuth(KEY))
      const now = vi.spyOn(performance, "now").mockReturnValue(0)
      await refuse(auth, undefined)
      now.mockReturnValue(61_000)
      expect(await isFound(auth, answerOf(URL_OF))).toBe(false)
      now.mockRestore()
    })
  })

  it("explains without the request of an auth that keeps none", () => {
    const auth = akskAuth(KEY) as unknown as ReturnType<typeof explainable>
    const refusal = { status: 401, body: '{"error_code":"APIGW.0301","error_msg":"Unauthorized","request_id":"r1"}' }
    expect(explain(refusal, { auth })).toMatchObject({ where: expect.any(String) })
  })

  it("does not say that the gateway masks a query that is not known here", async () => {
    const received = canonicalRequest({ ...attempt(), headers: {}, body: "{}" }).replaceAll("\n", "|")
    const error_msg = `verify aksk signature fail, canonicalRequest:${received}`
    const explanation = explain({ status: 401, body: JSON.stringify({ error_code: "APIGW.0301", error_msg }) })
    expect(explanation.evidence.join()).not.toContain("masks")
  })

  it("recognises a changed security token by its fingerprint", async () => {
    const auth = explainable(akskAuth(TEMPORARY))
    const { authorization: _, ...headers } = await refuse(auth, "r1")
    const at = (token: string) => {
      const canonical = canonicalRequest({ ...attempt(), headers: { ...headers, "x-security-token": token } })
      const error_msg = `verify aksk signature fail, canonicalRequest:${canonical.replaceAll("\n", "|")}`
      const body = JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id: "r1" })
      return explain({ status: 401, body }, { auth })
    }
    expect(at(SECURITY_TOKEN).cause).toBe("wrong-secret-key")
    const changed = at(SECURITY_TOKEN.slice(0, -3))
    expect(changed).toMatchObject({ cause: "header-changed", where: "header x-security-token" })
    expect(changed.expected).toMatch(/^\[secret: 403 characters, SHA-256 …[\da-f]{8}\]$/)
    expect(shown(changed) + changed).not.toContain(SECURITY_TOKEN.slice(0, 60))
  })

  it("shows no secret of the auth or of the kept requests", async () => {
    const auth = explainable(akskAuth(TEMPORARY))
    await refuse(auth, "r1")
    const text = shown(auth, auth.refusedRequest("r1")) + inspect(auth, { depth: 9, showHidden: true })
    for (const secret of [KEY.secretAccessKey, SECURITY_TOKEN, "0123456789abcdef"]) expect(text).not.toContain(secret)
  })

  it("keeps the newest, up to the given number", async () => {
    const auth = explainable(akskAuth(KEY), { maxEntries: 2 })
    for (const id of ["r1", "r2", "r3"]) await refuse(auth, id)
    expect(["r1", "r2", "r3"].filter((id) => auth.refusedRequest(id) !== undefined)).toEqual(["r2", "r3"])
  })

  it("keeps no large body", async () => {
    const auth = explainable(akskAuth(KEY))
    await refuse(auth, "r1", attempt("x".repeat(2 ** 20 + 1)))
    expect(auth.refusedRequest("r1")).toMatchObject({ method: "POST", body: undefined })
  })

  it("wraps an auth of two methods, and does not change a token auth", async () => {
    const token = tokenAuth({ value: SECURITY_TOKEN, issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER })
    const auth = explainable(autoAuth({ aksk: akskAuth(KEY), token }))
    await refuse(auth, "r1")
    expect(auth.refusedRequest("r1")).toBeDefined()
    const { beyondLimit } = auth
    expect(beyondLimit && (await refuse(beyondLimit, "r2"))).toHaveProperty("x-auth-token", SECURITY_TOKEN)
    expect(auth.refusedRequest("r2")).toMatchObject({ method: "POST", url: attempt().url, body: '{"a":1}' })
    expect(shown(auth.refusedRequest("r2"))).not.toContain(SECURITY_TOKEN)
    const byToken = explainable(token)
    await refuse(byToken, "r1")
    expect(byToken.refusedRequest("r1")).toMatchObject({ method: "POST" })
    expect(shown(byToken.refusedRequest("r1"))).not.toContain(SECURITY_TOKEN)
  })

  it("gives an auth back what it made", async () => {
    const made = { headers: {}, used: undefined }
    const seen: unknown[] = []
    const auth = explainable<Auth>({
      bodyLimit: () => undefined,
      authenticate: () => made,
      judge: (given) => seen.push(given) === 0,
      accepted: (given) => void seen.push(given),
    })
    const [one, two] = [await auth.authenticate(attempt("one")), await auth.authenticate(attempt("two"))]
    const rejection = { status: 401, origin: "https://x.example.com", replayed: false }
    await auth.judge(two, { ...rejection, requestId: "r2" })
    await auth.judge(one, { ...rejection, requestId: "r1" })
    auth.accepted?.(one, new URL("https://x.example.com"))
    expect(seen.map((given) => given === made)).toEqual([true, true, true])
    expect([auth.refusedRequest("r1")?.body, auth.refusedRequest("r2")?.body]).toEqual(["one", "two"])
  })

  it("wraps an auth that is an instance of a class", async () => {
    class OwnAuth implements Auth {
      readonly #inner = akskAuth(KEY)
      bodyLimit = (): undefined => undefined
      authenticate(made: Attempt) {
        return this.#inner.authenticate(made)
      }
      judge(...given: Parameters<Auth["judge"]>) {
        return this.#inner.judge(...given)
      }
      reset() {
        this.#inner.reset()
      }
    }
    const auth = explainable(new OwnAuth())
    await refuse(auth, "r1")
    expect(auth.refusedRequest("r1")).toBeDefined()
  })
})
