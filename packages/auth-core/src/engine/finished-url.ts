import { AuthError } from "../errors/auth-error.ts"

/**
 * The URL as it goes on the wire: absolute, one percent-encoding, no fragment, a space in the query as `%20` and never `+`
 * (servers disagree on what a signed `+` means).
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, malformed, or not http(s).
 */
export function finishedUrl(url: string | URL): URL {
  const finished = parse(url)
  if (finished.protocol !== "https:" && finished.protocol !== "http:") {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      `Only http and https requests can be authenticated, not ${finished.protocol}`,
    )
  }
  if (finished.hash !== "") finished.hash = ""
  if (finished.search.includes("+")) finished.search = finished.search.replaceAll("+", "%20")
  return finished
}

function parse(url: string | URL): URL {
  try {
    return new URL(url)
  } catch (cause) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      "The request has no absolute URL, so there is no host to authenticate for: give the full URL, or set the client's base URL.",
      { cause },
    )
  }
}
