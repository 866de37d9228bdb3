import { setTimeout as sleep } from "node:timers/promises"
import { type Token, TokenCache, type TokenProvider, tokenAuth } from "@countersign/auth-core"
import { createAppAuth } from "@octokit/auth-app"
import { OAuth2Client } from "google-auth-library"
import { get } from "./example-request.ts"
import { awaited, interleaved, median, ratio } from "./rounds.ts"
import { type Part, type Row, time } from "./row.ts"

const HOUR_MS = 3_600_000
const VALUE = "t".repeat(1_500)

/** A token that is there, and ten thousand that ask for one that is not. */
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
  const samples = await interleaved(
    {
      map: awaited(fromMap),
      cache: awaited(() => cache.get(provider)),
      auth: awaited(() => auth.authenticate(attempt)),
      azure: awaited(() => azure("scope", {})),
      google: awaited(() => google.getRequestHeaders()),
      octokit: awaited(() => octokit({ type: "installation" })),
    },
    { rounds: quick ? 31 : 151 },
  )
  const row = (id: string, what: string, name: keyof typeof samples, target?: Row["target"]): Row => ({
    id,
    what,
    against: "a Map read with an expiry check, awaited",
    value: ratio(samples, name, "map"),
    unit: "x",
    target,
    detail: time(median(samples[name])),
  })
  return {
    rows: [
      row("token-cached", "a cached token, TokenCache", "cache", { atMost: 3 }),
      row("token-auth", "a cached token, as headers from tokenAuth", "auth", { atMost: 3 }),
      row("token-azure", "@azure/core-rest-pipeline's token cycler", "azure"),
      row("token-google", "google-auth-library getRequestHeaders", "google"),
      row("token-octokit", "@octokit/auth-app, installation token", "octokit"),
      ...(await coldReads(quick ? 5 : 15)),
    ],
  }
}

async function coldReads(rounds: number): Promise<Row[]> {
  const delayMs = 500
  const upstream: number[] = []
  const ours: number[] = []
  let calls = 0
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now()
    await sleep(delayMs)
    upstream.push(performance.now() - begun)
    const provider: TokenProvider = async () => {
      calls++
      await sleep(delayMs)
      return { value: VALUE, issuedAt: Date.now(), expiresAt: Date.now() + HOUR_MS }
    }
    const auth = tokenAuth(provider)
    const from = performance.now()
    await Promise.all(Array.from({ length: 10_000 }, () => auth.authenticate({ ...get, body: null })))
    ours.push(performance.now() - from)
  }
  const took = median(ours) / median(upstream)
  return [
    {
      id: "cold-calls",
      what: "10,000 concurrent cold reads, upstream calls",
      against: "per 10,000 reads",
      value: calls / rounds,
      unit: "calls",
      target: { atMost: 1 },
    },
    {
      id: "cold-time",
      what: "10,000 concurrent cold reads, until all are answered",
      against: `the upstream delay, ${delayMs} ms`,
      value: took,
      unit: "x",
      target: { atMost: 1.2 },
      detail: `${(median(ours) - median(upstream)).toFixed(1)} ms more`,
    },
  ]
}

/** A file that a package does not export, beside the one it does. */
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

/** As much of GitHub as an installation token needs. */
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
