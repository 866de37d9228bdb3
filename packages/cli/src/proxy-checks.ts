import type { Check } from "./check.ts"
import { PROXY_VARIABLES, type ProxiedProtocol, proxyFault, proxySetting, withoutPassword } from "./proxy-fault.ts"

const PROTOCOLS = ["https:", "http:"] as const satisfies readonly ProxiedProtocol[]
const VARIABLES = [
  ...PROTOCOLS.flatMap((protocol) => PROXY_VARIABLES[protocol]),
  "NO_PROXY",
  "no_proxy",
  "ALL_PROXY",
  "all_proxy",
]

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
  const https = proxySetting(env, "https:")
  const isUsable = https !== undefined && faults.every(({ name }) => name !== https.name)
  return isUsable ? [...shown, ...clients(env, https.value, nodeVersion)] : shown
}

function clients(env: NodeJS.ProcessEnv, proxy: string, nodeVersion: string): Check[] {
  const address = withoutPassword(proxy)
  const isAsked = env.NODE_USE_ENV_PROXY === "1"
  const does = isAsked && honoursEnvProxy(nodeVersion)
  const advice = honoursEnvProxy(nodeVersion)
    ? "Set NODE_USE_ENV_PROXY=1 before the program starts."
    : "This Node does not know NODE_USE_ENV_PROXY: install Node 24.5 or 22.21, or give the client an agent."
  const byNode = (name: string): Check =>
    does
      ? { group: "proxy", name, verdict: "ok", text: `goes through ${address}` }
      : {
          group: "proxy",
          name,
          verdict: "warning",
          text: "goes directly: Node itself ignores the variables",
          fix: advice,
        }
  return [
    byNode("fetch, ky"),
    byNode("got"),
    { group: "proxy", name: "axios", verdict: "ok", text: `goes through ${address} on its own` },
    does
      ? { group: "proxy", name: "undici", verdict: "ok", text: `goes through ${address} with Node's global dispatcher` }
      : {
          group: "proxy",
          name: "undici",
          verdict: "warning",
          text: "goes directly",
          fix: "Give it `new EnvHttpProxyAgent()` as dispatcher.",
        },
    { group: "proxy", name: "countersign", verdict: "ok", text: `goes through ${address}` },
  ]
}

/** For fetch, http and https alike. */
function honoursEnvProxy(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  return (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24
}
