import { clearProxyError } from "../identity/clear-proxy-error.ts"
import { dispatcherOf } from "../identity/dispatcher.ts"
import { isProxied } from "../identity/is-proxied.ts"

/**
 * Refuses to call IAM over plain http where the global fetch sends through a proxy, which would read the secrets. This machine is
 * no exception.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxy(url: URL): void {
  if (globalThis.process !== undefined && isProxied(dispatcherOf({}), url)) throw clearProxyError(url)
}
