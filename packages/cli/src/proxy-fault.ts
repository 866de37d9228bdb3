/** A proxy variable whose value no client can use. */
export interface ProxyFault {
  readonly name: string
  /** The fault, with the value as it may be shown. */
  readonly text: string
  readonly fix: string
}

/** Names of the variables that choose a proxy. Those in lower case win, as for curl. */
export const PROXY_VARIABLES = {
  "https:": ["https_proxy", "HTTPS_PROXY"],
  "http:": ["http_proxy", "HTTP_PROXY"],
  any: ["all_proxy", "ALL_PROXY"],
} as const

export type ProxiedProtocol = keyof typeof PROXY_VARIABLES

/** The variable that counts for a protocol; `undefined` if none is set. */
export function proxySetting(
  env: NodeJS.ProcessEnv,
  protocol: ProxiedProtocol,
): { name: string; value: string } | undefined {
  for (const name of PROXY_VARIABLES[protocol]) {
    const value = env[name]
    if (value !== undefined && value !== "") return { name, value }
  }
  return undefined
}

/** Kinds of proxies that undici speaks to. */
const SCHEMES = /^(?:https?|socks5?):$/

/** The fault of the variable that counts for a protocol. */
export function proxyFault(env: NodeJS.ProcessEnv, protocol: ProxiedProtocol): ProxyFault | undefined {
  const setting = proxySetting(env, protocol)
  if (setting === undefined) return undefined
  const { name, value } = setting
  if (/^[a-z\d]+:\/\//i.test(value) && URL.canParse(value) && SCHEMES.test(new URL(value).protocol)) return undefined
  const text = `is "${withoutPassword(value)}", which is not the URL of a proxy`
  return { name, text, fix: "Write it as http://HOST:PORT, or unset it." }
}

/** The URL of a proxy may hold a password, and a malformed one may hold it anywhere before the last @. */
export function withoutPassword(value: string): string {
  return value.replace(/^(\w+:\/\/)?.*@/s, "$1[hidden]@")
}
