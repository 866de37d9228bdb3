import { AuthError } from "../errors/auth-error.ts"

/** The parts of a URL as they go on the wire. */
export interface WireUrl {
  /** Value of the Host header: a port only where the URL has one. */
  readonly host: string
  /** Undecoded; may be empty. */
  readonly path: string
  /** Undecoded, without the question mark; may be empty. */
  readonly query: string
}

const ABSOLUTE = /^https?:\/\/(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)(?:\?([^#]*))?/i
const ASCII = /^[\x21-\x7e]+$/
const CONTROL = /\p{Cc}/u

/**
 * Takes a URL apart without changing it, as the URL class would: dot segments, quotes and the like stay.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or holds control characters.
 */
export function wireUrl(url: string | URL): WireUrl {
  const text = typeof url === "string" ? url : url.href
  const parts = CONTROL.test(text) ? null : ABSOLUTE.exec(text)
  if (parts === null || parts[1] === undefined) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      "The URL to sign must be absolute, http or https, without line breaks: there is no host to sign for.",
    )
  }
  return { host: hostOf(parts[1]), path: parts[2] ?? "", query: parts[3] ?? "" }
}

/** As HTTP clients send it: in lower case, and in punycode. */
function hostOf(authority: string): string {
  if (ASCII.test(authority)) return authority.toLowerCase()
  if (URL.canParse(`https://${authority}`)) return new URL(`https://${authority}`).host
  throw new AuthError("AUTH_INVALID_REQUEST", "The URL to sign has no valid host.")
}
