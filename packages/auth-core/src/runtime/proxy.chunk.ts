// Loaded only for plain http, and by clients that know their proxy.
import { AuthError } from "../errors/auth-error.ts"

/** The symbols under which releases of undici keep the global dispatcher, the newest first. */
const GLOBAL_DISPATCHERS = ["undici.globalDispatcher.2", "undici.globalDispatcher.1"]

/** The dispatcher that a fetch of undici, such as Node's, sends by: the caller's, else the global one. */
function dispatcherOf(init: object): unknown {
  if ("dispatcher" in init && init.dispatcher) return init.dispatcher
  const key = GLOBAL_DISPATCHERS.find((name) => Symbol.for(name) in globalThis)
  return key === undefined ? undefined : Reflect.get(globalThis, Symbol.for(key))
}

/** Whether a MockAgent of undici answers. It sees the source of a body, such as a text, and matches requests by it. */
export function isMocked(init: object): boolean {
  const dispatcher = dispatcherOf(init)
  return typeof dispatcher === "object" && dispatcher !== null && Reflect.get(dispatcher, "isMockActive") === true
}

/** The names by which undici's EnvHttpProxyAgent keeps its agents. */
const DIRECT = "no proxy agent"
const FOR_HTTP = "http proxy agent"
/** Those by which a ProxyAgent and a Socks5ProxyAgent keep their proxy. */
const OF_PROXIES = ["proxy agent options", "proxy url"]

/**
 * Whether a dispatcher of undici sends plain http for a URL through a proxy, which could read the request: a ProxyAgent, or
 * an EnvHttpProxyAgent if the environment says so. Classes are recognised by their symbols: Node has its own copy of undici, a
 * minifier renames classes, and programs extend them.
 */
function isProxied(dispatcher: unknown, { hostname, port }: URL): boolean {
  if (typeof dispatcher !== "object" || dispatcher === null) return false
  if (OF_PROXIES.some((name) => memberOf(dispatcher, name) !== undefined)) return true
  if (memberOf(dispatcher, DIRECT) === memberOf(dispatcher, FOR_HTTP)) return false
  const { no_proxy, NO_PROXY } = globalThis.process.env
  const exceptions = no_proxy ?? NO_PROXY ?? ""
  return (
    exceptions !== "*" && !exceptions.split(/[,\s]/).some((entry) => isFor(entry.toLowerCase(), hostname, port || "80"))
  )
}

function memberOf(dispatcher: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(dispatcher).find((symbol) => symbol.description === description)
  return key === undefined ? undefined : Reflect.get(dispatcher, key)
}

/** Whether an entry of NO_PROXY matches a host by the rules that all releases of undici share. */
function isFor(entry: string, hostname: string, port: string): boolean {
  const [, below, host = "", own = port] = /^(\*?\.)?(.+?)(?::(\d+))?$/.exec(entry) ?? []
  if (own !== port || host === "") return false
  return hostname === host || (below !== undefined && hostname.endsWith(`.${host}`))
}

/**
 * The error for credentials that a proxy would read.
 *
 * @param cure advice that replaces the usual one.
 */
export function clearProxyError({ protocol, origin }: URL, cure?: string): AuthError {
  const usual =
    protocol === "https:"
      ? "use an agent that makes a tunnel"
      : "use https, list the host in NO_PROXY, or set `allowInsecure`"
  return new AuthError(
    "AUTH_INSECURE_URL",
    `A proxy would read the credentials of the request to ${origin}: ${cure ?? usual}.`,
  )
}

/** Whether credentials may cross plain http, as a guard says. */
interface PlainHttp {
  readonly allowInsecure: boolean
}

/**
 * Refuses plain http if a dispatcher of undici would send it through a proxy. Loopback is no exception.
 *
 * @param cure advice that replaces the usual one.
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxied(dispatcher: unknown, url: URL, { allowInsecure }: PlainHttp, cure?: string): void {
  if (url.protocol !== "http:" || allowInsecure === true) return
  if (isProxied(dispatcher, url)) throw clearProxyError(url, cure)
}

/**
 * The same for a fetch of undici, such as Node's. The proxy may come from the environment, by `NODE_USE_ENV_PROXY`, or from
 * the caller's dispatcher.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxiedFetch(url: URL, init: object, guard: PlainHttp): void {
  if (globalThis.process !== undefined) refuseProxied(dispatcherOf(init), url, guard)
}
