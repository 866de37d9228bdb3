import type { Auth } from "../auth/auth.ts"
import type { Cloud } from "../cloud/cloud.ts"
import { type AuthError, invalidOption } from "../errors/auth-error.ts"
import { isLoopback } from "../runtime/http.ts"
import type { BareReason, DiagnosticOptions } from "./diagnostics.chunk.ts"

/**
 * The auth of one request: its own if it names one, else the client's; `undefined` if it wants none.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it names anything else, even `undefined`, or when there is no auth for it.
 * Better no request than one for the wrong customer.
 */
export type AuthForRequest = (request: object) => Auth | undefined

/**
 * Compiles the choice between a client's auth and that of a request.
 *
 * @param key the member in which a request names its own auth: an `Auth`, or `false` for none. Without it the client's is
 * used.
 * @param clients the client's auth. With `false` each request must bring its own.
 * @throws {AuthError} `AUTH_INVALID_OPTION` when `clients` is neither.
 */
export function createAuthForRequest(key: "auth" | "countersign", clients: Auth | false): AuthForRequest {
  const own = checked(clients, "The auth of a client must be")
  return (request) => {
    if (key in request) return checked(Reflect.get(request, key), `\`${key}\` must be left out, or be`)
    if (own !== undefined) return own
    throw invalidOption(`This client has no auth: name one as \`${key}\` of each request.`)
  }
}

/** @param rule how the message begins */
function checked(given: unknown, rule: string): Auth | undefined {
  if (given === false) return undefined
  const { authenticate, judge } = Object(given)
  if (typeof authenticate === "function" && typeof judge === "function") return given as Auth
  throw invalidOption(`${rule} \`false\` or an auth such as tokenAuth(), not ${given && typeof given}.`)
}

/** Which hosts may see credentials, and what a client tells about its requests. */
export interface GuardOptions extends DiagnosticOptions {
  /**
   * The hosts that may see credentials: `api.example.com` or `*.example.com` (any depth below), either with `:port`.
   * Without a port every port matches. Requests to other hosts go out without authentication, as `unlisted`
   * tells.
   * @default the API hosts of `cloud`, which the README lists, and the client's base URL; after a redirect from another origin
   * the base URL alone
   */
  hosts?: readonly string[] | undefined
  /**
   * The cloud whose API hosts may see credentials, unless `hosts` lists others: a preset such as `openTelekomCloud`, or
   * `{ domain }`.
   * @default Huawei Cloud
   */
  cloud?: Cloud | undefined
  /**
   * Lets credentials cross plain http to hosts other than this machine. Without it, such a request to a host that
   * may see credentials is refused with `AUTH_INSECURE_URL`.
   * @default false
   */
  allowInsecure?: boolean | undefined
}

/** As in `checkCloud`, which only calls of IAM and bare requests load. */
const DOMAIN = /^[\w-]+\.[\w.-]+$/

/** The domains of Huawei Cloud's services. */
const HUAWEIS = /myhuaweicloud\.(com|cn|eu)$/

/**
 * The form of API hosts, with a slash for the domain: a service or an instance of IoTDA, and mostly a region. Every endpoint
 * on Huawei Cloud's domains has it. Buckets, gateways, instances and notebooks run what customers like. Most of them have
 * more labels; the others begin with one of the names excluded here, or with an id in place of a service.
 */
const API_HOST =
  /^(?:(?!obs|apigw|(?:[^.]+-)?(?:infer[-.]|notebook|authoring)|[\da-f]{8})[a-z](?:-?[a-z\d])*|[a-z\d]+(?:\.[a-z\d]+)?\.iotda-app(?=\.\w))(?:\.([^.]+))?\.\/$/

/** As in `hasRegion`, which only calls of IAM load. */
const REGION = /^[a-z]{2}-[a-z]+-\d{1,3}$/

/** The other hosts of Huawei Cloud's tables. Their domains are not for services alone, so each host is listed. */
const OTHER_HOST =
  /^((api(-intl)?\.meeting|dme\.cn-north-4|oroas\.cn-north-7)\.huaweicloud\.com|as\.ap-southeast-1\.myhwclouds\.com|cts\.(af-north-1\.myhuaweicloud\.africa|ap-southeast-5\.myhuaweicloud\.asia))$/

/** Decides where credentials may go. */
export interface HostGuard extends DiagnosticOptions, Pick<GuardOptions, "hosts" | "cloud"> {
  /** As in the options. */
  readonly allowInsecure: boolean
  /**
   * Why credentials may not go to a URL; `undefined` if they may.
   *
   * @param baseUrl the client's base URL.
   * @param redirected a redirect from another origin led here. Then Huawei Cloud's hosts must be listed, as all others.
   */
  bareReason(url: URL, baseUrl?: string | URL | undefined, redirected?: boolean): BareReason | undefined
}

/**
 * Compiles the host list once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when an entry is not a host: a URL, a path, a wildcard anywhere but in front.
 */
export function createHostGuard(options: GuardOptions = {}): HostGuard {
  // A copy without a prototype, so that a polluted Object.prototype opens no host.
  const given = { __proto__: null, ...options }
  const { hosts, cloud, allowInsecure = false, unlisted = "warn" } = given
  if (!/^(?:warn|error|silent)$/.test(unlisted)) throw invalidOption('`unlisted` must be "warn", "error" or "silent".')
  if (hosts !== undefined && !Array.isArray(hosts)) throw invalidHosts()
  const listed = hosts?.map(compile)
  // Takes 0.7 us less: consecutive requests mostly go to one host. `rememberLast` would add 40 bytes to each program.
  let lastHostname: string | undefined
  let isOfCloud = false
  const reasonOf: HostGuard["bareReason"] = (url, baseUrl, redirected) => {
    if (listed) return listed.some((matches) => matches(url)) ? undefined : "host-not-listed"
    const { hostname } = url
    if (lastHostname !== hostname) isOfCloud = isApiHost(nameOf(url), cloud)
    lastHostname = hostname
    if (isOfCloud && !redirected) return undefined
    if (baseUrl !== undefined && isOfBase(url, baseUrl)) return undefined
    if (isOfCloud) return "redirected"
    return baseUrl === undefined ? "no-base-url" : "host-not-listed"
  }
  return {
    ...given,
    allowInsecure,
    bareReason: (url, baseUrl, redirected) =>
      reasonOf(url, baseUrl, redirected) ??
      (url.protocol === "https:" || allowInsecure === true || isLoopback(url.hostname) ? undefined : "plain-http"),
  }
}

/**
 * Lets the secrets of a call to IAM go to that IAM alone. Plain http to another machine is allowed, because the provider
 * has already checked its own `allowInsecure`. On the way to this machine no proxy may read the secrets.
 */
export function createIamGuard(url: string): HostGuard {
  const { host, hostname, protocol } = new URL(url)
  return createHostGuard({ hosts: [host], allowInsecure: protocol === "http:" && !isLoopback(hostname) })
}

function isApiHost(host: string, cloud: Cloud | undefined): boolean {
  const isHuaweis = cloud === undefined || cloud?.domain === "myhuaweicloud.com"
  const regions = cloud?.regions
  // No host name has a slash, so only a domain at the end passes. A malformed cloud has no hosts, and `tellBare` refuses it.
  const domain = isHuaweis ? HUAWEIS : DOMAIN.test(cloud?.domain) ? cloud.domain : "/"
  const [form, region] = API_HOST.exec(host.replace(domain, "/")) ?? []
  if (!form) return isHuaweis && OTHER_HOST.test(host)
  return !region || (regions === undefined ? REGION.test(region) : Array.isArray(regions) && regions.includes(region))
}

/** The host without the dot that a fully qualified name may end with. */
function nameOf({ hostname }: URL): string {
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname
}

function compile(entry: string): (url: URL) => boolean {
  // As in a URL, the dot that a fully qualified name may end with does not count.
  const form = /^(\*\.)?([\w-][\w.-]*?|\[[\da-f:.]+\])\.?(?::0*(\d{1,5}))?$/i
  const [, wildcard, name, port] = form.exec(typeof entry === "string" ? entry : "") ?? []
  if (name === undefined) throw invalidHosts()
  const host = name.toLowerCase()
  return (url) => {
    const hostname = nameOf(url)
    if (port !== undefined && port !== (url.port || (url.protocol === "https:" ? "443" : "80"))) return false
    return wildcard === undefined ? hostname === host : hostname.endsWith(`.${host}`)
  }
}

/** A base URL of https admits its host by plain http too, as a list does. Later checks refuse that, unless it may be insecure. */
function isOfBase({ origin, host }: URL, baseUrl: string | URL): boolean {
  return URL.canParse(baseUrl) && [origin, `https://${host}`].includes(new URL(baseUrl).origin)
}

function invalidHosts(): AuthError {
  return invalidOption('`hosts` takes host names such as "*.example.com:8080".')
}

/** The two decisions before a request is authenticated: by which auth, and whether its host may see a credential. */
export type Gate = readonly [authFor: AuthForRequest, guard: HostGuard]

/**
 * Compiles the options of an adapter, once for a client.
 *
 * @param key the member in which a request names its own auth.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for anything but an auth or `false`, or a malformed host list.
 */
export function createGate(key: "auth" | "countersign", auth: Auth | false, options: GuardOptions): Gate {
  return [createAuthForRequest(key, auth), createHostGuard(options)]
}

/** The gate of a call to IAM. Its auth adds the headers of the call, so that they are treated as secrets. */
export function createIamGate(url: string, headers: Readonly<Record<string, string>>): Gate {
  const auth: Auth = {
    bodyLimit: () => undefined,
    authenticate: () => ({ headers, used: undefined }),
    judge: () => false,
  }
  return [() => auth, createIamGuard(url)]
}

/** By function that authenticates: the function beneath it, which sends. */
const beneath = new WeakMap<object, unknown>()

/** Notes which function of a client, `undefined` for its default, lies beneath one that authenticates. */
export function putAbove<F extends object>(sending: unknown, authenticating: F): F {
  beneath.set(authenticating, sending)
  return authenticating
}

/** The function that sends. So of two auths the last one wins, and a request is never authenticated twice. */
export function functionBeneath<F>(given: F | undefined): F | undefined {
  return typeof given === "function" && beneath.has(given) ? (beneath.get(given) as F | undefined) : given
}
