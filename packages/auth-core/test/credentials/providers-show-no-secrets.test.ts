import { markIn, shown } from "@countersign/testkit"
import { expect, it } from "vitest"
import {
  type Attempt,
  agencyCredentials,
  agencyToken,
  akskAuth,
  assumeAgencyCredentials,
  autoAuth,
  chain,
  createSigner,
  encryptedStore,
  federatedCredentials,
  federatedToken,
  memoryStore,
  partner,
  passwordToken,
  staticCredentials,
  staticToken,
  TokenCache,
  tokenAuth,
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
])("%s shows no secret, however it is printed", (_name, provider) => {
  expect(markIn(shown(provider, { ...(provider as object) }), secret)).toBeUndefined()
})

it("auths, caches and stores in use show no secret, however they are printed", async () => {
  const attempt: Attempt = { method: "GET", url: "https://ecs.myhuaweicloud.com/", headers: {}, body: undefined }
  const store = memoryStore()
  const encryptionKey = `${secret}${"A".repeat(31)}=`
  const encrypted = encryptedStore(store, { keys: [{ id: "k", key: encryptionKey }] })
  const cache = new TokenCache({ store: encrypted })
  const given = { value: secret, issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 }
  const byToken = tokenAuth(async () => given, { cache })
  const byKey = akskAuth(key, { cache })
  const auths = [byToken, byKey, autoAuth({ token: byToken, aksk: byKey }), tokenAuth(given)]
  for (const auth of auths) expect(JSON.stringify(await auth.authenticate(attempt))).toContain("headers")
  expect((await byToken.authenticate(attempt)).headers).toEqual({ "x-auth-token": secret })
  const signer = createSigner({ accessKeyId: "AK", secretAccessKey: secret })
  expect(markIn(shown(...auths, cache, encrypted, signer), secret)).toBeUndefined()
})
