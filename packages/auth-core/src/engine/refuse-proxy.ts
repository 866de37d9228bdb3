import { clearProxyError, dispatcherOf, isProxied } from "../runtime/proxy.ts"
import type { HostGuard } from "./host-guard.ts"

/** A request of `node:http` before anything of it is sent, or its options: as much as tells where it goes. */
export interface NativeRequest {
  readonly path?: unknown
  readonly agent?: unknown
  once?(event: "error", listener: () => void): unknown
  destroy?(): unknown
}

/**
 * Refuses to send credentials through a proxy that could read them, whoever chose it. Loopback is no exception: the proxy
 * need not be on this machine.
 *
 * @param request is destroyed where it is refused.
 * @param cure what to do where a client sends even https so.
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseClearProxy(request: NativeRequest, url: URL, guard: HostGuard, cure?: string): void {
  const { path, agent } = request
  const isHttps = url.protocol === "https:"
  // A proxy is asked for an absolute URL in place of a path.
  const isAbsolute = typeof path === "string" && /^https?:\/\//i.test(path)
  // A tunnel hides https only. Agents of npm keep their proxy here.
  const isTunnelled =
    !isHttps && typeof agent === "object" && agent !== null && "proxy" in agent && Boolean(agent.proxy)
  if (!isAbsolute && !isTunnelled) return
  if (!isHttps && guard.allowInsecure) return
  request.once?.("error", () => undefined)
  request.destroy?.()
  throw clearProxyError(url, isHttps ? cure : undefined)
}

/**
 * Refuses a request of plain http to this machine that a fetch of undici, such as Node's, sends through a proxy: one that
 * `NODE_USE_ENV_PROXY` has it take from the environment, or that the caller's dispatcher knows.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseProxiedFetch(url: URL, init: object, { allowInsecure }: HostGuard): void {
  if (url.protocol !== "http:" || allowInsecure || globalThis.process === undefined) return
  if (isProxied(dispatcherOf(init), url)) throw clearProxyError(url)
}
