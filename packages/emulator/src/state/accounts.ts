import { invalidOption } from "@countersign/auth-core/adapter"
import { checkObject } from "../check-input.ts"
import { issueIdToken } from "./id-token.ts"
import { totp } from "./totp.ts"

/** Something with an id and a name. */
export interface Named {
  /** 32 hex digits, as IAM makes them. */
  readonly id: string
  /** For people, and for sign-in. */
  readonly name: string
}

/** An access key, AK and SK. */
export interface AccessKey {
  /** The AK. */
  readonly accessKeyId: string
  /** The SK. */
  readonly secretAccessKey: string
}

/** A virtual MFA device (RFC 6238). */
export interface Mfa {
  /** Shared with the device, in Base32. */
  readonly secret: string
  /** The code that the device shows now, by the server's clock: read it when it is needed. */
  readonly passcode: string
}

export interface User extends Named {
  /** For sign-in. */
  readonly password: string
  /** A permanent access key. */
  readonly credentials: AccessKey
  /** The user can sign in only with a code of this virtual MFA device. */
  readonly mfa?: Mfa
  /** May sign in to the console only. */
  readonly consoleOnly?: boolean
  /** May do nothing. */
  readonly disabled?: boolean
  /** Has the Agent Operator permission. */
  readonly agentOperator?: boolean
}

/** An app of API Gateway: credentials for APIs that customers publish. `appAuth` takes it as it is. */
export interface App extends Named {
  /** AppKey. */
  readonly key: string
  /** AppSecret. */
  readonly secret: string
  /** AppCode. */
  readonly code: string
  /** It may call no API. */
  readonly unauthorized?: boolean
}

export interface Agency extends Named {
  /** For STS. */
  readonly urn: string
  /** The account that may assume it. */
  readonly trustedDomain: Named
}

/** An account, with what belongs to it. */
export interface Account {
  /** Name and id of the account. */
  readonly domain: Named
  /** One for each region. */
  readonly projects: readonly Named[]
  /** Its IAM users. */
  readonly users: readonly User[]
  /** Who may act for it. */
  readonly agencies: readonly Agency[]
  /** Its apps of API Gateway. */
  readonly apps: readonly App[]
}

/** The partner, with users for every way in which signing in fails. */
export interface Partner extends Account {
  /** An IAM user with the Agent Operator permission. */
  readonly user: User
  /** Another one, without it. */
  readonly plainUser: User
  /** A user whose token needs a passcode. */
  readonly mfaUser: User
  /** A user who may sign in to the console only. */
  readonly consoleOnlyUser: User
  /** A user who is disabled. */
  readonly disabledUser: User
  /** An app that may call every API. */
  readonly app: App
  /** An app that may call no API. */
  readonly unauthorizedApp: App
}

/** A customer of the partner. */
export interface Customer extends Account {
  /** Its administrator. */
  readonly user: User
  /** Trusts the partner. */
  readonly agency: Agency
  /** Trusts another account. */
  readonly foreignAgency: Agency
  /** An app that may call every API. */
  readonly app: App
}

/** An OpenID Connect identity provider that the partner's account trusts. */
export interface IdentityProvider {
  /** Its name in IAM. */
  readonly id: string
  /** URL of the issuer in its id tokens. */
  readonly issuer: string
  /** Id of the client for which id tokens are issued. */
  readonly audience: string
  /** The key of its signatures, by HMAC-SHA256. */
  readonly secret: string
  /** A new id token at each reading, valid for an hour of the server's clock. */
  readonly idToken: string
}

/** A customer to add. */
export interface NewCustomer {
  /**
   * A letter, then up to 31 letters, digits or hyphens. The names of its account, user and app begin with it.
   *
   * @default "customer-4" and so on
   */
  name?: string | undefined
}

/** The accounts to authenticate with. */
export interface Accounts {
  /** The partner of Partner Center. */
  readonly partner: Partner
  /** Three at the start. */
  readonly customers: readonly [Customer, Customer, Customer, ...Customer[]]
  /** Issues id tokens for federated sign-in. */
  readonly identityProvider: IdentityProvider
  /** The machine of the metadata service, and the pod, which run under an agency. */
  readonly machine: { readonly podToken: string }
  /**
   * Adds a customer of the partner: an account with a user, two agencies and an app, all named after it: the account of
   * `acme` is `acme-account`, its user `acme-admin`, its app `acme-app`.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION` for a name that is taken or malformed
   */
  addCustomer(customer?: NewCustomer): Customer
}

/** A letter, then up to 31 letters, digits or hyphens. */
const CUSTOMER_NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

/**
 * The same accounts at every start, so that they can be written into a configuration.
 *
 * @param now the server's clock, epoch ms
 * @param onAdded called with each customer that is added later
 */
export function sampleAccounts(now: () => number, onAdded: (customer: Customer) => void = () => undefined): Accounts {
  const partnerDomain = named("partner", "partner-account")
  const user = (name: string, traits: Partial<User> = {}): User => ({
    ...named(`user-${name}`, name),
    password: `password-of-${name}-1!`,
    credentials: accessKey(name),
    ...traits,
  })
  const operator = user("partner-operator", { agentOperator: true })
  const plainUser = user("partner-viewer")
  const mfaUser = user("partner-mfa", { agentOperator: true, mfa: mfaDevice(now) })
  const consoleOnlyUser = user("partner-console", { consoleOnly: true })
  const disabledUser = user("partner-former", { disabled: true })
  const [app, unauthorizedApp] = [appNamed("partner-app"), { ...appNamed("partner-stray-app"), unauthorized: true }]
  const customerNamed = (name: string): Customer => customer(name, partnerDomain, user)
  const customers: [Customer, Customer, Customer, ...Customer[]] = [
    customerNamed("customer-1"),
    customerNamed("customer-2"),
    customerNamed("customer-3"),
  ]
  return {
    partner: {
      domain: partnerDomain,
      projects: projectsOf("partner"),
      agencies: [],
      users: [operator, plainUser, mfaUser, consoleOnlyUser, disabledUser],
      user: operator,
      plainUser,
      mfaUser,
      consoleOnlyUser,
      disabledUser,
      apps: [app, unauthorizedApp],
      app,
      unauthorizedApp,
    },
    customers,
    identityProvider: identityProvider(now),
    machine: { podToken: "pod-authorization-token" },
    addCustomer(asked = {}) {
      checkObject("customer", asked, "{ name }")
      const { name = freeName(customers) } = asked
      if (typeof name !== "string" || !CUSTOMER_NAME.test(name)) {
        throw invalidOption("The name of a customer is a letter, then up to 31 letters, digits or hyphens.")
      }
      const added = customerNamed(name)
      const isTaken = [partnerDomain, ...customers.map(({ domain }) => domain)].some(
        (domain) => domain.name === added.domain.name,
      )
      if (isTaken) throw invalidOption(`There is an account ${added.domain.name} already.`)
      customers.push(added)
      onAdded(added)
      return added
    },
  }
}

function identityProvider(now: () => number): IdentityProvider {
  const provider = {
    id: "corporate-idp",
    issuer: "https://login.example.com",
    audience: "huawei-cloud",
    secret: hexOf("corporate-idp/secret"),
  }
  return {
    ...provider,
    get idToken() {
      const iat = Math.floor(now() / 1_000)
      const claims = { iss: provider.issuer, aud: provider.audience, sub: "alice", iat, exp: iat + 3_600 }
      return issueIdToken(claims, provider.secret)
    },
  }
}

function mfaDevice(now: () => number): Mfa {
  // The first 16 letters of Base32 stand for the hex digits.
  const secret = hexOf("partner-mfa/device").replace(/./g, (digit) =>
    "ABCDEFGHIJKLMNOP".charAt(Number.parseInt(digit, 16)),
  )
  return {
    secret,
    get passcode() {
      return totp(secret, now())
    },
  }
}

function freeName(customers: readonly Customer[]): string {
  const names = new Set(customers.map(({ domain }) => domain.name))
  for (let number = customers.length + 1; ; number++) {
    if (!names.has(`customer-${number}-account`)) return `customer-${number}`
  }
}

function customer(name: string, partnerDomain: Named, user: (name: string) => User): Customer {
  const domain = named(name, `${name}-account`)
  const own = user(`${name}-admin`)
  const agencyFor = (trustedDomain: Named, agencyName: string): Agency => ({
    ...named(`${agencyName}-${name}`, agencyName),
    urn: `iam::${domain.id}:agency:${agencyName}`,
    trustedDomain,
  })
  const agency = agencyFor(partnerDomain, "partner-agency")
  const foreignAgency = agencyFor(named("auditor", "auditor-account"), "auditor-agency")
  const agencies = [agency, foreignAgency]
  const app = appNamed(`${name}-app`)
  const members = { users: [own], agencies, apps: [app], user: own, agency, foreignAgency, app }
  return { domain, projects: projectsOf(name), ...members }
}

function appNamed(name: string): App {
  return {
    ...named(`app-${name}`, name),
    key: hexOf(`${name}/key`),
    secret: hexOf(`${name}/secret`),
    code: `${hexOf(`${name}/code`)}${hexOf(`${name}/code-end`)}`,
  }
}

function projectsOf(account: string): Named[] {
  return ["cn-north-4", "ap-southeast-1"].map((region) => named(`project-${account}-${region}`, region))
}

function named(seed: string, name: string): Named {
  return { id: hexOf(seed), name }
}

function accessKey(seed: string): AccessKey {
  return {
    accessKeyId: `AK${hexOf(seed).slice(0, 18).toUpperCase()}`,
    secretAccessKey: `${hexOf(`${seed}/secret`)}${hexOf(`${seed}/key`)}`.slice(0, 40),
  }
}

/** 32 hex digits, the form that ids have. */
function hexOf(seed: string): string {
  let state = 0x811c9dc5
  let text = ""
  for (let round = 0; text.length < 32; round++) {
    for (const character of `${seed}#${round}`) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
    text += (state >>> 0).toString(16).padStart(8, "0")
  }
  return text
}
