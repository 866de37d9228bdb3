import dns from "node:dns"

/**
 * Resolves all names below a domain to this machine, for everything in this process that uses the platform's lookup.
 *
 * @returns a function that ends it.
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
