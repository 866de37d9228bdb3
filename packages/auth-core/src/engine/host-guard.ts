import { AuthError } from "../errors/auth-error.ts"
import { isLoopback } from "../identity/is-loopback.ts"

export interface GuardOptions {
  /**
   * The hosts that may see credentials: `api.example.com`, `*.example.com` (any depth below), either with `:port`; without
   * a port any will do. Requests to other hosts go out without authentication.
   * @default Huawei Cloud's own domains, and the client's base URL
   */
  hosts?: readonly string[] | undefined
  /** Lets credentials cross plain http to hosts other than this machine. @default false */
  allowInsecure?: boolean | undefined
}

/**
 * Domains on which only Huawei Cloud itself serves APIs. Domains where customers publish their own (API Gateway instances)
 * are left out on purpose: whoever runs one would read the credentials.
 */
const HUAWEI_CLOUD_HOST = /\.(?:(?:my)?huaweicloud\.(?:com|cn|eu)|myhwclouds\.com)\.?$/

/** Says whether credentials may go to a URL; `baseUrl` is the client's own. */
export interface HostGuard {
  (url: URL, baseUrl?: string | URL | undefined): boolean
  /** As in the options. */
  readonly allowInsecure?: boolean | undefined
}

/**
 * Compiles the host list once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when an entry is not a host: a URL, a path, a wildcard elsewhere than in front.
 */
export function createHostGuard({ hosts, allowInsecure = false }: GuardOptions = {}): HostGuard {
  if (hosts !== undefined && !Array.isArray(hosts)) throw invalidHosts()
  const listed = hosts?.map(compile)
  const guard: HostGuard = (url, baseUrl) => {
    if (url.protocol !== "https:" && !allowInsecure && !isLoopback(url.hostname)) return false
    if (listed !== undefined) return listed.some((matches) => matches(url))
    return HUAWEI_CLOUD_HOST.test(url.hostname) || (baseUrl !== undefined && sameOrigin(url, baseUrl))
  }
  return Object.assign(guard, { allowInsecure })
}

function compile(entry: string): (url: URL) => boolean {
  // The dot that a full name may end with does not count, here as in a URL.
  const form = /^(\*\.)?([a-z0-9_-][a-z0-9._-]*?|\[[0-9a-f:.]+\])\.?(?::0*(\d{1,5}))?$/i
  const [, wildcard, name, port] = form.exec(typeof entry === "string" ? entry : "") ?? []
  if (name === undefined) throw invalidHosts()
  const host = name.toLowerCase()
  return (url) => {
    const hostname = url.hostname.endsWith(".") ? url.hostname.slice(0, -1) : url.hostname
    if (port !== undefined && port !== effectivePort(url)) return false
    return wildcard === undefined ? hostname === host : hostname.endsWith(`.${host}`)
  }
}

function sameOrigin(url: URL, baseUrl: string | URL): boolean {
  return URL.canParse(baseUrl) && new URL(baseUrl).origin === url.origin
}

function effectivePort(url: URL): string {
  if (url.port !== "") return url.port
  return url.protocol === "https:" ? "443" : "80"
}

function invalidHosts(): AuthError {
  return new AuthError(
    "AUTH_INVALID_OPTION",
    '`hosts` takes a list of host names such as "api.example.com", "*.example.com" or "localhost:8080": no scheme, no path.',
  )
}
