// The part of workerd's API that these programs use.
declare module "cloudflare:workers" {
  /** Lets a promise settle after the current request is answered. */
  export function waitUntil(promise: Promise<unknown>): void
}
