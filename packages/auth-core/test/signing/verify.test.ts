import { createHash, createHmac } from "node:crypto"
import { createServer, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { describe, expect, it } from "vitest"
import { MAX_SIGNED_BODY_BYTES } from "../../src/cloud/body-size.ts"
import type { VerifyResult } from "../../src/signing/received-signature.ts"
import { canonicalRequest, type SignableRequest, type SignOptions, sign } from "../../src/signing/signer.ts"
import { type VerifyOptions, verify } from "../../src/signing/verify.ts"

const credentials = { accessKeyId: "AKEXAMPLE", secretAccessKey: "skExample" }
const date = new Date("2019-11-15T03:36:55Z")
const accepted = expect.objectContaining({ ok: true, accessKeyId: "AKEXAMPLE" })

interface Signed extends SignableRequest {
  headers: Record<string, string>
}

function signed(part: Partial<Signed> = {}, options: SignOptions = {}, key = credentials): Signed {
  const request = { method: "POST", url: "https://a.example.com/v1?b=1", body: "{}", headers: {}, ...part }
  return { ...request, headers: { ...request.headers, ...sign(request, key, { date, ...options }) } }
}

function judged(request: SignableRequest, options: Partial<VerifyOptions> = {}): Promise<VerifyResult> {
  return verify(request, {
    secretFor: async (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined),
    now: () => date.getTime(),
    ...options,
  })
}

it("gives out a list of signed headers that nobody can change, so that requests of one client do not meet", async () => {
  for (let time = 0; time < 3; time++) {
    const verdict = await judged(signed())
    const { signedHeaders } = verdict as Extract<VerifyResult, { ok: true }>
    expect(signedHeaders).toEqual(["host", "x-sdk-date"])
    expect(() => (signedHeaders as string[]).push("content-type")).toThrow(TypeError)
    expect(() => (signedHeaders as string[]).reverse()).toThrow(TypeError)
  }
})

it("keeps clients apart that differ in their key alone", async () => {
  const keys = Array.from({ length: 3_000 }, (_, index) => ({
    accessKeyId: `AK${index}`,
    secretAccessKey: `sk${index}`,
  }))
  const secretFor = (accessKeyId: string) => keys[Number(accessKeyId.slice(2))]
  // More of them than are remembered, and each again.
  for (const key of [...keys, ...keys]) {
    const request = signed({}, {}, key)
    expect(await judged(request, { secretFor })).toMatchObject({ ok: true, accessKeyId: key.accessKeyId })
    const authorization = request.headers.authorization?.replace("Access=AK", "Access=AK1")
    const stolen = { ...request, headers: { ...request.headers, authorization: authorization ?? "" } }
    expect((await judged(stolen, { secretFor })).ok).toBe(false)
  }
})

function without(request: Signed, name: string): Signed {
  const { [name]: _, ...headers } = request.headers
  return { ...request, headers }
}

describe("a signature", () => {
  it.each([
    {},
    { algorithm: "SDK-HMAC-SM3" },
    { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" },
  ] as SignOptions[])("is accepted: %o", async (options) => {
    expect(await judged(signed({}, options))).toEqual(accepted)
  })

  it("is accepted with its coverage, its time and its value, so that a server can demand more and refuse repeats", async () => {
    const request = signed()
    expect(await judged(request)).toEqual({
      ok: true,
      accessKeyId: "AKEXAMPLE",
      signedHeaders: ["host", "x-sdk-date"],
      signedAt: date.getTime(),
      signature: request.headers.authorization?.slice(-64),
    })
  })

  it("is accepted with the headers in any form and order", async () => {
    const request = signed({ headers: { "X-Project-Id": "p" } })
    const pairs = Object.entries(request.headers)
    for (const headers of [new Headers(pairs), pairs, pairs.toReversed()]) {
      expect(await judged({ ...request, headers })).toEqual(accepted)
    }
  })

  it("is accepted with the query in any order", async () => {
    const request = signed({ url: "https://a.example.com/v1?b=1&a=2&b=0" })
    expect(await judged({ ...request, url: "https://a.example.com/v1?b=0&b=1&a=2" })).toEqual(accepted)
  })

  it("is accepted after changes of unsigned parts", async () => {
    const request = signed({ headers: { "user-agent": "a", "content-type": "text/plain" } })
    const headers = { ...request.headers, "user-agent": "b", "content-type": "text/html", via: "proxy" }
    expect(await judged({ ...request, headers })).toEqual(accepted)
  })

  it("is accepted by a server for the request that arrived", async () => {
    let result: VerifyResult | undefined
    const server = createServer(async (incoming, response) => {
      const { method = "", url = "", headers } = incoming
      const body = await text(incoming)
      const all = headers as Record<string, string>
      result = await judged({ method, url: `http://${headers.host}${url}`, headers: all, body })
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const request = signed(
      {
        url: `http://127.0.0.1:${port}/v1/a%20b/%E4%BD%A0?x=%2B&y`,
        headers: { "x-note": "a  b, c" },
        body: "naïve",
      },
      { signedHeaders: ["host", "x-note"] },
    )
    await new Promise<void>((resolve, reject) => {
      const outgoing = httpRequest(request.url, { method: request.method, headers: request.headers }, (response) => {
        response.resume()
        response.on("end", resolve)
      })
      outgoing.on("error", reject)
      outgoing.end(request.body)
    })
    server.close()
    expect(result).toEqual(accepted)
  })
})

describe("a request that differs from the signed one", () => {
  it("is refused with the gateway's words and the canonical request that was verified", async () => {
    expect(await judged({ ...signed(), method: "PUT" })).toEqual({
      ok: false,
      code: "SIGNATURE_MISMATCH",
      message: "verify aksk signature fail",
      canonicalRequest:
        "PUT\n/v1/\nb=1\nhost:a.example.com\nx-sdk-date:20191115T033655Z\n\nhost;x-sdk-date\n" +
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    })
  })

  it("is refused when a signed header is gone, even an empty one", async () => {
    const request = signed({ headers: { "x-empty": "" } }, { signedHeaders: ["host", "x-empty"] })
    expect(await judged(request)).toEqual(accepted)
    expect(await judged(without(request, "x-empty"))).toMatchObject({ ok: false, code: "SIGNATURE_MISMATCH" })
  })

  it("is refused without a secret in the result", async () => {
    const secrets = {
      "x-security-token": "secret-1",
      "x-auth-token": "secret-2",
      cookie: "session=secret-3",
      "X-Apig-AppCode": "secret-4",
    }
    const signedHeaders = ["host", "x-project-id", ...Object.keys(secrets)]
    const url = "https://a.example.com/v1?limit=1&access_token=secret-5"
    const request = signed({ url, headers: { "x-project-id": "p1", ...secrets } }, { signedHeaders })
    const result = await judged({ ...request, method: "PUT" })
    expect(JSON.stringify(result)).not.toMatch(/secret-\d/)
    expect(result).toMatchObject({
      canonicalRequest:
        "PUT\n/v1/\naccess_token=[secret]&limit=1\ncookie:[secret]\nhost:a.example.com\nx-apig-appcode:[secret]\n" +
        "x-auth-token:[secret]\nx-project-id:p1\nx-sdk-date:20191115T033655Z\nx-security-token:[secret]\n\n" +
        "cookie;host;x-apig-appcode;x-auth-token;x-project-id;x-sdk-date;x-security-token\n" +
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    })
  })

  it("is refused for another host than it was signed for", async () => {
    expect(await judged({ ...signed(), url: "https://b.example.com/v1?b=1" })).toMatchObject({
      code: "SIGNATURE_MISMATCH",
    })
  })

  it("is refused under another region or service", async () => {
    const request = signed({}, { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" })
    for (const [from, to] of [
      ["cn-north-4", "cn-north-1"],
      ["iotdm", "vpc"],
    ] as const) {
      const authorization = request.headers.authorization?.replace(from, to) ?? ""
      expect(await judged({ ...request, headers: { ...request.headers, authorization } })).toMatchObject({
        code: "SIGNATURE_MISMATCH",
      })
    }
  })

  it("is refused when it names the date of another day than the scope", async () => {
    const request = signed({}, { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" })
    const authorization = request.headers.authorization?.replace("/20191115/", "/20191114/") ?? ""
    expect(await judged({ ...request, headers: { ...request.headers, authorization } })).toMatchObject({
      code: "SIGNATURE_MALFORMED",
    })
  })
})

describe("time", () => {
  it("may differ by 15 minutes either way", async () => {
    for (const [skewMs, ok] of [
      [15 * 60_000, true],
      [-15 * 60_000, true],
      [15 * 60_000 + 1, false],
      [-15 * 60_000 - 1, false],
    ] as const) {
      expect((await judged(signed(), { now: () => date.getTime() + skewMs })).ok, String(skewMs)).toBe(ok)
    }
    expect((await judged(signed(), { now: () => date.getTime() + 2, maxSkewMs: 1 })).ok).toBe(false)
  })

  it("is refused beyond that, and the message has the server's time", async () => {
    expect(await judged(signed(), { now: () => date.getTime() + 901_000 })).toEqual({
      ok: false,
      code: "SIGNATURE_EXPIRED",
      message:
        "calc aksk signature fail:signature expired, signature time:20191115T033655Z,server time:20191115T035156Z",
      canonicalRequest: "",
    })
  })

  it("is the machine's own by default", async () => {
    const { secretFor } = { secretFor: async () => credentials }
    expect(await verify(signed({}, { date: new Date() }), { secretFor })).toEqual(accepted)
    expect(await verify(signed(), { secretFor })).toMatchObject({ code: "SIGNATURE_EXPIRED" })
  })
})

describe("bad options are refused at once", () => {
  it.each<[string, object]>([
    ["no secretFor", { secretFor: undefined }],
    ["a secretFor that is no function", { secretFor: "sk" }],
    ...[Number.NaN, -1, Number.NEGATIVE_INFINITY, "900000", null, new Date(0)].map((maxSkewMs): [string, object] => [
      `maxSkewMs: ${String(maxSkewMs)}`,
      { maxSkewMs },
    ]),
    ["a now that is a number", { now: date.getTime() }],
    ...[Number.NaN, Number.POSITIVE_INFINITY, undefined, String(date.getTime()), date, Promise.resolve(0)].map(
      (time): [string, object] => [`a now that gives ${typeof time} ${String(time)}`, { now: () => time }],
    ),
    ["allowUnsignedHost: 1", { allowUnsignedHost: 1 }],
    ["allowUnsignedPayload: null", { allowUnsignedPayload: null }],
  ])("%s", async (_, options) => {
    // Signed in 2019, so each of these options would accept it at any time.
    await expect(judged(signed(), options)).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })

  it("no options at all", async () => {
    await expect(verify(signed(), undefined as never)).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})

describe("the key", () => {
  const forged = (secretAccessKey: string): Signed => {
    const request = signed()
    const canonical = canonicalRequest(request, { signedHeaders: ["host", "x-sdk-date"] })
    const text = `SDK-HMAC-SHA256\n20191115T033655Z\n${createHash("sha256").update(canonical).digest("hex")}`
    const signature = createHmac("sha256", secretAccessKey).update(text).digest("hex")
    const authorization = `SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host;x-sdk-date, Signature=${signature}`
    return { ...request, headers: { ...request.headers, authorization } }
  }

  it("cannot be forged without the secret, and the test's forger succeeds with it", async () => {
    expect(await judged(forged("skExample"))).toEqual(accepted)
  })

  const absent: [string, unknown][] = [
    ["null", null],
    ["undefined", undefined],
    ["an empty text", ""],
    ["white space", " \t"],
    ["a number", 0],
    ["false", false],
    ["an object", {}],
    ["bytes", new Uint8Array()],
    ["a promise of a secret", Promise.resolve("skExample")],
  ]
  // The bytes of each of these if a secret is converted without a check.
  const guesses = ["", "null", "undefined", " \t", "0", "false", "[object Object]", "[object Promise]", "skExample"]

  it.each(absent)("counts as unknown without a secret: %s", async (_, secretAccessKey) => {
    const unknown = { ok: false, code: "ACCESS_KEY_UNKNOWN" }
    for (const guess of guesses) {
      const request = forged(guess)
      for (const found of [secretAccessKey, { secretAccessKey }, { secretAccessKey, securityToken: null }]) {
        expect(await judged(request, { secretFor: async () => found as never }), guess).toMatchObject(unknown)
        expect(await judged(request, { secretFor: () => found as never }), guess).toMatchObject(unknown)
      }
    }
  })

  it("may have null in place of a security token", async () => {
    const secretFor = async () => ({ ...credentials, securityToken: null }) as never
    expect(await judged(signed(), { secretFor })).toEqual(accepted)
  })

  it("is refused with an empty security token, whatever the request has", async () => {
    const secretFor = async () => ({ ...credentials, securityToken: "" })
    const empty = signed({ headers: { "x-security-token": "" } }, { signedHeaders: ["host", "x-security-token"] })
    for (const request of [empty, signed()]) {
      expect(await judged(request, { secretFor })).toMatchObject({ ok: false, code: "SECURITY_TOKEN_INVALID" })
    }
  })

  it("must be known", async () => {
    expect(await judged(signed({}, {}, { ...credentials, accessKeyId: "OTHER" }))).toMatchObject({
      code: "ACCESS_KEY_UNKNOWN",
      message: "Get secretKey failed,ak:OTHER,err:ak not exist",
    })
  })

  it("must come with its security token, signed, when it is temporary", async () => {
    const temporary = { ...credentials, securityToken: "a-token" }
    const secretFor = async () => temporary
    const request = signed({}, {}, temporary)
    expect(await judged(request, { secretFor })).toEqual(accepted)
    const unsigned = signed()
    for (const bad of [
      without(request, "x-security-token"),
      { ...request, headers: { ...request.headers, "x-security-token": "a-tokem" } },
      { ...unsigned, headers: { ...unsigned.headers, "x-security-token": "a-token" } },
    ]) {
      expect(await judged(bad, { secretFor })).toMatchObject({
        code: "SECURITY_TOKEN_INVALID",
        message: "decrypt token fail",
      })
    }
  })
})

/** The ways to admit both: always, or by a function of the request. */
const mayLack = [true, () => true, async ({ method }: SignableRequest) => method === "POST"]
/** `false`, and functions that do not return `true`. */
const mustHave = [undefined, false, () => false, async () => false, () => "yes" as never]

describe("a Host that is not signed", () => {
  const request = signed({}, { signedHeaders: ["x-sdk-date"] })

  it("is refused, since the signature would be valid for another server too", async () => {
    for (const allowUnsignedHost of mustHave) {
      expect(await judged(request, { allowUnsignedHost, allowUnsignedPayload: true })).toEqual({
        ok: false,
        code: "HOST_UNSIGNED",
        message: "the signature does not cover the Host header",
        canonicalRequest: "",
      })
    }
  })

  it("is admitted by the option, for the requests that it names", async () => {
    for (const allowUnsignedHost of mayLack) expect(await judged(request, { allowUnsignedHost })).toEqual(accepted)
  })

  it("is taken from the URL if it is listed as signed and the request has no such header", async () => {
    expect(await judged(signed())).toEqual(accepted)
    const headers = { ...signed().headers, host: "b.example.com" }
    expect(await judged({ ...signed(), headers })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
  })
})

describe("the payload", () => {
  it("may stay unsigned if the option allows it and its header is signed", async () => {
    const large = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    for (const algorithm of ["SDK-HMAC-SHA256", "SDK-HMAC-SM3"] as const) {
      const request = signed({}, { algorithm, payloadHash: "UNSIGNED-PAYLOAD" })
      for (const body of ["", "anything", large]) {
        for (const allowUnsignedPayload of mayLack) {
          expect(await judged({ ...request, body }, { allowUnsignedPayload })).toEqual(accepted)
        }
        for (const allowUnsignedPayload of mustHave) {
          expect(await judged({ ...request, body }, { allowUnsignedPayload, allowUnsignedHost: true })).toEqual({
            ok: false,
            code: "PAYLOAD_UNSIGNED",
            message: "the signature does not cover the body",
            canonicalRequest: "",
          })
        }
      }
    }
  })

  it("may not stay unsigned because of an unsigned header", async () => {
    const request = signed()
    const headers = { ...request.headers, "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    const allowUnsignedPayload = true
    expect(await judged({ ...request, headers }, { allowUnsignedPayload })).toMatchObject({ code: "PAYLOAD_MISMATCH" })
  })

  it("must match the content hash header", async () => {
    const hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    const request = signed({ headers: { "x-sdk-content-sha256": hash } })
    expect(await judged(request)).toEqual(accepted)
    expect(await judged({ ...request, body: "{ }" })).toMatchObject({
      code: "PAYLOAD_MISMATCH",
      message: "verify aksk signature fail",
      canonicalRequest: expect.stringContaining(hash),
    })
  })

  it("must not be larger than 12 MB", async () => {
    const body = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    expect(await judged({ ...signed(), body })).toMatchObject({ code: "BODY_TOO_LARGE" })
  })
})

describe("a request without a proper signature", () => {
  it("is refused with a message when there is none", async () => {
    expect(await judged(without(signed(), "authorization"))).toEqual({
      ok: false,
      code: "SIGNATURE_MISSING",
      message: "x-auth-token not found",
      canonicalRequest: "",
    })
  })

  it.each([
    ["an Authorization of another kind", { authorization: "Bearer token" }],
    ["no date", { "x-sdk-date": undefined }],
    ["a date that is none", { "x-sdk-date": "today" }],
    ["a line break in a header", { "x-sdk-date": "20191115T033655Z\r\n" }],
  ])("is refused with a message: %s", async (_, headers) => {
    const request = signed()
    expect(
      await judged({ ...request, headers: { ...request.headers, ...headers } as Record<string, string> }),
    ).toMatchObject({ code: "SIGNATURE_MALFORMED" })
  })

  it.each(["authorization", "x-sdk-date", "x-sdk-content-sha256", "x-security-token"])(
    "is refused with %s twice",
    async (name) => {
      const key = { ...credentials, securityToken: "a-token" }
      const request = signed({}, { payloadHash: "UNSIGNED-PAYLOAD" }, key)
      const pairs = Object.entries(request.headers)
      const options = { secretFor: async () => key, allowUnsignedPayload: true }
      expect(await judged({ ...request, headers: pairs }, options)).toEqual(accepted)
      const twice = [...pairs, ...pairs.filter(([other]) => other === name)]
      expect(twice).toHaveLength(pairs.length + 1)
      expect(await judged({ ...request, headers: twice }, options)).toMatchObject({ ok: false })
    },
  )

  it.each(["host", "x-sdk-date;host", "Host;x-sdk-date", "host;host;x-sdk-date", "x-sdk-date;"])(
    "is told when the list of signed headers is %j",
    async (names) => {
      const request = signed()
      const authorization = request.headers.authorization?.replace("host;x-sdk-date", names) ?? ""
      expect(await judged({ ...request, headers: { ...request.headers, authorization } })).toMatchObject({
        code: "SIGNATURE_MALFORMED",
      })
    },
  )

  it.each([
    ["a method that is no token", { method: "GE T" }],
    ["a URL that is relative", { url: "/v1" }],
  ])("is refused with a message: %s", async (_, part) => {
    expect(await judged({ ...signed(), ...part })).toMatchObject({ ok: false, code: "SIGNATURE_MALFORMED" })
  })

  it("does not hide a failure of secretFor", async () => {
    const failure = new Error("The database is down.")
    await expect(judged(signed(), { secretFor: () => Promise.reject(failure) })).rejects.toBe(failure)
  })
})
