import { AuthError, invalidOption } from "../errors/auth-error.ts"
import { type Cloud, checkCloud, hasRegion, huaweiCloud } from "../identity/cloud.ts"
import { environmentVariable } from "../runtime/environment.ts"
import { isLoopback } from "../runtime/fetch.ts"

/** Where IAM or STS is reached. */
export interface EndpointOptions {
  /** Origin, such as `https://iam.ap-southeast-1.myhuaweicloud.com`. */
  endpoint?: string | undefined
  /** The name of the option above, for messages. */
  option: "iamEndpoint" | "stsEndpoint"
  /** A region with an endpoint of its own, such as `ap-southeast-1`. */
  region?: string | undefined
  /** The cloud whose endpoint it is. @default Huawei Cloud */
  cloud?: Cloud | undefined
  /** Wins over the environment and the default, unless an endpoint, a region or a cloud is given. */
  inherited?: string | undefined
  /** Lets secrets cross plain http to hosts other than this machine. @default false */
  allowInsecure?: boolean | undefined
}

/**
 * The origin to call: the option, else HUAWEICLOUD_SDK_IAM_ENDPOINT or HUAWEICLOUD_SDK_STS_ENDPOINT, else the endpoint
 * of the region, else the global endpoint of IAM. STS has no global endpoint. A cloud that is named wins over the variables,
 * since the secrets of one cloud are none of another's business.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed origin, cloud or `allowInsecure`, or a region that the cloud does not have;
 * `AUTH_INSECURE_URL` for plain http to another machine without `allowInsecure`, since these requests carry passwords and
 * tokens.
 * @see Partner Center FAQ: the endpoint of the region serves project-scoped tokens too
 */
export function resolveEndpoint({
  endpoint,
  option,
  region,
  cloud,
  inherited,
  allowInsecure = false,
}: EndpointOptions): string {
  if (typeof allowInsecure !== "boolean") throw invalidOption("`allowInsecure` must be true or false.")
  if (endpoint !== undefined) return checkOrigin(endpoint, `\`${option}\``, allowInsecure)
  if (region === undefined && cloud === undefined && inherited !== undefined) return inherited
  const service = option === "iamEndpoint" ? "iam" : "sts"
  const variable = `HUAWEICLOUD_SDK_${service.toUpperCase()}_ENDPOINT`
  const fromEnvironment = cloud === undefined ? environmentVariable(variable) : undefined
  if (fromEnvironment !== undefined) return checkOrigin(fromEnvironment, variable, allowInsecure)
  return endpointIn(checkCloud(cloud), service, region, cloud === undefined ? `, or set ${variable}` : "")
}

function endpointIn(cloud: Cloud, service: "iam" | "sts", region: string | undefined, elsewhere: string): string {
  const { domain, regions, iamRegion, iamService = service } = cloud
  if (region !== undefined && !hasRegion(cloud, region)) {
    throw invalidOption(
      regions === undefined
        ? '`region` must be a region id such as "ap-southeast-1". If your cloud has others, list its `regions` in `cloud`.'
        : `\`region\` must be a region id of ${domain}: ${regions.join(", ")}. If there are more, list its \`regions\` in \`cloud\`.`,
    )
  }
  const name = service === "iam" ? iamService : service
  const at = region ?? iamRegion
  if (at === undefined) {
    if (service === "iam" && regions === undefined) return `https://${name}.${domain}`
    throw invalidOption(
      `${service.toUpperCase()} has no global endpoint: pass \`region\` or \`${service}Endpoint\`${elsewhere}.`,
    )
  }
  // All tables agree on this rule for Huawei Cloud Europe.
  const isEuropes = domain === huaweiCloud.domain && at.startsWith("eu-west-1")
  return `https://${name}.${at}.${isEuropes ? "myhuaweicloud.eu" : domain}`
}

function checkOrigin(value: unknown, name: string, allowInsecure: boolean): string {
  const url = checkUrl(value, name, allowInsecure ? isAnyHost : isLoopback)
  if (url.href === `${url.origin}/`) return url.origin
  throw invalidOption(
    `${name} must be an origin such as "https://iam.myhuaweicloud.com": scheme, host and port, without a path or user.`,
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
    throw invalidOption(`${name} must be a URL that starts with https://.`)
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
