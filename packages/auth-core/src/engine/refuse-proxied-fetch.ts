import type { HostGuard } from "./host-guard.ts"
import { isProxied } from "./is-proxied.ts"
import { clearProxyError } from "./refuse-clear-proxy.ts"

/** Where undici keeps the dispatcher of all fetches: that of Node 24, and of later releases. */
const GLOBAL_DISPATCHERS = ["undici.globalDispatcher.2", "undici.globalDispatcher.1"]

/**
 * Refuses a request of plain http to this machine that a fetch of undici, such as Node's, sends through a proxy: one that
 * `NODE_USE_ENV_PROXY` has it take from the environment, or that the caller's dispatcher knows.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxiedFetch(url: URL, init: object, { allowInsecure }: HostGuard): void {
  if (url.protocol !== "http:" || allowInsecure === true || globalThis.process === undefined) return
  const dispatcher = "dispatcher" in init && init.dispatcher ? init.dispatcher : globalDispatcher()
  if (isProxied(dispatcher, url)) throw clearProxyError(url)
}

function globalDispatcher(): unknown {
  const key = GLOBAL_DISPATCHERS.find((name) => Symbol.for(name) in globalThis)
  return key === undefined ? undefined : Reflect.get(globalThis, Symbol.for(key))
}
