import { randomBytes } from "node:crypto"
import type { Account, Accounts, Agency, Named, User } from "./accounts.ts"

/** Who acts. */
export interface Principal {
  readonly account: Account
  /** The user, or the agency that acts for one. */
  readonly user: Named & { readonly agentOperator?: boolean }
  /** Who assumed the agency. */
  readonly assumedBy?: Principal
}

export interface IssuedToken {
  readonly value: string
  readonly principal: Principal
  readonly methods: readonly string[]
  readonly project?: Named
  /** Scope is the whole account. */
  readonly domainScoped: boolean
  readonly issuedAt: number
  readonly expiresAt: number
  revoked: boolean
}

export interface IssuedKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Goes with a temporary key. */
  readonly securityToken?: string
  readonly expiresAt?: number
  readonly principal: Principal
  enabled: boolean
}

export interface Identities {
  readonly accounts: readonly Account[]
  account(named: { id?: string | undefined; name?: string | undefined }): Account | undefined
  user(
    by: { id?: string | undefined; name?: string | undefined },
    account: Account | undefined,
  ): { user: User; account: Account } | undefined
  agencyByUrn(urn: string): { agency: Agency; account: Account } | undefined
  issueToken(grant: Pick<IssuedToken, "principal" | "methods" | "project" | "domainScoped">): IssuedToken
  token(value: string): IssuedToken | undefined
  issueKey(principal: Principal, durationMs: number): IssuedKey
  key(accessKeyId: string): IssuedKey | undefined
  revokeTokens(which: "all" | string): void
  /** Gives a user another secret key under another id, or takes the key away; the old one is unknown from then on. */
  rotateKey(accessKeyId: string): IssuedKey
}

const DAY = 86_400_000

export function createIdentities({ partner, customers }: Accounts, now: () => number): Identities {
  const accounts: readonly Account[] = [partner, ...customers]
  const tokens = new Map<string, IssuedToken>()
  const keys = new Map<string, IssuedKey>()
  for (const account of accounts) {
    for (const user of account.users) {
      keys.set(user.credentials.accessKeyId, {
        ...user.credentials,
        principal: { account, user },
        enabled: user.disabled !== true,
      })
    }
  }
  const addKey = (key: IssuedKey): IssuedKey => {
    keys.set(key.accessKeyId, key)
    return key
  }
  return {
    accounts,
    account: (named) => accounts.find(({ domain }) => is(domain, named)),
    user(by, account) {
      for (const candidate of account === undefined ? accounts : [account]) {
        const user = candidate.users.find((one) => is(one, by))
        if (user !== undefined) return { user, account: candidate }
      }
      return undefined
    },
    agencyByUrn(urn) {
      for (const account of accounts) {
        const agency = account.agencies.find((one) => one.urn === urn)
        if (agency !== undefined) return { agency, account }
      }
      return undefined
    },
    issueToken(grant) {
      const issuedAt = now()
      const value = `MII${randomBytes(1_500).toString("base64url")}`
      const token = { ...grant, value, issuedAt, expiresAt: issuedAt + DAY, revoked: false }
      tokens.set(value, token)
      return token
    },
    token: (value) => tokens.get(value),
    issueKey: (principal, durationMs) =>
      addKey({
        accessKeyId: `HST${randomBytes(9).toString("hex").toUpperCase()}`,
        secretAccessKey: randomBytes(20).toString("hex"),
        securityToken: `ggp${randomBytes(300).toString("base64url")}`,
        expiresAt: now() + durationMs,
        principal,
        enabled: true,
      }),
    key: (accessKeyId) => keys.get(accessKeyId),
    revokeTokens(which) {
      for (const token of tokens.values()) {
        if (which === "all" || token.value === which) token.revoked = true
      }
    },
    rotateKey(accessKeyId) {
      const old = keys.get(accessKeyId)
      if (old === undefined) throw new RangeError(`There is no access key ${accessKeyId} to rotate.`)
      keys.delete(accessKeyId)
      return addKey({
        ...old,
        accessKeyId: `AK${randomBytes(9).toString("hex").toUpperCase()}`,
        secretAccessKey: randomBytes(20).toString("hex"),
      })
    },
  }
}

function is(one: Named, { id, name }: { id?: string | undefined; name?: string | undefined }): boolean {
  return id === undefined ? name === one.name : id === one.id
}
