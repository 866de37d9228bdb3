import dns from "node:dns"

/**
 * Makes all names below a domain lead to this machine, for whatever in this process asks the platform.
 *
 * @returns ends it.
 */
export function resolveLocally(domain: string): () => void {
  const { lookup } = dns
  const locally = (name: string, ...rest: unknown[]): unknown =>
    Reflect.apply(lookup, dns, [name.endsWith(`.${domain}`) ? "127.0.0.1" : name, ...rest])
  dns.lookup = Object.assign(locally, lookup)
  return () => {
    dns.lookup = lookup
  }
}
