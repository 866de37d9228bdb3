import { invalidOption } from "../errors/auth-error.ts"
import type { LibraryResponse } from "../runtime/http.ts"

/** A cloud whose services are at `<service>.<region>.<domain>` and `<service>.<domain>`. Pass a preset, or `{ domain }`. */
export interface Cloud {
  /** Such as `otc.t-systems.com`; `myhuaweicloud.com` for all domains of Huawei Cloud. */
  readonly domain: string
  /** The ids of all regions. @default every id of the form `ap-southeast-1` */
  readonly regions?: readonly string[] | undefined
  /** The region whose IAM serves all others. @default none with `regions`, else IAM is at `iam.<domain>` */
  readonly iamRegion?: string | undefined
  /** The service in the host of IAM. @default "iam" */
  readonly iamService?: string | undefined
  /**
   * Its official clients sign with the scoped form of SDK-HMAC-SHA256, so `akskAuth` and calls of IAM do too.
   * @default false
   */
  readonly scoped?: boolean | undefined
}

/** Huawei Cloud with all its domains. Every `cloud` option has this default. */
export const huaweiCloud: Cloud = { domain: "myhuaweicloud.com" }

/** Huawei Cloud Europe alone. Its accounts are not those of the other regions. */
export const huaweiCloudEurope: Cloud = { domain: "myhuaweicloud.eu" }

/** Open Telekom Cloud. IAM has no global endpoint, so providers that call IAM need `region`. */
export const openTelekomCloud: Cloud = { domain: "otc.t-systems.com", regions: ["eu-de", "eu-nl"], scoped: true }

/** Swiss Open Telekom Cloud. */
export const swissOpenTelekomCloud: Cloud = {
  domain: "sc.otc.t-systems.com",
  regions: ["eu-ch2"],
  iamRegion: "eu-ch2",
  iamService: "iam-pub",
  scoped: true,
}

/** Flexible Engine of Orange Business. */
export const flexibleEngine: Cloud = {
  domain: "prod-cloud-ocb.orange-business.com",
  regions: ["eu-west-0", "eu-west-1", "na-east-0"],
  iamRegion: "eu-west-0",
}

/** Cloud.ru Advanced. */
export const cloudRuAdvanced: Cloud = { domain: "hc.sbercloud.ru", regions: ["ru-moscow-1"], iamRegion: "ru-moscow-1" }

/** G42 Cloud, now Core42. */
export const g42Cloud: Cloud = { domain: "g42cloud.com", regions: ["ae-ad-1"], iamRegion: "ae-ad-1" }

/** Whether a cloud may have a region of this name. */
export function hasRegion({ regions }: Cloud, region: string): boolean {
  return regions === undefined ? /^[a-z]{2}-[a-z]+-\d{1,3}$/.test(region) : regions.includes(region)
}

/** Whether IAM of a cloud has an endpoint that serves all regions. */
export function hasGlobalIam({ regions, iamRegion }: Cloud): boolean {
  return regions === undefined || iamRegion !== undefined
}

/**
 * Returns the cloud, or Huawei Cloud for `undefined`.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for anything but an object with a domain name in lower case, and where it has them,
 * names of regions and of a service.
 */
export function checkCloud(cloud: Cloud = huaweiCloud): Cloud {
  const { domain, regions = [], iamRegion = "x", iamService = "x" } = Object(cloud) as Cloud
  if (typeof domain !== "string" || !/^[a-z\d][a-z\d-]*(\.[a-z\d][a-z\d-]*)+$/.test(domain)) {
    throw invalidOption('`cloud` must be a preset, or { domain: "example.cloud" }.')
  }
  const names: unknown[] = [iamRegion, iamService, ...(Array.isArray(regions) ? regions : [undefined])]
  if (names.every((name) => typeof name === "string" && /^[a-z\d-]+$/.test(name))) return cloud
  throw invalidOption("The `regions`, `iamRegion` and `iamService` of `cloud` must be names such as eu-de and iam.")
}

/** The way to IAM. */
export interface IamReach {
  readonly iamEndpoint?: string | undefined
  readonly region?: string | undefined
  readonly cloud?: Cloud | undefined
  readonly fetch?: IamFetch | undefined
  readonly timeoutMs?: number | undefined
  readonly allowInsecure?: boolean | undefined
}

/** A call to IAM. */
export interface IamFetchInit {
  /** HTTP method. */
  readonly method: "GET" | "POST" | "PUT"
  /** By name. They hold secrets. */
  readonly headers: Record<string, string>
  /** JSON, if there is a body. */
  readonly body?: string
  /** IAM's redirects are not followed: they would carry secrets elsewhere. */
  readonly redirect: "manual"
  /** Ends the call when its time is over. */
  readonly signal: AbortSignal
}

/** The parts of an answer of IAM that this library reads. */
export interface IamFetchResponse extends LibraryResponse {
  /** A web stream is read up to the longest valid response of IAM. Any other body is read through `text`. */
  readonly body?: unknown
  /** The whole body as text. */
  text(): Promise<string>
}

/** Makes one round trip to IAM. The fetch of the platform, of undici and of node-fetch all fit. */
export type IamFetch = (url: string, init: IamFetchInit) => Promise<IamFetchResponse>

/** A response of IAM, made from that of a Node client, whose headers are keyed by lower-case name. */
export function toIamFetchResponse(status: number, headers: object, text: () => Promise<string>): IamFetchResponse {
  const header = (name: string): string | null => {
    const value: unknown = Reflect.get(headers, name)
    return typeof value === "string" ? value : null
  }
  return { status, headers: { get: header }, text }
}
