import {
  akskAuth,
  authenticatedSend,
  isAuthError,
  passwordToken,
  tokenAuth,
  tokenCredentials,
} from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { SERVICE_REFUSAL_NAMES, type ServiceRefusal } from "../src/service-refusals.ts"
import { ask, runningEmulator } from "./running-emulator.ts"

const FIELDS: Record<ServiceRefusal, object> = {
  "iam-v5": { errorCode: "PAP5.0001", encodedAuthorizationMessage: "ZW11bGF0ZWQ=", requestId: expect.any(String) },
  keystone: { errorCode: "401", errorMessage: "The X-Auth-Token is invalid!" },
  cce: { errorCode: "CCE.01401001", errorMessage: "Authentication failed" },
  swr: { errorCode: "SVCSTG.SWR.4010000", errorMessage: "Authenticate Error" },
  "swr-registry": { errorCode: "DENIED", errorMessage: "Authenticate Error" },
  obs: { errorCode: "SignatureDoesNotMatch", errorMessage: expect.stringContaining("does not match") },
  function: { errorCode: "FSS.0401", errorMessage: "The function does not exist" },
  region: { errorCode: "APIGW.0307", errorMessage: "The token must be updated." },
}

describe("the refusal of a service", () => {
  it.each(SERVICE_REFUSAL_NAMES)("%s has a form that AuthError shows", async (service) => {
    const { url, accounts, faults } = await runningEmulator()
    const via = async () => accounts.partner.user.credentials
    faults.serviceRefusal(service, { target: "iam" })
    const error = await tokenCredentials({ via, iamEndpoint: url })().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(isAuthError(error)).toBe(true)
    expect(error).toMatchObject(FIELDS[service])
  })

  it("comes so many times, and for the paths that it is asked for", async () => {
    const { url, faults } = await runningEmulator()
    faults.serviceRefusal("obs", { target: "/bucket", times: 1 })
    const answer = await fetch(`${url}/bucket/x`)
    expect([answer.status, answer.headers.get("content-type")]).toEqual([403, "application/xml"])
    expect(await answer.text()).toMatch(/^<\?xml.*<Code>SignatureDoesNotMatch<\/Code>/)
    expect((await ask(`${url}/bucket/x`)).body).toMatchObject({ error_code: "APIGW.0301" })
  })
})

describe("a client", () => {
  const send = async (service: ServiceRefusal, scheme: "token" | "signature") => {
    const { url, accounts, faults, stats } = await runningEmulator()
    const { name, password, credentials } = accounts.partner.user
    const domain = accounts.partner.domain.name
    const auth =
      scheme === "token"
        ? tokenAuth(passwordToken({ iamEndpoint: url, user: name, password, domain, scope: { domain } }))
        : akskAuth(async () => credentials)
    faults.serviceRefusal(service)
    const asked = async (): Promise<number> => {
      const request = { method: "GET", url: `${url}/v1/x`, headers: {}, body: null, baseUrl: url }
      const answer = await authenticatedSend(auth, request, ({ url: target, headers }) => fetch(target, { headers }))
      return (answer as Response).status
    }
    const statuses = [await asked(), await asked(), await asked()]
    return { statuses, iamCalls: stats.iamCalls, requests: stats.requests.length }
  }

  it("renews no token for a function that does not exist, and repeats no request", async () => {
    expect(await send("function", "token")).toEqual({ statuses: [401, 401, 401], iamCalls: 1, requests: 3 })
    expect(await send("function", "signature")).toMatchObject({ statuses: [401, 401, 401], requests: 3 })
  })

  it("renews a token once, and no more, at an endpoint of another region", async () => {
    expect(await send("region", "token")).toEqual({ statuses: [401, 401, 401], iamCalls: 2, requests: 4 })
  })
})
