import { randomBytes } from "node:crypto"
import { invalidOption } from "@countersign/auth-core/adapter"
import type { Account, Accounts, Agency, Named, User } from "./accounts.ts"

/** Somebody who calls. */
export interface Principal {
  readonly account: Account
  /** The user, the agency that acts for one, or the app. */
  readonly user: Named & { readonly agentOperator?: boolean }
  /** The one who assumed the agency. */
  readonly assumedBy?: Principal
}

export interface IssuedToken {
  readonly value: string
  readonly principal: Principal
  readonly methods: readonly string[]
  readonly project?: Named
  /** The scope is the whole account. */
  readonly domainScoped: boolean
  readonly issuedAt: number
  readonly expiresAt: number
  revoked: boolean
}

export interface IssuedKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Belongs to a temporary key. */
  readonly securityToken?: string
  readonly expiresAt?: number
  readonly principal: Principal
}

/** An app, as the key that it signs with. */
export interface IssuedApp extends IssuedKey {
  readonly isUnauthorized: boolean
}

export interface Identities {
  readonly accounts: readonly Account[]
  /** Admits an account, its users and their keys. */
  admit(account: Account): void
  account(named: { id?: string | undefined; name?: string | undefined }): Account | undefined
  user(
    by: { id?: string | undefined; name?: string | undefined },
    account: Account | undefined,
  ): { user: User; account: Account } | undefined
  agencyByUrn(urn: string): { agency: Agency; account: Account } | undefined
  /** @param grant.expiresAt 24 hours from now by default */
  issueToken(
    grant: Pick<IssuedToken, "principal" | "methods" | "project" | "domainScoped"> & { expiresAt?: number },
  ): IssuedToken
  token(value: string): IssuedToken | undefined
  issueKey(principal: Principal, durationMs: number): IssuedKey
  key(accessKeyId: string): IssuedKey | undefined
  /** An app, by its AppKey. */
  app(key: string): IssuedApp | undefined
  appByCode(code: string): IssuedApp | undefined
  revokeTokens(which: (token: IssuedToken) => boolean): void
  /** Replaces an access key, which is unknown from then on. */
  rotateKey(accessKeyId: string): IssuedKey
  revokeKey(accessKeyId: string): void
  hasPassword(user: User, password: string | undefined): boolean
  /** The user's tokens end with the old password. */
  changePassword(user: Pick<Named, "id">, password: string): void
  isDisabled(user: Pick<Named, "id">): boolean
  /** Keys and tokens of a disabled user are refused until it is enabled again. */
  setDisabled(user: Pick<Named, "id">, disabled: boolean): void
}

const DAY = 86_400_000

export function createIdentities({ partner, customers }: Accounts, now: () => number): Identities {
  const accounts: Account[] = []
  const tokens = new Map<string, IssuedToken>()
  const keys = new Map<string, IssuedKey>()
  const apps = new Map<string, IssuedApp>()
  const codes = new Map<string, IssuedApp>()
  const passwords = new Map<string, string>()
  const disabled = new Set<string>()
  const admit = (account: Account): void => {
    accounts.push(account)
    for (const user of account.users) {
      keys.set(user.credentials.accessKeyId, { ...user.credentials, principal: { account, user } })
      passwords.set(user.id, user.password)
      if (user.disabled === true) disabled.add(user.id)
    }
    for (const { id, name, key, secret, code, unauthorized = false } of account.apps) {
      const principal = { account, user: { id, name } }
      const app = { accessKeyId: key, secretAccessKey: secret, principal, isUnauthorized: unauthorized }
      apps.set(key, app)
      codes.set(code, app)
    }
  }
  for (const account of [partner, ...customers]) admit(account)
  const addKey = (key: IssuedKey): IssuedKey => {
    keys.set(key.accessKeyId, key)
    return key
  }
  const revokeTokens = (which: (token: IssuedToken) => boolean): void => {
    for (const token of tokens.values()) if (which(token)) token.revoked = true
  }
  return {
    accounts,
    admit,
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
      const token = { expiresAt: issuedAt + DAY, ...grant, value, issuedAt, revoked: false }
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
      }),
    key: (accessKeyId) => keys.get(accessKeyId),
    app: (key) => apps.get(key),
    appByCode: (code) => codes.get(code),
    revokeTokens,
    rotateKey(accessKeyId) {
      const old = keys.get(accessKeyId)
      if (old === undefined) throw invalidOption(`There is no access key ${accessKeyId} to rotate.`)
      keys.delete(accessKeyId)
      return addKey({
        ...old,
        accessKeyId: `AK${randomBytes(9).toString("hex").toUpperCase()}`,
        secretAccessKey: randomBytes(20).toString("hex"),
      })
    },
    revokeKey(accessKeyId) {
      if (!keys.delete(accessKeyId)) throw invalidOption(`There is no access key ${accessKeyId} to revoke.`)
    },
    hasPassword: (user, password) => password !== undefined && passwords.get(user.id) === password,
    changePassword({ id }, password) {
      if (!passwords.has(id)) throw invalidOption(`There is no user with the id ${id}.`)
      passwords.set(id, password)
      revokeTokens(({ principal }) => principal.user.id === id)
    },
    isDisabled: ({ id }) => disabled.has(id),
    setDisabled({ id }, isDisabled) {
      if (!passwords.has(id)) throw invalidOption(`There is no user with the id ${id}.`)
      if (isDisabled) disabled.add(id)
      else disabled.delete(id)
    },
  }
}

function is(one: Named, { id, name }: { id?: string | undefined; name?: string | undefined }): boolean {
  return id === undefined ? name === one.name : id === one.id
}
