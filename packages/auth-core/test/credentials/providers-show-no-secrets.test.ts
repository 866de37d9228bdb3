import { inspect } from "node:util"
import { expect, it } from "vitest"
import {
  agencyCredentials,
  agencyToken,
  assumeAgencyCredentials,
  chain,
  federatedCredentials,
  federatedToken,
  partner,
  passwordToken,
  staticCredentials,
  staticToken,
  tokenCredentials,
} from "../../src/index.ts"

const secret = "s3cret-value"
const user = { user: { id: "u1" }, password: secret, passcode: secret, domain: "partner", scope: { domain: "partner" } }
const key = staticCredentials({ accessKeyId: "AK", secretAccessKey: secret, securityToken: secret })
const token = passwordToken(user)

it.each<[string, unknown]>([
  ["staticToken", staticToken({ value: secret, issuedAt: 0, expiresAt: 1 })],
  ["passwordToken", token],
  ["agencyToken", agencyToken({ via: token, agency: "a", domain: "d" })],
  ["federatedToken", federatedToken({ idpId: "my-idp", idToken: secret })],
  ["staticCredentials", key],
  ["agencyCredentials", agencyCredentials({ via: key, agency: "a", domain: "d" })],
  ["tokenCredentials", tokenCredentials({ via: token })],
  ["federatedCredentials", federatedCredentials({ idpId: "my-idp", idToken: secret })],
  [
    "assumeAgencyCredentials",
    assumeAgencyCredentials({
      via: key,
      agencyUrn: "urn",
      sessionName: "s",
      serialNumber: "mfa",
      tokenCode: secret,
      region: "ap-southeast-1",
    }),
  ],
  ["chain", chain(key)],
  ["partner", partner(user)],
])("%s shows no secret, however it is looked at", (_name, provider) => {
  const views = [
    inspect(provider, { depth: Infinity, showHidden: true }),
    String(JSON.stringify(provider)),
    String(JSON.stringify({ ...(provider as object) })),
  ]
  for (const view of views) expect(view).not.toContain(secret)
})
