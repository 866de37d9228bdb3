// What workerd itself has, as far as the programs here use it.
declare module "cloudflare:workers" {
  /** Lets a promise settle after the request at hand is answered. */
  export function waitUntil(promise: Promise<unknown>): void
}
