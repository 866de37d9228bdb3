import { stringify } from "node:querystring"
import { AuthError } from "@countersign/auth-core/adapter"
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
  const base = baseOf(origin)
  if (base === undefined) return undefined
  const search = query ? stringify(query) : ""
  if (search !== "" && /[?#]/.test(path)) return undefined
  const target = search === "" ? path : `${path}?${search}`
  // Put together as text: undici sends `//host/path` to the origin, whatever a URL makes of it.
  if (path.startsWith("/")) return parsed(base + target)
  const url = parsed(target)
  return url?.origin === base ? url : undefined
}

/** Requests in a row mostly go to one origin. */
let last: { readonly origin: string; readonly base: string | undefined } = { origin: "", base: undefined }

function baseOf(origin: string | URL): string | undefined {
  if (typeof origin !== "string") return parsed(origin)?.origin
  if (last.origin !== origin) last = { origin, base: parsed(origin)?.origin }
  return last.base
}

function parsed(address: string | URL): URL | undefined {
  try {
    return new URL(address)
  } catch {
    return undefined
  }
}
