import { type Token, TokenCache, type TokenProvider, tokenAuth } from "@countersign/auth-core"
import { createAppAuth } from "@octokit/auth-app"
import { OAuth2Client } from "google-auth-library"
import { coldReads } from "./cold-reads.ts"
import { comparing } from "./compare.ts"
import { get } from "./example-request.ts"
import { awaited, interleaved } from "./rounds.ts"
import type { Part } from "./row.ts"
import { storeCalls } from "./store-calls.ts"

const HOUR_MS = 3_600_000
const VALUE = "t".repeat(1_500)

/** Measures a cached token, and ten thousand callers of a token that is not cached. */
export const cachedTokens: Part = async ({ quick }) => {
  const expiresAt = Date.now() + 24 * HOUR_MS
  const token: Token = { value: VALUE, issuedAt: Date.now(), expiresAt }
  const byKey = new Map([["identity", token]])
  const fromMap = (): Token | undefined => {
    const found = byKey.get("identity")
    return found !== undefined && found.expiresAt > Date.now() ? found : undefined
  }
  const provider: TokenProvider = Object.assign(async () => token, { identityKey: "identity" })
  const cache = new TokenCache()
  const auth = tokenAuth(provider)
  const attempt = { ...get, body: null }
  const { createTokenCycler } = (await import(beside("@azure/core-rest-pipeline", "util/tokenCycler.js"))) as {
    createTokenCycler(credential: object): (scopes: string, options: object) => Promise<unknown>
  }
  const azure = createTokenCycler({ getToken: async () => ({ token: VALUE, expiresOnTimestamp: expiresAt }) })
  const google = new OAuth2Client()
  google.setCredentials({ access_token: VALUE, expiry_date: expiresAt })
  const octokit = createAppAuth({
    appId: 1,
    privateKey: await privateKey(),
    installationId: 1,
    request: github(expiresAt),
  })
  const row = comparing(
    await interleaved(
      {
        map: awaited(fromMap),
        cache: awaited(() => cache.get(provider)),
        auth: awaited(() => auth.authenticate(attempt)),
        azure: awaited(() => azure("scope", {})),
        google: awaited(() => google.getRequestHeaders()),
        octokit: awaited(() => octokit({ type: "installation" })),
      },
      { rounds: quick ? 31 : 151 },
    ),
  )
  const target = { atMost: 3 }
  const against = "a Map read with an expiry check, awaited"
  return {
    rows: [
      row("cache", "map", { id: "token-cached", what: "a cached token, TokenCache", against, target }),
      row("auth", "map", { id: "token-auth", what: "the same as headers, tokenAuth", against, target }),
      row("azure", "map", { id: "token-azure", what: "the token cycler of @azure/core-rest-pipeline", against }),
      row("google", "map", { id: "token-google", what: "getRequestHeaders of google-auth-library", against }),
      row("octokit", "map", { id: "token-octokit", what: "an installation token of @octokit/auth-app", against }),
      await storeCalls(),
      ...(await coldReads(quick ? 3 : 15)),
    ],
  }
}

/** A file of a package beside its exported one. */
function beside(name: string, path: string): string {
  return new URL(path, import.meta.resolve(name)).href
}

async function privateKey(): Promise<string> {
  const { generateKeyPairSync } = await import("node:crypto")
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey
}

/** The part of GitHub's API that an installation token needs. */
function github(expiresAt: number) {
  const data = {
    token: VALUE,
    expires_at: new Date(expiresAt).toISOString(),
    permissions: {},
    repository_selection: "all",
  }
  const request = async (): Promise<object> => ({ status: 201, headers: {}, data })
  return Object.assign(request, { endpoint: { DEFAULTS: { baseUrl: "https://api.github.com" } } }) as never
}
