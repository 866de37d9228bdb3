import { AuthError } from "../errors/auth-error.ts"

/**
 * The URL as it goes on the wire: absolute, one percent-encoding, no fragment, a space in the query as `%20` and never `+`
 * (servers disagree on what a signed `+` means).
 *
 * @param url stays as it is; one that is finished already is given back itself.
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, malformed, or not http(s).
 */
export function wireUrl(url: string | URL): URL {
  const parsed = typeof url === "string" ? parse(url) : url
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") throw noHttpUrl()
  if (parsed.hash === "" && !parsed.search.includes("+")) return parsed
  const finished = new URL(parsed)
  finished.hash = ""
  // Set to nothing, an empty query would lose its question mark.
  if (finished.search !== "") finished.search = finished.search.replaceAll("+", "%20")
  return finished
}

/** @param base what a relative URL is relative to, if anything. */
export function parse(url: string, base?: string | URL): URL {
  try {
    return new URL(url, base)
  } catch (cause) {
    throw noHttpUrl(cause)
  }
}

function noHttpUrl(cause?: unknown): AuthError {
  return new AuthError(
    "AUTH_INVALID_REQUEST",
    "Only a full http or https URL names a host to authenticate for: give one, or set the client's base URL.",
    { cause },
  )
}
