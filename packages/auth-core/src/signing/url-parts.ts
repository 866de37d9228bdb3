import { AuthError } from "../errors/auth-error.ts"

/** The parts of a URL as they go on the wire. */
export interface UrlParts {
  /** Value of the Host header: lower case, with a port unless it is the scheme's default. */
  readonly host: string
  /** Undecoded; may be empty. */
  readonly path: string
  /** Undecoded, without the question mark; may be empty. */
  readonly query: string
}

/** A path starts here or later: behind `https://`, or behind `http://` and one character of a host. */
const SHORTEST_ORIGIN = 8
const ORIGIN = /^https?:\/\/([^/]*)$/i
/** A name in its final form; an address may still have another spelling. */
const PLAIN_HOST = /^(?:[a-z\d-]+\.)+[a-z][a-z\d-]*$/

/**
 * Splits a URL without changing path and query as the URL class would: dot segments, quotes and the like stay.
 *
 * @param hostAt as {@link hostOf}, which a signer remembers
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or has no valid host.
 */
export function urlParts(url: string | URL, hostAt: (origin: string) => string = hostOf): UrlParts {
  const text = typeof url === "string" ? url : url?.href
  if (typeof text !== "string") throw notAbsolute()
  const end = before(text.indexOf("#"), text.length)
  const pathEnd = before(text.indexOf("?"), end)
  const start = before(text.indexOf("/", SHORTEST_ORIGIN), pathEnd)
  return {
    host: hostAt(text.slice(0, start)),
    path: text.slice(start, pathEnd),
    query: text.slice(pathEnd + 1, end),
  }
}

/** Where a part ends: at an index that was found, but not behind the next part. */
function before(index: number, end: number): number {
  return index < 0 || index > end ? end : index
}

/**
 * The host of an origin as HTTP clients send it: without user and password, in lower case and punycode, without the scheme's
 * default port.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`
 */
export function hostOf(origin: string): string {
  const [, authority] = ORIGIN.exec(origin) ?? []
  if (authority === undefined) throw notAbsolute()
  if (PLAIN_HOST.test(authority)) return authority
  // The URL class reads a backslash as the start of the path.
  if (authority.includes("\\") || !URL.canParse(origin)) throw unsignableUrl("must have a valid host")
  return new URL(origin).host
}

function notAbsolute(): AuthError {
  return unsignableUrl("must be absolute, with http or https")
}

/** @param fault goes on from "The URL to sign" */
export function unsignableUrl(fault: string): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", `The URL to sign ${fault}: give it as it goes on the wire.`)
}
