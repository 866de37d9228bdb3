import { clearProxyError } from "../identity/clear-proxy-error.ts"
import { dispatcherOf } from "../identity/dispatcher.ts"
import { isProxied } from "../identity/is-proxied.ts"
import type { HostGuard } from "./host-guard.ts"

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
