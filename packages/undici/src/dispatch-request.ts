import { stringify } from "node:querystring"
import { AuthError } from "@countersign/auth-core"
import type { Dispatcher } from "undici"

/** undici sends no path with such characters. */
const REFUSED = /[^\u0021-\u00ff]/

/**
 * The URL of what undici is about to dispatch, or `undefined` where there is none: for a tunnel, for an address of another
 * host (as a proxy is asked for), and for what undici itself refuses.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when no origin is known.
 */
export function requestUrl({ origin, path, method, query }: Dispatcher.DispatchOptions): URL | undefined {
  if (method === "CONNECT" || typeof path !== "string" || REFUSED.test(path)) return undefined
  if (origin === undefined) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      "The request names no origin, so there is no host to authenticate for: dispatch it with `origin`.",
    )
  }
  if (!URL.canParse(origin)) return undefined
  const base = new URL(origin).origin
  const search = stringify(query ?? {})
  if (search !== "" && /[?#]/.test(path)) return undefined
  const target = search === "" ? path : `${path}?${search}`
  // Put together as text: undici sends `//host/path` to the origin, whatever a URL makes of it.
  const address = path.startsWith("/") ? base + target : target
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  return url.origin === base ? url : undefined
}
