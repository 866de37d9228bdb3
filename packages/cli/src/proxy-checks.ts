import type { Check } from "./check.ts"
import { PROXY_VARIABLES, type ProxiedProtocol, proxyFault, proxySetting, withoutPassword } from "./proxy-fault.ts"

const PROTOCOLS = ["https:", "http:", "any"] as const satisfies readonly ProxiedProtocol[]
const VARIABLES = [...Object.values(PROXY_VARIABLES).flat(), "no_proxy", "NO_PROXY"]

/** The proxy settings, and what each client makes of them for https. */
export function proxyChecks(env: NodeJS.ProcessEnv, nodeVersion: string): Check[] {
  const set = VARIABLES.filter((name) => (env[name] ?? "") !== "")
  if (set.length === 0)
    return [{ group: "proxy", name: "variables", verdict: "ok", text: "none is set, so requests go directly" }]
  const faults = PROTOCOLS.flatMap((protocol) => proxyFault(env, protocol) ?? [])
  const shown = set.map((name): Check => {
    const fault = faults.find((each) => each.name === name)
    if (fault !== undefined) return { group: "proxy", ...fault, verdict: "failed" }
    return { group: "proxy", name, verdict: "ok", text: withoutPassword(env[name] ?? "") }
  })
  const isChosen = set.some((name) => !/^no_proxy$/i.test(name))
  return isChosen && proxyFault(env, "https:") === undefined ? [...shown, ...clientChecks(env, nodeVersion)] : shown
}

/** Which proxy each client takes for https. */
function clientChecks(env: NodeJS.ProcessEnv, nodeVersion: string): Check[] {
  const [https, http, all] = PROTOCOLS.map((protocol) =>
    proxyFault(env, protocol) === undefined ? proxySetting(env, protocol)?.value : undefined,
  )
  const byNode = env.NODE_USE_ENV_PROXY === "1" && honoursEnvProxy(nodeVersion)
  const nodeAdvice = honoursEnvProxy(nodeVersion)
    ? "Set NODE_USE_ENV_PROXY=1 before the program starts."
    : "This Node does not know NODE_USE_ENV_PROXY: install Node 24.5 or 22.21, or give the client an agent."
  const check = (name: string, proxy: string | undefined, isByNode: boolean, advice = nodeAdvice): Check => {
    if (proxy !== undefined) {
      return { group: "proxy", name, verdict: "ok", text: `goes through ${withoutPassword(proxy)}` }
    }
    const isIgnored = isByNode && !byNode
    const text = `goes directly: ${isIgnored ? "Node itself ignores the variables" : "for https it reads HTTPS_PROXY"}`
    const fix = [...(https === undefined ? ["Set HTTPS_PROXY."] : []), ...(isIgnored ? [advice] : [])].join(" ")
    return { group: "proxy", name, verdict: "warning", text, fix }
  }
  return [
    check("fetch, ky", byNode ? (https ?? http) : undefined, true),
    check("got", byNode ? https : undefined, true),
    check("axios", https ?? (byNode ? undefined : all), false),
    check("undici", byNode ? (https ?? http) : undefined, true, "Give it `new EnvHttpProxyAgent()` as dispatcher."),
    check("countersign", https, false),
  ]
}

/** For fetch, http and https alike. */
function honoursEnvProxy(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  return (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24
}
