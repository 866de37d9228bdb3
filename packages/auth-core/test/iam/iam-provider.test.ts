import { describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { TokenCache } from "../../src/cache/token-cache.ts"
import { assumeAgencyCredentials } from "../../src/credentials/assume-agency-credentials.ts"
import { chain, defaultCredentials } from "../../src/credentials/chain.ts"
import { envCredentials } from "../../src/credentials/env-credentials.ts"
import { profileCredentials } from "../../src/credentials/profile-credentials.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import {
  agencyCredentials,
  federatedCredentials,
  tokenCredentials,
} from "../../src/credentials/temporary-credentials.ts"
import { metadataCredentials, podCredentials } from "../../src/credentials/workload-credentials.ts"
import type { Credentials, Token } from "../../src/identity/credentials.ts"
import type { CredentialProvider, TokenProvider } from "../../src/identity/provider.ts"
import { partner } from "../../src/partner/partner.ts"
import { agencyToken, federatedToken } from "../../src/tokens/exchanged-token.ts"
import { passwordToken } from "../../src/tokens/password-token.ts"
import { staticToken } from "../../src/tokens/static-token.ts"
import { localIam, rejectionOf, thrownBy } from "./local-iam.ts"

const key: Credentials = { accessKeyId: "AK", secretAccessKey: "s3cret-key" }
const token: Token = { value: "s3cret-token", issuedAt: 0, expiresAt: Date.UTC(2100) }
const agency = { agency: "a", domain: "d" }
const password = { user: "u", password: "s3cret-password", domain: "d" }

const tokenProviders: [string, TokenProvider][] = [
  ["passwordToken", passwordToken({ ...password, scope: { domain: "d" } })],
  ["agencyToken", agencyToken({ via: staticToken(token), ...agency })],
  ["federatedToken", federatedToken({ idpId: "i", idToken: "t" })],
  ["staticToken", staticToken(token)],
  ["partner().token", partner(password).token],
  ["partner().customerToken", partner(password).customerToken(agency)],
]
const credentialProviders: [string, CredentialProvider][] = [
  ["envCredentials", envCredentials()],
  ["profileCredentials", profileCredentials()],
  ["metadataCredentials", metadataCredentials()],
  ["podCredentials", podCredentials()],
  ["defaultCredentials", defaultCredentials()],
  ["chain", chain(async () => key)],
  ["staticCredentials", staticCredentials(key)],
  ["federatedCredentials", federatedCredentials({ idpId: "i", idToken: "t" })],
  ["tokenCredentials", tokenCredentials({ via: staticToken(token) })],
  ["agencyCredentials", agencyCredentials({ via: staticToken(token), ...agency })],
  [
    "assumeAgencyCredentials",
    assumeAgencyCredentials({ via: staticCredentials(key), agencyUrn: "u", sessionName: "s", region: "cn-north-4" }),
  ],
  ["partner().customerCredentials", partner(password).customerCredentials(agency)],
]

/** Functions that need tokens, and functions that need keys, each with the wrong kind of `via`. */
const needToken = (via: unknown, iamEndpoint?: string): CredentialProvider[] => {
  const options = { via: via as TokenProvider, iamEndpoint, allowInsecure: true }
  return [agencyToken({ ...options, ...agency }) as unknown as CredentialProvider]
}
const needKeys = (via: unknown, stsEndpoint = "https://sts.example.com"): CredentialProvider =>
  assumeAgencyCredentials({ via: via as CredentialProvider, agencyUrn: "u", sessionName: "s", stsEndpoint })

describe("our own provider in the wrong place is refused at construction", () => {
  it.each(credentialProviders)("%s in place of a token", (_, via) => {
    const error = thrownBy(() => agencyToken({ via: via as unknown as TokenProvider, ...agency }), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toMatch(/`via`.*a token.*yields an access key/)
  })

  it.each(tokenProviders)("%s in place of keys", (_, via) => {
    const wrong = via as unknown as CredentialProvider
    const uses = [() => needKeys(via), () => chain(envCredentials(), wrong)]
    for (const use of uses) expect(thrownBy(use, "s3cret").code).toBe("AUTH_INVALID_OPTION")
    expect(thrownBy(uses[0] as () => unknown).message).toMatch(/`via`.*an access key.*yields a token/)
  })

  it.each([...credentialProviders, ...tokenProviders])(
    "but %s may ask for temporary keys, its own or an agency's",
    (_, via) => {
      expect(() => tokenCredentials({ via: via as TokenProvider })).not.toThrow()
      expect(() => agencyCredentials({ via: via as TokenProvider, ...agency })).not.toThrow()
    },
  )
})

describe("a caller's function with the wrong kind of value is refused at first use, before anything is sent", () => {
  it("keys in place of a token, also through a cache", async () => {
    const iam = await localIam()
    for (const provider of needToken(async () => key, iam.url)) {
      for (const asked of [provider(), Promise.resolve(new TokenCache().get(provider))]) {
        const error = await rejectionOf(asked, "s3cret")
        expect(error.code).toBe("AUTH_INVALID_OPTION")
        expect(error.message).toMatch(/`via`.*a token.*yields an access key/)
      }
    }
    const auth = tokenAuth((async () => key) as never)
    const attempt = { method: "GET", url: iam.url, headers: {}, body: null }
    expect((await rejectionOf(Promise.resolve(auth.authenticate(attempt)), "s3cret")).code).toMatch(/^AUTH_/)
    expect(iam.arrivals).toEqual([])
  })

  it("a token in place of keys", async () => {
    const iam = await localIam()
    const provider = needKeys(async () => token, iam.url)
    for (const asked of [provider(), Promise.resolve(new TokenCache().get(provider))]) {
      const error = await rejectionOf(asked, "s3cret")
      expect(error.code).toBe("AUTH_INVALID_OPTION")
      expect(error.message).toMatch(/an access key.*yields a token/)
    }
    const auth = akskAuth((async () => token) as never)
    const attempt = { method: "GET", url: iam.url, headers: {}, body: null }
    expect((await rejectionOf(Promise.resolve(auth.authenticate(attempt)), "s3cret")).code).toMatch(/^AUTH_/)
    expect(iam.arrivals).toEqual([])
  })

  it.each([undefined, null, "token", {}, { value: 7 }, { accessKeyId: "AK" }])(
    "%o, which is neither",
    async (value) => {
      const iam = await localIam()
      const via = async (): Promise<never> => value as never
      const all = [
        ...needToken(via, iam.url),
        needKeys(via, iam.url),
        agencyCredentials({ via, ...agency, iamEndpoint: iam.url }),
      ]
      for (const provider of all) expect((await rejectionOf(provider())).code).toBe("AUTH_CREDENTIALS_MISSING")
      expect(iam.arrivals).toEqual([])
    },
  )

  it.each(["s3cret\nx-other: 1", "s3crét"])("a token that no header can hold: %j", async (value) => {
    const iam = await localIam()
    for (const provider of needToken(async () => ({ ...token, value }), iam.url)) {
      expect((await rejectionOf(provider(), "s3cr")).code).toBe("AUTH_INVALID_CREDENTIALS")
    }
    expect(iam.arrivals).toEqual([])
  })
})
