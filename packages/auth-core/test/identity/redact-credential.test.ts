import { inspect } from "node:util"
import { expect, it } from "vitest"
import { readValue } from "../../src/cache/stored-value.ts"
import type { IamAnswer } from "../../src/iam/exchange.ts"
import { IAM_SHAPE, readCredentials, readToken } from "../../src/iam/iam-answer.ts"
import { type Credentials, staticCredentials, staticToken, type Token } from "../../src/index.ts"
import { systemClock } from "../../src/runtime/clock.ts"

const key = { accessKeyId: "AK", secretAccessKey: "the SK", securityToken: "the-security-token" }
const token = { value: "the-token", issuedAt: 0, expiresAt: 8e15 }

it.each([
  ["an access key", staticCredentials(key), key],
  ["a token", staticToken(token), token],
  ["an access key from IAM", async () => credentialsFromIam(), { ...key, expiresAt: Date.UTC(2100, 0, 1) }],
  ["a token from IAM", async () => tokenFromIam(), { ...token, expiresAt: Date.UTC(2100, 0, 1) }],
  [
    "an access key from a store",
    async () => readValue(JSON.stringify({ v: 2, softMs: 1, endMs: 1, value: key }))?.value,
    key,
  ],
])("%s shows no secret in inspect, and is plain data otherwise", async (_what, provider, plain) => {
  const value = await provider()
  expect(inspect({ value })).toMatch(/\[secret\]/)
  expect(inspect({ value })).not.toMatch(/the[ -](?:SK|token|security)/)
  expect(value).toStrictEqual(plain)
  expect({ ...value }).toStrictEqual(plain)
  expect(structuredClone(value)).toStrictEqual(plain)
  expect(JSON.parse(JSON.stringify(value))).toStrictEqual(plain)
})

const connection = { endpoint: "https://iam", fetch: undefined, timeoutMs: 1, clock: systemClock }
const request = { method: "GET", path: "/", secrets: [], action: "Asking" } as const

function answerOf(body: object, headers = {}): IamAnswer {
  return { status: 200, headers: new Headers(headers), text: JSON.stringify(body), serverTime: undefined }
}

function credentialsFromIam(): Credentials {
  const { accessKeyId: access, secretAccessKey: secret, securityToken: securitytoken } = key
  const credential = { access, secret, securitytoken, expires_at: "2100-01-01T00:00:00.000000Z" }
  return readCredentials(connection, request, answerOf({ credential }), IAM_SHAPE, undefined)
}

function tokenFromIam(): Token {
  const times = { issued_at: "1970-01-01T00:00:00.000000Z", expires_at: "2100-01-01T00:00:00.000000Z" }
  return readToken(connection, request, answerOf({ token: times }, { "x-subject-token": token.value }), undefined)
}
