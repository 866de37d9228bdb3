import {
  type Cloud,
  checkCloud,
  hasGlobalIam,
  hasRegion,
  huaweiCloud,
  type IamFetch,
  type IamReach,
} from "../cloud/cloud.ts"
import { AuthError, invalidOption } from "../errors/auth-error.ts"
import { type Clock, LONGEST_TIMER_MS, systemClock } from "../runtime/clock.ts"
import { environmentVariable } from "../runtime/environment.ts"
import { isLoopback } from "../runtime/http.ts"

/** The way to IAM. A provider built on another one (`via`) inherits the options that it does not set. */
export interface IamOptions {
  /**
   * Origin of IAM, such as `https://iam.ap-southeast-1.myhuaweicloud.com`.
   * @default that of `via`, else HUAWEICLOUD_SDK_IAM_ENDPOINT, else that of `region`, else
   * `https://iam.myhuaweicloud.com`
   */
  iamEndpoint?: string | undefined
  /** The region whose IAM is called, such as `ap-southeast-1`. */
  region?: string | undefined
  /**
   * The cloud whose IAM is called: a preset such as `openTelekomCloud`, or `{ domain }`. It wins over
   * HUAWEICLOUD_SDK_IAM_ENDPOINT.
   * @default that of `via`, else Huawei Cloud
   */
  cloud?: Cloud | undefined
  /** Makes the round trips, for instance through a proxy. @default the global fetch */
  fetch?: IamFetch | undefined
  /** The longest that one round trip may take, milliseconds of real time. @default 10_000 */
  timeoutMs?: number | undefined
  /** Allows plain http to other machines, which exposes the secrets. @default false */
  allowInsecure?: boolean | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

/** {@link IamOptions}, checked, with every default filled in. */
export interface IamConnection {
  readonly endpoint: string
  /** An option names the endpoint, directly, by a region or through `via`; not the environment or the default. */
  readonly isNamed?: boolean | undefined
  /** Secrets may cross the network in clear, so a proxy may read them too. */
  readonly allowInsecure?: boolean | undefined
  /** The cloud of the options, else the cloud of `via`. */
  readonly cloud?: Cloud | undefined
  readonly fetch: IamFetch | undefined
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Resolves all options once, at construction of a provider.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL`
 */
export function iamConnection(options: IamOptions, via?: IamConnection): IamConnection {
  const { iamEndpoint, region } = options
  // A region alone is one of the cloud of `via`.
  const cloud = options.cloud === undefined && region !== undefined ? via?.cloud : options.cloud
  const inherits = region === undefined && cloud === undefined
  return {
    ...transportOf(options, via),
    endpoint: resolveEndpoint({
      endpoint: iamEndpoint,
      option: "iamEndpoint",
      region,
      cloud,
      inherited: via?.endpoint,
      allowInsecure: options.allowInsecure,
    }),
    allowInsecure: options.allowInsecure ?? via?.allowInsecure ?? false,
    cloud: cloud ?? via?.cloud,
    isNamed: namedEndpoint({ iamEndpoint, region, cloud }) !== undefined || (inherits && via?.isNamed === true),
  }
}

/**
 * The endpoint that the options name, directly, by a region or by a cloud; `undefined` if the environment or the default
 * decides, or if the cloud needs a region and none is given.
 */
export function namedEndpoint(options: IamOptions): string | undefined {
  const { iamEndpoint, region, cloud } = options
  if (iamEndpoint !== undefined) return iamEndpoint
  const isByDefault = region === undefined || environmentVariable("HUAWEICLOUD_SDK_IAM_ENDPOINT") !== undefined
  if (cloud === undefined ? isByDefault : region === undefined && !hasGlobalIam(checkCloud(cloud))) return undefined
  return resolveEndpoint({ option: "iamEndpoint", region, cloud })
}

/** The options of a source. If they do not say where IAM is, those of the calling auth fill the gaps. */
export function reachedBy<O extends IamOptions>(options: O, asking: IamReach | undefined): O {
  if (options.iamEndpoint !== undefined || options.region !== undefined || options.cloud !== undefined) return options
  const own = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.assign({}, options, asking, Object.fromEntries(own))
}

/** The way to STS. */
export interface StsOptions extends Omit<IamOptions, "iamEndpoint"> {
  /**
   * Origin of STS, such as `https://sts.ap-southeast-1.myhuaweicloud.com`. STS has no global endpoint.
   * @default HUAWEICLOUD_SDK_STS_ENDPOINT, else that of `region`
   */
  stsEndpoint?: string | undefined
}

/**
 * Resolves the options for STS.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL`
 */
export function stsConnection(options: StsOptions, via?: IamConnection): IamConnection {
  const cloud = options.cloud === undefined ? via?.cloud : options.cloud
  return {
    ...transportOf(options, via),
    endpoint: resolveEndpoint({
      endpoint: options.stsEndpoint,
      option: "stsEndpoint",
      region: options.region,
      cloud,
      allowInsecure: options.allowInsecure,
    }),
    allowInsecure: options.allowInsecure ?? via?.allowInsecure ?? false,
    cloud,
  }
}

/** Checks at construction options that are used later, if at all. So a region may still be missing. */
export function checkIamOptions(options: IamOptions): void {
  transportOf(options)
  if (options.region !== undefined || namedEndpoint(options) !== undefined) iamConnection(options)
}

/** A connection without its endpoint. */
export function transportOf(
  { fetch, timeoutMs, clock }: Pick<IamOptions, "fetch" | "timeoutMs" | "clock">,
  via?: IamConnection,
  defaultTimeoutMs = 10_000,
): Omit<IamConnection, "endpoint"> {
  if (fetch !== undefined && typeof fetch !== "function") {
    throw invalidOption("`fetch` must be a function like the global fetch.")
  }
  checkInteger(timeoutMs, "timeoutMs", 1, LONGEST_TIMER_MS)
  return {
    fetch: fetch ?? via?.fetch,
    timeoutMs: timeoutMs ?? via?.timeoutMs ?? defaultTimeoutMs,
    clock: clock ?? via?.clock ?? systemClock,
  }
}

/** Returns a whole number within bounds, or throws an error that names the option. */
export function checkInteger<T extends number | undefined>(value: T, option: string, least: number, most: number): T {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value
  throw invalidOption(`\`${option}\` must be a whole number from ${least} to ${most}.`)
}

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
 * so that the secrets of one cloud never reach another.
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

/** Whether a host is this machine or has a link-local address, by which a cloud serves its machines. No router passes these on. */
export function isMachineLocal(hostname: string): boolean {
  return isLoopback(hostname) || /^169\.254(\.\d{1,3}){2}$/.test(hostname)
}

export function isAnyHost(): boolean {
  return true
}
