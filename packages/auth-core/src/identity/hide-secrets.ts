/** What Node's `util.inspect` asks an object for, and with it `console.log`. */
export const INSPECT = Symbol.for("nodejs.util.inspect.custom")
const SECRETS = ["value", "secretAccessKey", "securityToken"]

/**
 * Makes a token or an access key show no secret to `inspect` and `console.log`. It stays plain data for everything else:
 * equality, copies, structuredClone, and JSON, by which stores keep it.
 */
export function hideSecrets<T extends object>(holder: T): T {
  const shown = (): object =>
    Object.fromEntries(
      Object.entries(holder).map(([name, value]) => [name, SECRETS.includes(name) ? "[secret]" : value]),
    )
  // Not enumerable, so that no comparison sees it.
  return Object.defineProperty(holder, INSPECT, { value: shown })
}
