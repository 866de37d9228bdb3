import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { secretFile } from "../../src/iam/secret.ts"
import { type FederatedTokenOptions, federatedToken } from "../../src/tokens/exchanged-token.ts"
import { iamError, jsonBody, localIam, rejectionOf, thrownBy, tokenAnswer } from "../iam/local-iam.ts"

const idToken = "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl"

describe("the request", () => {
  it("carries the identity provider in X-Idp-Id and the id token in the body, without a scope unless one is given", async () => {
    const iam = await localIam(tokenAnswer("MIIfederated", { methods: ["mapped"], domain: undefined }))
    const token = await federatedToken({ idpId: "my-idp", idToken, iamEndpoint: iam.url })()
    expect(token.value).toBe("MIIfederated")
    expect(iam.arrivals[0]).toMatchObject({
      method: "POST",
      target: "/v3.0/OS-AUTH/id-token/tokens",
      headers: { "x-idp-id": "my-idp", "content-type": "application/json;charset=utf8" },
    })
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { id_token: { id: idToken } } })
  })

  it.each([
    [{ project: { id: "p1" } }, { project: { id: "p1" } }],
    [{ project: "x", domain: "d" }, { project: { name: "x", domain: { name: "d" } } }],
    [{ domain: "d" }, { domain: { name: "d" } }],
  ])("has the scope %o", async (scope, expected) => {
    const iam = await localIam(tokenAnswer())
    await federatedToken({ idpId: "my-idp", idToken, scope, iamEndpoint: iam.url })()
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { id_token: { id: idToken }, scope: expected } })
  })

  it("reads the id token's file each time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-"))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, "token")
    const iam = await localIam(tokenAnswer())
    const provider = federatedToken({ idpId: "my-idp", idToken: secretFile(path), iamEndpoint: iam.url })
    expect((await rejectionOf(provider())).message).toContain(`${path} does not exist`)
    for (const text of ["first", "second"]) {
      await writeFile(path, `${text}\n`)
      await provider()
      expect(jsonBody(iam.arrivals.at(-1))).toHaveProperty("auth.id_token.id", text)
    }
    await writeFile(path, " \n")
    expect(await rejectionOf(provider())).toMatchObject({ code: "AUTH_CREDENTIALS_MISSING" })
  })
})

it("a refusal shows no id token and says where to look", async () => {
  const iam = await localIam(({ body }) => iamError(401, "IAM.0001", `not accepted: ${body}`))
  const error = await rejectionOf(federatedToken({ idpId: "my-idp", idToken, iamEndpoint: iam.url })(), idToken)
  expect(error.code).toBe("AUTH_CREDENTIALS_REJECTED")
  expect(error.message).toMatch(/"my-idp".*expired/)
})

it("has no identity key, since only the id token names its owner", () => {
  expect(federatedToken({ idpId: "my-idp", idToken }).identityKey).toBeUndefined()
})

it.each<[string, object]>([
  ["idpId", { idpId: "" }],
  ["idpId", { idpId: "two\r\nlines" }],
  ["idToken", { idToken: undefined }],
  ["scope", { scope: {} }],
  ["scope.domain", { scope: { project: "by-name" } }],
])("refuses a bad %s: %o", (option, wrong) => {
  const error = thrownBy(() => federatedToken({ idpId: "my-idp", idToken, ...wrong } as FederatedTokenOptions), idToken)
  expect(error.code).toBe("AUTH_INVALID_OPTION")
  expect(error.message).toContain(`\`${option}\``)
})
