// The part of the API of workerd that the programs here use.
declare module "cloudflare:workers" {
  /** Lets a promise settle after the request at hand is answered. */
  export function waitUntil(promise: Promise<unknown>): void
}
