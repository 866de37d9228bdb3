/** A way to authenticate, as code that defines `auth`. */
export interface Way {
  readonly id: string
  readonly title: string
  /** When to choose it. */
  readonly when: string
  /** The imports of the code from the package of the client. */
  readonly names: readonly string[]
  readonly lines: readonly string[]
  /** Whether the code reads files or the environment on its own, which workers and browsers lack. */
  readonly needsMachine: boolean
}

const PASSWORD = 'const { PARTNER_PASSWORD: password = "" } = process.env'
const TOKEN = [
  PASSWORD,
  'const domain = "partner-account"',
  'const token = passwordToken({ user: "partner-operator", password, domain, scope: { domain } })',
]

export const WAYS: readonly Way[] = [
  {
    id: "aksk",
    title: "AK/SK",
    when: "An access key signs each request. No call to IAM, bodies up to 12 MB.",
    names: ["akskAuth", "envCredentials"],
    lines: [
      "// AK and SK are read from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK.",
      "const auth = akskAuth(envCredentials())",
    ],
    needsMachine: true,
  },
  {
    id: "token",
    title: "Token",
    when: "A user's password gets a token of 24 hours. Bodies of any size.",
    names: ["passwordToken", "tokenAuth"],
    lines: [...TOKEN, "const auth = tokenAuth(token)"],
    needsMachine: false,
  },
  {
    id: "both",
    title: "AK/SK and token",
    when: "The key signs bodies up to 12 MB, the token goes with larger ones.",
    names: ["akskAuth", "autoAuth", "envCredentials", "passwordToken", "tokenAuth"],
    lines: [...TOKEN, "const auth = autoAuth({ aksk: akskAuth(envCredentials()), token: tokenAuth(token) })"],
    needsMachine: true,
  },
  {
    id: "customer",
    title: "Partner for a customer",
    when: "A partner's user acts for one of the partner's customers, through an agency.",
    names: ["partner", "tokenAuth"],
    lines: [
      PASSWORD,
      'const self = partner({ user: "partner-operator", password, domain: "partner-account" })',
      'const customer = self.customerToken({ domain: "customer-1-account", agency: "partner-agency" })',
      "const auth = tokenAuth(customer)",
    ],
    needsMachine: false,
  },
  {
    id: "machine",
    title: "Default credentials",
    when: "The key of the environment, the profile file, the ECS server or the pod, in this order.",
    names: ["akskAuth", "defaultCredentials"],
    lines: ["const auth = akskAuth(defaultCredentials())"],
    needsMachine: true,
  },
]
