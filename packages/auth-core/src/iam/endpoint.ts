import { AuthError } from "../errors/auth-error.ts"
import { environmentVariable } from "../runtime/environment.ts"
import { isLoopback } from "../runtime/fetch.ts"

const GLOBAL_IAM_ENDPOINT = "https://iam.myhuaweicloud.com"

export interface EndpointOptions {
  /** Origin, such as `https://iam.ap-southeast-1.myhuaweicloud.com`. */
  endpoint?: string | undefined
  /** The name of the option above, for messages. */
  option: "iamEndpoint" | "stsEndpoint"
  region?: string | undefined
  /** Wins over the environment and the default, unless an endpoint or a region is given. */
  inherited?: string | undefined
  allowInsecure?: boolean | undefined
}

/**
 * The origin to call: the option, else HUAWEICLOUD_SDK_IAM_ENDPOINT or HUAWEICLOUD_SDK_STS_ENDPOINT, else the endpoint
 * of the region, else the global endpoint of IAM. STS has no global endpoint.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed origin or region; `AUTH_INSECURE_URL` for plain http to
 * another machine without `allowInsecure`, since these requests carry passwords and tokens.
 * @see Partner Center FAQ: the endpoint of the region serves project-scoped tokens too
 */
export function resolveEndpoint({
  endpoint,
  option,
  region,
  inherited,
  allowInsecure = false,
}: EndpointOptions): string {
  if (endpoint !== undefined) return checkOrigin(endpoint, `\`${option}\``, allowInsecure)
  if (region === undefined && inherited !== undefined) return inherited
  const service = option === "iamEndpoint" ? "iam" : "sts"
  const variable = `HUAWEICLOUD_SDK_${service.toUpperCase()}_ENDPOINT`
  const fromEnvironment = environmentVariable(variable)
  if (fromEnvironment !== undefined) return checkOrigin(fromEnvironment, variable, allowInsecure)
  if (region !== undefined) return regionalEndpoint(service, region)
  if (service === "iam") return GLOBAL_IAM_ENDPOINT
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `STS has no global endpoint: pass \`region\` or \`stsEndpoint\`, or set ${variable}.`,
  )
}

function regionalEndpoint(service: "iam" | "sts", region: string): string {
  if (typeof region !== "string" || !/^[a-z]+(-[a-z0-9]+)+$/.test(region)) {
    throw new AuthError("AUTH_INVALID_OPTION", '`region` must be a region id such as "ap-southeast-1".')
  }
  return `https://${service}.${region}.myhuaweicloud.${region === "eu-west-101" ? "eu" : "com"}`
}

function checkOrigin(value: unknown, name: string, allowInsecure: boolean): string {
  const url = checkUrl(value, name, allowInsecure ? isAnyHost : isLoopback)
  if (url.href === `${url.origin}/`) return url.origin
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `${name} must be an origin such as "${GLOBAL_IAM_ENDPOINT}": scheme, host and port, without a path or user.`,
  )
}

/**
 * Parses a URL to which secrets may be sent.
 *
 * @param name the name of the option or variable, for messages
 * @param mayBePlain whether a host may be called over plain http
 * @throws {AuthError} `AUTH_INVALID_OPTION` for anything but a URL of http or https; `AUTH_INSECURE_URL`.
 */
export function checkUrl(value: unknown, name: string, mayBePlain: (hostname: string) => boolean): URL {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new AuthError("AUTH_INVALID_OPTION", `${name} must be a URL that starts with https://.`)
  }
  if (url.protocol === "http:" && !mayBePlain(url.hostname)) {
    throw new AuthError(
      "AUTH_INSECURE_URL",
      `${name} is plain http to ${url.host}: secrets would cross the network in clear. Use https, or \`allowInsecure\` in a test.`,
    )
  }
  return url
}

/** This machine, and link-local addresses, at which a cloud serves its machines. No router passes them on. */
export function isMachineLocal(hostname: string): boolean {
  return isLoopback(hostname) || /^169\.254(\.\d{1,3}){2}$/.test(hostname)
}

export function isAnyHost(): boolean {
  return true
}
