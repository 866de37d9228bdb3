import { createRequire } from "node:module"

/** The names on the page, and the names of the installed packages. */
const CLIENTS = {
  axios: "axios",
  "axios 1.7": "axios-1.7",
  "axios-retry": "axios-retry",
  got: "got",
  "got 14": "got-14",
  hpagent: "hpagent",
  ky: "ky",
  "ky 1.7": "ky-1.7",
  ofetch: "ofetch",
  "openapi-fetch": "openapi-fetch",
  "proxy-chain": "proxy-chain",
  undici: "undici",
  "undici 7.10": "undici-7",
  wretch: "wretch",
}

/** Versions of the packages in the bundles. */
export function installedClients(): Record<string, string> {
  const require = createRequire(import.meta.url)
  return Object.fromEntries(Object.entries(CLIENTS).map(([name, folder]) => [name, versionOf(require, folder)]))
}

function versionOf(require: NodeJS.Require, name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version
    } catch {
      // Tries the next folder.
    }
  }
  throw new Error(`${name} is not installed.`)
}
