import { describe, expect, it } from "vitest"
import { type FederatedCredentialsOptions, federatedCredentials } from "../../src/credentials/temporary-credentials.ts"
import { iamError, jsonBody, localIam, rejectionOf, thrownBy, tokenAnswer } from "../iam/local-iam.ts"
import { securityTokenAnswer, TEMPORARY_KEY } from "./temporary-key-answers.ts"

const idToken = "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl"

describe("temporary keys from an id token", () => {
  it("need an unscoped token first, and live for six hours by default", async () => {
    const iam = await localIam(tokenAnswer("MIIunscoped"), securityTokenAnswer())
    expect(await federatedCredentials({ idpId: "my-idp", idToken, iamEndpoint: iam.url })()).toEqual({
      ...TEMPORARY_KEY,
      iamEndpoint: iam.url,
    })
    expect(iam.arrivals.map(({ method, target }) => `${method} ${target}`)).toEqual([
      "POST /v3.0/OS-AUTH/id-token/tokens",
      "POST /v3.0/OS-CREDENTIAL/securitytokens",
    ])
    expect(iam.arrivals[0]?.headers["x-idp-id"]).toBe("my-idp")
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { id_token: { id: idToken } } })
    expect(iam.arrivals[1]?.headers["x-auth-token"]).toBe("MIIunscoped")
    expect(jsonBody(iam.arrivals[1])).toEqual({
      auth: { identity: { methods: ["token"], token: { duration_seconds: 21_600 } } },
    })
  })

  it("ask for a new id token each time", async () => {
    const iam = await localIam(tokenAnswer(), securityTokenAnswer(), tokenAnswer(), securityTokenAnswer())
    let count = 0
    const provider = federatedCredentials({
      idpId: "my-idp",
      idToken: () => `id.token.${++count}`,
      durationSeconds: 900,
      iamEndpoint: iam.url,
    })
    await provider()
    await provider()
    expect(jsonBody(iam.arrivals[2])).toHaveProperty("auth.id_token.id", "id.token.2")
    expect(jsonBody(iam.arrivals[3])).toHaveProperty("auth.identity.token.duration_seconds", 900)
  })

  it("show no id token and no token when either step fails", async () => {
    const first = await localIam(({ body }) => iamError(401, "IAM.0001", String(body)))
    await rejectionOf(federatedCredentials({ idpId: "my-idp", idToken, iamEndpoint: first.url })(), idToken)
    const second = await localIam(tokenAnswer("MIIunscoped"), ({ headers }) =>
      iamError(403, "IAM.0002", `${headers["x-auth-token"]}`),
    )
    const error = await rejectionOf(
      federatedCredentials({ idpId: "my-idp", idToken, iamEndpoint: second.url })(),
      idToken,
      "MIIunscoped",
    )
    expect(error.code).toBe("AUTH_CREDENTIALS_REJECTED")
  })

  it.each<[string, object]>([
    ["idpId", { idpId: "" }],
    ["idToken", { idToken: "" }],
    ["durationSeconds", { durationSeconds: 10 }],
    ["policy", { policy: [] }],
  ])("refuse a bad %s at construction: %o", (option, wrong) => {
    const options = { idpId: "my-idp", idToken, ...wrong } as FederatedCredentialsOptions
    const error = thrownBy(() => federatedCredentials(options), idToken)
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(`\`${option}\``)
  })
})
