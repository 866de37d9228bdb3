import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { openTelekomCloud, swissOpenTelekomCloud } from "../../src/cloud/cloud.ts"
import type { Clock } from "../../src/runtime/clock.ts"
import { parseSdkDate } from "../../src/signing/server-time.ts"
import { canonicalRequest, createSigner, sign } from "../../src/signing/signer.ts"
import { verify } from "../../src/signing/verify.ts"
import { failureOf } from "../failure-of.ts"

interface ScopedVector {
  readonly name: string
  readonly credentials: { accessKeyId: string; secretAccessKey: string }
  readonly request: { method: string; url: string; headers: Record<string, string>; body: string | null }
  readonly region: string
  readonly service: string
  readonly canonicalRequest: string
  readonly signature: string
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"))
}

/** Of the Go SDK of Open Telekom Cloud. */
function ofOpenTelekomCloud(): ScopedVector[] {
  const { vectors, headers, accessKeyId, secretAccessKey } = read("scoped") as Pick<
    ScopedVector["credentials"],
    "accessKeyId" | "secretAccessKey"
  > & {
    headers: Record<string, string>
    vectors: (Omit<ScopedVector, "request"> & { method: string; url: string; body?: string })[]
  }
  return vectors.map(({ method, url, body = null, ...vector }) => ({
    ...vector,
    name: `${method} ${url}, ${vector.region}/${vector.service}`,
    credentials: { accessKeyId, secretAccessKey },
    request: { method, url, headers, body },
  }))
}

/** Of the older Go SDK of Huawei Cloud. */
function ofHuaweiCloud(): ScopedVector[] {
  const { legacyScoped } = read("signing") as {
    legacyScoped: {
      vectors: {
        name: string
        credentials: { ak: string; sk: string; regionId: string; serviceName: string }
        request: { method: string; url: string; headers: [string, string][]; body: string }
        expected: { canonicalRequest: string; signature: string }
      }[]
    }
  }
  return legacyScoped.vectors.map(({ name, credentials, request, expected }) => ({
    name,
    credentials: { accessKeyId: credentials.ak, secretAccessKey: credentials.sk },
    request: { ...request, headers: Object.fromEntries(request.headers) },
    region: credentials.regionId,
    service: credentials.serviceName,
    ...expected,
  }))
}

/** At the time of a request's X-Sdk-Date. */
function clockOf({ headers }: ScopedVector["request"]): Clock {
  const time = parseSdkDate(headers["x-sdk-date"] ?? headers["X-Sdk-Date"] ?? "") ?? 0
  return { now: () => time, monotonic: () => 0, sleep: async () => undefined }
}

const vectors = [...ofOpenTelekomCloud(), ...ofHuaweiCloud()]

describe("the scoped form", () => {
  it("has five vectors of Open Telekom Cloud, and six of Huawei Cloud", () => {
    expect([ofOpenTelekomCloud().length, ofHuaweiCloud().length]).toEqual([5, 6])
  })

  it.each(vectors)("signs as the Go SDKs do, and accepts it: $name", async (vector) => {
    const { credentials, request, region, service } = vector
    const date = request.headers["x-sdk-date"] ?? request.headers["X-Sdk-Date"] ?? ""
    const signedHeaders = (vector.canonicalRequest.split("\n").at(-2) ?? "").split(";")
    const options = { scoped: true, region, service, signedHeaders }
    expect(canonicalRequest(request, options)).toBe(vector.canonicalRequest)
    const authorization = `SDK-HMAC-SHA256 Credential=${credentials.accessKeyId}/${date.slice(0, 8)}/${region}/${service}/sdk_request, SignedHeaders=${signedHeaders.join(";")}, Signature=${vector.signature}`
    expect(sign(request, credentials, options)).toEqual({ "x-sdk-date": date, authorization })
    const signer = createSigner(credentials, { scoped: true, region, service })
    expect(signer.sign(request, { signedHeaders }).authorization).toBe(authorization)
    const auth = akskAuth(credentials, {
      scoped: true,
      region,
      service,
      signedHeaders,
      clock: clockOf(request),
    })
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    expect((await auth.authenticate({ ...request, headers })).headers).toEqual({ "x-sdk-date": date, authorization })

    const sent = { ...request, headers: { ...headers, authorization } }
    const secretFor = (): typeof credentials => credentials
    const now = (): number => parseSdkDate(date) ?? 0
    expect(await verify(sent, { secretFor, now, scoped: true })).toMatchObject({
      ok: true,
      signature: vector.signature,
    })
    expect(await verify(sent, { secretFor, now })).toMatchObject({ ok: false, code: "SIGNATURE_MALFORMED" })
    const other = { ...sent, url: request.url.replace(/(?<=\/v\d)/, "0") }
    expect(await verify(other, { secretFor, now, scoped: true })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
  })

  it("signs with an empty scope unless region and service are given", () => {
    const [vector] = vectors
    const { request, credentials } = vector as ScopedVector
    expect(sign(request, credentials, { scoped: true }).authorization).toContain(
      "Credential=QTWAOYTTINDUT2QVKYUC/20261129///sdk_request, ",
    )
  })

  it.each(ofOpenTelekomCloud())("is that of an auth for Open Telekom Cloud: $name", async (vector) => {
    const { credentials, request, region, service, signature } = vector
    const scopes = service === "" ? [{}, { region: "eu-de" }, { region: "", service: "" }] : [{ region, service }]
    for (const cloud of [openTelekomCloud, swissOpenTelekomCloud]) {
      for (const scope of scopes) {
        const auth = akskAuth(credentials, {
          cloud,
          ...scope,
          signedHeaders: ["content-type"],
          clock: clockOf(request),
        })
        const { headers } = await auth.authenticate(request)
        expect(headers.authorization).toBe(
          `SDK-HMAC-SHA256 Credential=${credentials.accessKeyId}/20261129/${region}/${service}/sdk_request, SignedHeaders=content-type;host;x-project-id;x-sdk-date, Signature=${signature}`,
        )
      }
    }
  })

  it.each([
    [{ scoped: false }, "SDK-HMAC-SHA256 Access="],
    [{ algorithm: "SDK-HMAC-SHA256" }, "SDK-HMAC-SHA256 Access="],
    [{ algorithm: "SDK-HMAC-SM3" }, "SDK-HMAC-SM3 Access="],
    [{ algorithm: "auto" }, "SDK-HMAC-SHA256 Access="],
    [{ cloud: { domain: "example.cloud" } }, "SDK-HMAC-SHA256 Access="],
    [{ cloud: { domain: "example.cloud", scoped: true } }, "SDK-HMAC-SHA256 Credential="],
  ] as const)("is not that of a cloud if the options name another: %j", async (options, start) => {
    const [vector] = vectors
    const { request, credentials } = vector as ScopedVector
    const auth = akskAuth(credentials, { cloud: openTelekomCloud, ...options })
    expect((await auth.authenticate(request)).headers.authorization).toMatch(new RegExp(`^${start}`))
  })

  it("keeps the usual form valid where it is accepted", async () => {
    const [vector] = vectors
    const { request, credentials } = vector as ScopedVector
    const headers = { ...request.headers, ...sign(request, credentials) }
    const now = (): number => parseSdkDate(headers["x-sdk-date"] ?? "") ?? 0
    expect(await verify({ ...request, headers }, { secretFor: () => credentials, now, scoped: true })).toMatchObject({
      ok: true,
    })
  })

  const request = { method: "GET", url: "https://ecs.eu-de.otc.t-systems.com/" }
  const credentials = { accessKeyId: "AK", secretAccessKey: "SK" }

  it.each([
    { algorithm: "SDK-HMAC-SM3" },
    { algorithm: "V11-HMAC-SHA256", region: "eu-de", service: "ecs" },
    { algorithm: "auto" },
    { algorithm: "SDK-ECDSA-P256-SHA256" },
    { algorithm: "SDK-SM2-SM3" },
  ] as const)("is refused at once with %j", (use) => {
    const options = { ...use, scoped: true }
    const expected = { code: "AUTH_INVALID_OPTION", message: "`scoped` needs SDK-HMAC-SHA256." }
    const token = tokenAuth("token")
    expect(failureOf(() => sign(request, credentials, options))).toMatchObject(expected)
    expect(failureOf(() => canonicalRequest(request, options))).toMatchObject(expected)
    expect(failureOf(() => createSigner(credentials, options))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(credentials, options))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(async () => credentials, options))).toMatchObject(expected)
    expect(failureOf(() => autoAuth({ aksk: akskAuth(credentials, options), token }))).toMatchObject(expected)
  })

  it.each(["false", "no", 1, {}])("is refused where the option is %j", (scoped) => {
    const options = { scoped } as { scoped: never }
    const expected = { code: "AUTH_INVALID_OPTION", message: "`scoped` must be true or false." }
    expect(failureOf(() => sign(request, credentials, options))).toMatchObject(expected)
    expect(failureOf(() => createSigner(credentials, options))).toMatchObject(expected)
    expect(failureOf(() => canonicalRequest(request, options))).toMatchObject(expected)
  })

  it.each([{ region: "eu/de" }, { service: "e,cs" }])("is refused with %j, at once", (options) => {
    for (const build of [
      () => sign(request, credentials, { ...options, scoped: true }),
      () => akskAuth(credentials, { ...options, scoped: true }),
      () => akskAuth(async () => credentials, { ...options, scoped: true }),
      () => akskAuth(credentials, { service: "ecs", ...options, cloud: openTelekomCloud }),
      () => akskAuth(async () => credentials, { service: "ecs", ...options, cloud: openTelekomCloud }),
    ]) {
      expect(failureOf(build)).toMatchObject({
        code: "AUTH_INVALID_OPTION",
        message: expect.stringContaining("region"),
      })
    }
  })
})
