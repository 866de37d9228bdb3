import { execFileSync } from "node:child_process"
import { createECDH, createHash, createHmac, createPublicKey, verify as verifyByNode } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sm2 } from "sm-crypto-v2"
import { describe, expect, it } from "vitest"
import "../../src/p256.ts"
import "../../src/sm2.ts"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { derivedPrivateKey } from "../../src/signing/add-asymmetric.ts"
import { parseAuthorization } from "../../src/signing/authorization.ts"
import { algorithmOf } from "../../src/signing/keyed-algorithm.ts"
import { parseSdkDate } from "../../src/signing/server-time.ts"
import { canonicalRequest, createSigner, sign } from "../../src/signing/signer.ts"
import { verify } from "../../src/signing/verify.ts"
import { createVerifyingKey } from "../../src/signing/verifying-key.ts"

type Name = "SDK-ECDSA-P256-SHA256" | "SDK-SM2-SM3"
const NAMES: readonly Name[] = ["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3"]
const ORDERS = {
  "SDK-ECDSA-P256-SHA256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  "SDK-SM2-SM3": 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
}
const HASHES = { "SDK-ECDSA-P256-SHA256": "sha256", "SDK-SM2-SM3": "sm3" } as const

interface KeyVector {
  accessKeyId: string
  secretAccessKey: string
  p256: string
  sm2: string
}

interface RequestVector {
  algorithm: Name
  method: string
  url: string
  headers: Record<string, string>
  payloadHash: string
  canonicalRequest: string
  stringToSign: string
  authorization: string
  rfc6979?: string
}

/** Signatures of three official SDKs for one request. */
interface SignedVector {
  name: string
  algorithm: Name
  credentials: { ak: string; sk: string }
  /** Absent where only the string to sign is known. */
  request: { method: string; url: string; headers: [string, string][]; body: string }
  derivedPrivateKey: Record<string, string>
  publicKeyXY: string
  signedHeaders: string
  canonicalRequest: string
  stringToSign: string
  exampleSignatures: Record<string, string>
  crossVerify: Record<string, Record<string, boolean>>
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T
}

const { keys, requests } = read<{ keys: [KeyVector, ...KeyVector[]]; requests: RequestVector[] }>("asymmetric")
const signed = read<{ asymmetric: { vectors: [SignedVector, ...SignedVector[]] } }>("signing").asymmetric.vectors
const [worked] = keys
const whole = signed.filter(({ request }) => request !== undefined)
const ofShortCoordinate = signed.find(({ request }) => request === undefined)

function privateKey(algorithm: Name, accessKeyId: string, secretAccessKey: string): string {
  const material = { hash: HASHES[algorithm], accessKeyId, secretAccessKey }
  return derivedPrivateKey(algorithm, material, ORDERS[algorithm]).toString(16).padStart(64, "0")
}

function signatureOf(authorization: string | undefined): string {
  return /Signature=([\da-f]+)$/.exec(authorization ?? "")?.[1] ?? ""
}

function stringToSign(algorithm: Name, date: string, canonical: string): string {
  return [algorithm, date, createHash(HASHES[algorithm]).update(canonical).digest("hex")].join("\n")
}

/** Tells whether software of others accepts a signature. */
const ACCEPTED_BY_OTHERS: Record<Name, (text: string, signature: string, d: string) => boolean> = {
  "SDK-ECDSA-P256-SHA256": (text, signature, d) =>
    verifyByNode("sha256", Buffer.from(text), p256PublicKey(d), Buffer.from(signature, "hex")),
  "SDK-SM2-SM3": (text, signature, d) => isAcceptedByOpenssl(text, signature, sm2.getPublicKeyFromPrivateKey(d)),
}

function p256PublicKey(d: string): ReturnType<typeof createPublicKey> {
  const ecdh = createECDH("prime256v1")
  ecdh.setPrivateKey(d, "hex")
  const point = ecdh.getPublicKey()
  const x = point.subarray(1, 33).toString("base64url")
  return createPublicKey({
    format: "jwk",
    key: { kty: "EC", crv: "P-256", x, y: point.subarray(33).toString("base64url") },
  })
}

/** SubjectPublicKeyInfo of a key on sm2p256v1, up to its point. */
const SM2_SPKI = "3059301306072a8648ce3d020106082a811ccf5501822d034200"

function isAcceptedByOpenssl(text: string, signature: string, point: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), "countersign-sm2-"))
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const key = file("key.der", Buffer.from(SM2_SPKI + point, "hex"))
  const text_ = file("text", text)
  const signature_ = file("signature", Buffer.from(signature, "hex"))
  const command = `pkeyutl -verify -pubin -keyform DER -inkey ${key} -in ${text_} -sigfile ${signature_}`
  const options = "-rawin -digest sm3 -pkeyopt distid:1234567812345678"
  try {
    return execFileSync("openssl", `${command} ${options}`.split(" "), { stdio: "pipe" }).includes("Success")
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("a derived private key", () => {
  it.each(keys)("is that of the official SDKs, for $accessKeyId", ({ accessKeyId, secretAccessKey, p256, sm2 }) => {
    expect(NAMES.map((name) => privateKey(name, accessKeyId, secretAccessKey))).toEqual([p256, sm2])
  })

  it.each(signed)("is that of the official SDKs: $name", ({ algorithm, credentials, derivedPrivateKey: known }) => {
    expect(Object.values(known)).toContain(privateKey(algorithm, credentials.ak, credentials.sk))
  })

  it("comes from the next counter when a candidate is too large", () => {
    const material = { hash: "sha256", accessKeyId: "AK", secretAccessKey: "SK" } as const
    // So small that most candidates are too large.
    const order = 1n << 252n
    const candidates = Array.from({ length: 256 }, (_, counter) => {
      const hmac = createHmac("sha256", "SK")
        .update(Buffer.from("\0\0\0\x01ALG\0AK"))
        .update(Buffer.of(counter, 0, 0, 1, 0))
      return BigInt(`0x${hmac.digest("hex")}`)
    })
    const first = candidates.findIndex((candidate) => candidate <= order - 2n)
    expect(first).toBeGreaterThan(0)
    expect(derivedPrivateKey("ALG", material, order)).toBe((candidates[first] ?? 0n) + 1n)
    expect(() => derivedPrivateKey("ALG", material, 2n)).toThrow("No private key of ALG")
  })
})

describe("the requests of the official SDKs", () => {
  it.each(requests)("have our canonical request and string to sign: $algorithm $method", (vector) => {
    const { algorithm, headers, payloadHash } = vector
    const signedHeaders = parseAuthorization(vector.authorization)?.signedHeaders
    expect(canonicalRequest(vector, { algorithm, signedHeaders, payloadHash })).toBe(vector.canonicalRequest)
    expect(stringToSign(algorithm, headers["X-Sdk-Date"] ?? "", vector.canonicalRequest)).toBe(vector.stringToSign)
  })

  it.each(requests)("have signatures that verify: $algorithm $method", (vector) => {
    const claimed = parseAuthorization(vector.authorization)
    if (claimed === undefined) throw new Error("not parsed")
    const date = vector.headers["X-Sdk-Date"] ?? ""
    const hasSigned = (secret: string, text: string) =>
      createVerifyingKey(claimed.accessKeyId, secret).hasSigned(claimed, date, text, claimed.signature)
    expect(hasSigned(worked.secretAccessKey, vector.canonicalRequest)).toBe(true)
    expect(hasSigned(worked.secretAccessKey, `${vector.canonicalRequest} `)).toBe(false)
    expect(hasSigned(`${worked.secretAccessKey}x`, vector.canonicalRequest)).toBe(false)
  })

  it.each(requests.filter(({ rfc6979 }) => rfc6979 !== undefined))(
    "get from us the signature of Java, to the byte: $algorithm $method",
    (vector) => {
      const { algorithm, payloadHash } = vector
      const signedHeaders = parseAuthorization(vector.authorization)?.signedHeaders
      const { authorization } = sign(vector, worked, { algorithm, signedHeaders, payloadHash })
      expect(authorization).toBe(vector.authorization.replace(/[\da-f]+$/, vector.rfc6979 ?? ""))
    },
  )

  it.each(whole)("verify: $name", async (vector) => {
    const { algorithm, credentials, request, signedHeaders } = vector
    const secretFor = (): { secretAccessKey: string } => ({ secretAccessKey: credentials.sk })
    const now = (): number => parseSdkDate("20191115T033655Z") ?? 0
    // Java's SDK derives another key from an AK that is not 20 bytes long.
    const agreed = Object.entries(vector.exampleSignatures).filter(([sdk]) => vector.crossVerify[sdk]?.["go-v3"])
    expect(agreed).toHaveLength(credentials.ak.length === 20 ? 3 : 2)
    for (const [sdk, signature] of agreed) {
      const authorization = `${algorithm} Access=${credentials.ak}, SignedHeaders=${signedHeaders}, Signature=${signature}`
      const headers = { ...Object.fromEntries(request.headers), authorization }
      expect(await verify({ ...request, headers }, { secretFor, now }), sdk).toMatchObject({ ok: true, signature })
    }
  })
})

it("pads the coordinates of a public key, unlike Python's SDK", () => {
  const { credentials, exampleSignatures, stringToSign: text, publicKeyXY } = ofShortCoordinate ?? signed[0]
  const { createKey } = algorithmOf({ algorithm: "SDK-SM2-SM3" })
  const key = createKey({ hash: "sm3", accessKeyId: credentials.ak, secretAccessKey: credentials.sk })(
    "20191115T033655Z",
  )
  const isAccepted = (sdk: string): boolean | undefined => key.verify?.(text, exampleSignatures[sdk] ?? "")
  expect(publicKeyXY.slice(64)).toMatch(/^00/)
  expect(["go-v3", "java-v3", "python-v3"].map(isAccepted)).toEqual([true, true, false])
})

describe.each(NAMES)("%s", (algorithm) => {
  const credentials = { accessKeyId: worked.accessKeyId, secretAccessKey: worked.secretAccessKey }
  const request = { method: "POST", url: "https://vpc.cn-north-4.myhuaweicloud.com/v1/x?a=1", body: '{"a":1}' }
  const d = privateKey(algorithm, worked.accessKeyId, worked.secretAccessKey)
  const secretFor = (): typeof credentials => credentials

  it("signs as others verify, each key and each entry point", async () => {
    for (const { accessKeyId, secretAccessKey } of keys) {
      const key = { accessKeyId, secretAccessKey }
      const auth = akskAuth(key, { algorithm })
      const attempt = { ...request, headers: {} }
      for (const headers of [
        sign(request, key, { algorithm }),
        createSigner(key, { algorithm }).sign(request),
        (await auth.authenticate(attempt)).headers,
      ]) {
        const date = headers["x-sdk-date"] ?? ""
        const canonical = canonicalRequest({ ...request, headers }, { algorithm })
        const text = stringToSign(algorithm, date, canonical)
        const signature = signatureOf(headers.authorization)
        const own = privateKey(algorithm, accessKeyId, secretAccessKey)
        expect(ACCEPTED_BY_OTHERS[algorithm](text, signature, own)).toBe(true)
        expect(ACCEPTED_BY_OTHERS[algorithm](`${text} `, signature, own)).toBe(false)
        expect(await verify({ ...request, headers }, { secretFor: () => key })).toMatchObject({ ok: true, accessKeyId })
      }
    }
  }, 60_000)

  it("signs in every length of DER, all of which verify", async () => {
    const lengths = new Set<number>()
    for (let index = 0; index < 200; index++) {
      const one = { ...request, url: `${request.url}&index=${index}` }
      const headers = sign(one, credentials, { algorithm })
      const signature = signatureOf(headers.authorization)
      lengths.add(signature.length)
      if (index < 20) expect(await verify({ ...one, headers }, { secretFor })).toMatchObject({ ok: true })
    }
    expect([...lengths].every((length) => length >= 134 && length <= 144)).toBe(true)
    expect(lengths.size).toBeGreaterThan(2)
  }, 60_000)

  it("refuses a changed signature, and every other spelling of a right one", async () => {
    const headers = sign(request, credentials, { algorithm })
    const signature = signatureOf(headers.authorization)
    const [, r = "", s = ""] = /^30..02..((?:..){31,33})02..((?:..){31,33})$/.exec(signature) ?? []
    const hex = (integer: bigint): string => {
      const digits = integer.toString(16)
      const even = digits.length % 2 === 0 ? digits : `0${digits}`
      return even < "8" ? even : `00${even}`
    }
    const der = (one: string, other: string, extra = ""): string => {
      const integers = [one, other].map((value) => `02${(value.length / 2).toString(16).padStart(2, "0")}${value}`)
      return `30${(integers.join("").length / 2).toString(16)}${integers.join("")}${extra}`
    }
    expect(der(r, s)).toBe(signature)
    const order = ORDERS[algorithm]
    const changed = [
      signature.replace(/..$/, (last) => (last === "00" ? "01" : "00")),
      der(`00${r}`, s),
      der(r, `00${s}`),
      der(r, s, "00"),
      der(s, r),
      der(hex(BigInt(`0x${r}`) + order), s),
      der(r, hex(BigInt(`0x${s}`) + order)),
      der("00", s),
      der(r, "00"),
      der(r, hex(order)),
      `3081${signature.slice(2)}`,
      signature.slice(0, -2),
      "30060201010201",
      "3006020101020101",
    ]
    for (const one of changed) {
      const sent = { ...headers, authorization: (headers.authorization ?? "").replace(signature, one) }
      const result = await verify({ ...request, headers: sent }, { secretFor })
      expect(result, one).toMatchObject({ ok: false })
    }
    const upper = {
      ...headers,
      authorization: (headers.authorization ?? "").replace(signature, signature.toUpperCase()),
    }
    expect(await verify({ ...request, headers: upper }, { secretFor })).toMatchObject({ code: "SIGNATURE_MALFORMED" })
  })

  it("is a signature of the derived key alone", async () => {
    const headers = sign(request, credentials, { algorithm })
    const text = stringToSign(
      algorithm,
      headers["x-sdk-date"] ?? "",
      canonicalRequest({ ...request, headers }, { algorithm }),
    )
    const other = privateKey(algorithm, "AK", "SK")
    expect(ACCEPTED_BY_OTHERS[algorithm](text, signatureOf(headers.authorization), other)).toBe(false)
    expect(ACCEPTED_BY_OTHERS[algorithm](text, signatureOf(headers.authorization), d)).toBe(true)
  })
})
