import { AuthError } from "../errors/auth-error.ts"

/** The parts of a URL as they go on the wire. */
export interface WireUrl {
  /** Value of the Host header: lower case, with a port only where it is not the scheme's own. */
  readonly host: string
  /** Undecoded; may be empty. */
  readonly path: string
  /** Undecoded, without the question mark; may be empty. */
  readonly query: string
}

const SCHEME = /^https?:\/\//i
const PLAIN_HOST = /^[a-z\d.-]+$/

/**
 * Takes a URL apart without changing path and query, as the URL class would: dot segments, quotes and the like stay.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or has no valid host.
 */
export function wireUrl(url: string | URL): WireUrl {
  const text = typeof url === "string" ? url : url?.href
  if (typeof text !== "string" || !SCHEME.test(text)) throw invalid("must be absolute, with http or https")
  const start = text.indexOf("//") + 2
  const fragment = text.indexOf("#", start)
  const sent = fragment < 0 ? text : text.slice(0, fragment)
  const question = sent.indexOf("?", start)
  const target = question < 0 ? sent : sent.slice(0, question)
  const slash = target.indexOf("/", start)
  const authority = slash < 0 ? target.slice(start) : target.slice(start, slash)
  return {
    host: PLAIN_HOST.test(authority) ? authority : hostOf(text.slice(0, start), authority),
    path: slash < 0 ? "" : target.slice(slash),
    query: question < 0 ? "" : sent.slice(question + 1),
  }
}

/** As HTTP clients send it: without user and password, in lower case and punycode. */
function hostOf(scheme: string, authority: string): string {
  const origin = scheme + authority
  if (URL.canParse(origin)) {
    const { host, pathname } = new URL(origin)
    // A backslash would end the authority early.
    if (pathname === "/") return host
  }
  throw invalid("must have a valid host")
}

function invalid(fault: string): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", `The URL to sign ${fault}: give it as it goes on the wire.`)
}
