import { dispatcherOf } from "./dispatcher.ts"
import type { HostGuard } from "./host-guard.ts"
import { isProxied } from "./is-proxied.ts"
import { clearProxyError } from "./refuse-clear-proxy.ts"

/**
 * Refuses a request of plain http to this machine that a fetch of undici, such as Node's, sends through a proxy: one that
 * `NODE_USE_ENV_PROXY` has it take from the environment, or that the caller's dispatcher knows.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxiedFetch(url: URL, init: object, { allowInsecure }: HostGuard): void {
  if (url.protocol !== "http:" || allowInsecure === true || globalThis.process === undefined) return
  if (isProxied(dispatcherOf(init), url)) throw clearProxyError(url)
}
