import { unsignableUrl } from "./unsignable-url.ts"

/** The parts of a URL as they go on the wire. */
export interface WireUrl {
  /** Value of the Host header: lower case, with a port only where it is not the scheme's own. */
  readonly host: string
  /** Undecoded; may be empty. */
  readonly path: string
  /** Undecoded, without the question mark; may be empty. */
  readonly query: string
}

/** A name in its final form; an address may still have another spelling. */
const PLAIN_HOST = /^(?:[a-z\d-]+\.)+[a-z][a-z\d-]*$/
const HTTP = /^https?:\/\//i

/**
 * Takes a URL apart without changing path and query, as the URL class would: dot segments, quotes and the like stay.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or has no valid host.
 */
export function wireUrl(url: string | URL): WireUrl {
  const text = typeof url === "string" ? url : url?.href
  if (typeof text !== "string" || !HTTP.test(text)) throw unsignableUrl("must be absolute, with http or https")
  const start = text.indexOf("/") + 2
  const end = before(text.indexOf("#", start), text.length)
  const pathEnd = before(text.indexOf("?", start), end)
  const pathStart = before(text.indexOf("/", start), pathEnd)
  const authority = text.slice(start, pathStart)
  return {
    host: PLAIN_HOST.test(authority) ? authority : hostOf(text.slice(0, pathStart)),
    path: text.slice(pathStart, pathEnd),
    query: text.slice(pathEnd + 1, end),
  }
}

function before(index: number, end: number): number {
  return index < 0 || index > end ? end : index
}

/** As HTTP clients send it: without user and password, in lower case and punycode, without the scheme's own port. */
function hostOf(origin: string): string {
  const parsed = URL.canParse(origin) ? new URL(origin) : undefined
  // A backslash ends a host, and begins a path.
  if (parsed?.pathname !== "/") throw unsignableUrl("must have a valid host")
  return parsed.host
}
