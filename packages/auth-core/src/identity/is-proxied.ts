/** The agents of an EnvHttpProxyAgent, as undici keeps them. */
const DIRECT = "no proxy agent"
const FOR_HTTP = "http proxy agent"

/**
 * Whether a dispatcher of undici sends requests of plain http to a URL through a proxy, which could read them: a
 * ProxyAgent, or an EnvHttpProxyAgent where the environment says so. Told by names, since Node has a copy of undici of its own.
 */
export function isProxied(dispatcher: unknown, { hostname, port }: URL): boolean {
  if (typeof dispatcher !== "object" || dispatcher === null) return false
  const { name } = dispatcher.constructor
  if (name !== "EnvHttpProxyAgent") return name === "ProxyAgent" || name === "Socks5ProxyAgent"
  if (agentOf(dispatcher, DIRECT) === agentOf(dispatcher, FOR_HTTP)) return false
  const { no_proxy, NO_PROXY } = globalThis.process.env
  const exceptions = no_proxy ?? NO_PROXY ?? ""
  return (
    exceptions !== "*" && !exceptions.split(/[,\s]/).some((entry) => isFor(entry.toLowerCase(), hostname, port || "80"))
  )
}

function agentOf(dispatcher: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(dispatcher).find((symbol) => symbol.description === description)
  return key === undefined ? undefined : Reflect.get(dispatcher, key)
}

/** Whether an entry of NO_PROXY is for a host, as all releases of undici understand it. */
function isFor(entry: string, hostname: string, port: string): boolean {
  const [, below, host = "", own = port] = /^(\*?\.)?(.+?)(?::(\d+))?$/.exec(entry) ?? []
  if (own !== port || host === "") return false
  return hostname === host || (below !== undefined && hostname.endsWith(`.${host}`))
}
