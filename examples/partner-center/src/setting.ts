import { startEmulator } from "@countersign/emulator"
import type { Credentials } from "@countersign/fetch"

/** The endpoints and the identity of the demo. */
export interface Setting {
  readonly name: string
  readonly iamEndpoint: string
  /** Base URL of Partner Center. */
  readonly endpoint: string
  readonly user: string
  readonly password: string
  /** The partner's account. */
  readonly domain: string
  readonly customer: { readonly domain: string; readonly agency: string }
  readonly credentials: Credentials
  /** A URL that accepts a large body, if there is one. */
  readonly uploadPath: string | undefined
  /** The number of calls to IAM so far; `undefined` if it is unknown. */
  iamCalls(): number | undefined
  close(): Promise<void>
}

/** A local Huawei Cloud with its sample accounts. */
export async function emulatedSetting(): Promise<Setting> {
  const { url, accounts, stats, close } = await startEmulator()
  const { partner, customers } = accounts
  const [customer] = customers
  return {
    name: `the emulator at ${url}`,
    iamEndpoint: url,
    endpoint: url,
    user: partner.user.name,
    password: partner.user.password,
    domain: partner.domain.name,
    customer: { domain: customer.domain.name, agency: customer.agency.name },
    credentials: partner.user.credentials,
    uploadPath: "/v1/upload",
    iamCalls: () => stats.iamCalls,
    close,
  }
}

/** The environment variables of a live run, and their meaning. */
export const LIVE_VARIABLES = {
  PARTNER_USER: "an IAM user of the partner's account",
  PARTNER_PASSWORD: "the password of that user",
  PARTNER_DOMAIN: "the name of the partner's account",
  CUSTOMER_DOMAIN: "the name of a customer's account",
  CUSTOMER_AGENCY: "an agency in it that trusts the partner",
  HUAWEICLOUD_SDK_AK: "an access key of the partner",
  HUAWEICLOUD_SDK_SK: "its secret key",
} as const

type LiveVariable = keyof typeof LIVE_VARIABLES

/** The variables of a live run that are not set. */
export function missingVariables(env: NodeJS.ProcessEnv): LiveVariable[] {
  return (Object.keys(LIVE_VARIABLES) as LiveVariable[]).filter((name) => !env[name])
}

/** The real endpoints, with credentials from the environment. */
export function liveSetting(env: NodeJS.ProcessEnv): Setting {
  const variable = (name: LiveVariable): string => env[name] ?? ""
  return {
    name: "the real endpoints",
    iamEndpoint: env.HUAWEICLOUD_SDK_IAM_ENDPOINT ?? "https://iam.myhuaweicloud.com",
    endpoint: env.PARTNER_CENTER_ENDPOINT ?? "https://bss-intl.myhuaweicloud.com",
    user: variable("PARTNER_USER"),
    password: variable("PARTNER_PASSWORD"),
    domain: variable("PARTNER_DOMAIN"),
    customer: { domain: variable("CUSTOMER_DOMAIN"), agency: variable("CUSTOMER_AGENCY") },
    credentials: { accessKeyId: variable("HUAWEICLOUD_SDK_AK"), secretAccessKey: variable("HUAWEICLOUD_SDK_SK") },
    uploadPath: undefined,
    iamCalls: () => undefined,
    close: async () => undefined,
  }
}
