import { AuthError } from "../errors/auth-error.ts"

/** The parts of a URL as they go on the wire. */
export interface UrlParts {
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

/** Requests in a row mostly go to one host: what their URLs begin with, slash and all. */
let known = { start: "\n", host: "" }

/**
 * Takes a URL apart without changing path and query, as the URL class would: dot segments, quotes and the like stay.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or has no valid host.
 */
export function urlParts(url: string | URL): UrlParts {
  const text = typeof url === "string" ? url : url?.href
  if (typeof text !== "string") throw notAbsolute()
  const { start, host } = known
  // Twice as fast as startsWith.
  return text.slice(0, start.length) === start ? divided(text, start.length - 1, host) : dividedAnew(text)
}

function dividedAnew(text: string): UrlParts {
  if (!HTTP.test(text)) throw notAbsolute()
  const start = text.indexOf("/") + 2
  const length = text.slice(start).search(/[/?#]/)
  const end = length < 0 ? text.length : start + length
  const authority = text.slice(start, end)
  const host = PLAIN_HOST.test(authority) ? authority : hostOf(text.slice(0, end))
  // A user and a password are not kept.
  if (text[end] === "/" && !authority.includes("@")) known = { start: text.slice(0, end + 1), host }
  return divided(text, end, host)
}

function divided(text: string, pathStart: number, host: string): UrlParts {
  const end = before(text.indexOf("#", pathStart), text.length)
  const pathEnd = before(text.indexOf("?", pathStart), end)
  return { host, path: text.slice(pathStart, pathEnd), query: text.slice(pathEnd + 1, end) }
}

function before(index: number, end: number): number {
  return index < 0 || index > end ? end : index
}

/** As HTTP clients send it: without user and password, in lower case and punycode, without the scheme's own port. */
function hostOf(origin: string): string {
  // The URL class takes a backslash for the start of the path.
  if (origin.includes("\\") || !URL.canParse(origin)) throw unsignableUrl("must have a valid host")
  return new URL(origin).host
}

function notAbsolute() {
  return unsignableUrl("must be absolute, with http or https")
}

/** @param fault goes on from "The URL to sign". */
export function unsignableUrl(fault: string): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", `The URL to sign ${fault}: give it as it goes on the wire.`)
}
