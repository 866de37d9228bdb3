import { AuthError } from "../errors/auth-error.ts"
import { staysAtOrigin } from "./secret-headers.ts"

/** What a redirect changes of a request. */
export interface RedirectableRequest {
  readonly method: string
  readonly url: URL
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The request that a redirect asks for. */
interface Redirect {
  readonly request: RedirectableRequest
  readonly keepsBody: boolean
  /** It leads to another origin. */
  readonly crosses: boolean
}

const DESCRIBES_THE_BODY = /^content-(?:encoding|language|location|type|length)$/

/**
 * The request that follows a redirect, by fetch's rules: POST becomes GET after 301 and 302, everything but GET and HEAD
 * becomes GET after 303, and then the body goes; 307 and 308 repeat the request. Secrets do not cross to another origin.
 *
 * @param secretHeaders more names of what is secret, in lower case.
 * @returns `undefined` when there is no Location, or none that can be followed.
 * @see WHATWG Fetch, "HTTP-redirect fetch"
 */
export function followRedirect(
  request: RedirectableRequest,
  status: number,
  location: string | undefined,
  secretHeaders: readonly string[] = [],
): Redirect | undefined {
  if (location === undefined || !URL.canParse(location, request.url)) return undefined
  const url = new URL(location, request.url)
  // Who signs has no use for them, and fetch refuses a URL that has them.
  url.username = ""
  url.password = ""
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined
  const { method, body } = request
  const becomesGet = status < 304 && (method === "POST" || (status === 303 && method !== "GET" && method !== "HEAD"))
  const crosses = url.origin !== request.url.origin
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) =>
        !(becomesGet && DESCRIBES_THE_BODY.test(name)) &&
        !(crosses && (staysAtOrigin(name) || secretHeaders.includes(name))),
    ),
  )
  if (becomesGet) return { request: { method: "GET", url, headers, body: null }, keepsBody: false, crosses }
  return { request: { method, url, headers, body }, keepsBody: body !== null && body !== undefined, crosses }
}

/** For the answer of a browser that met a redirect, and was told not to follow it. */
export function hiddenRedirect({ origin, pathname }: URL): AuthError {
  return new AuthError(
    "AUTH_REDIRECT_BLOCKED",
    `${origin}${pathname} answers with a redirect, and a browser hides where it leads, so the next request could not be authenticated: call the final URL.`,
  )
}
