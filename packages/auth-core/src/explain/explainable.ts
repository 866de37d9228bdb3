import type { Attempt, Auth, Authentication, Rejection } from "../auth/auth.ts"
import { andThen } from "../runtime/promises.ts"
import type { ExplainedRequest } from "./explanation.ts"
import { shownHeader } from "./masked.ts"

/** An auth that keeps the requests that were refused. */
export interface RefusedRequests {
  /** The request that an answer with this id refused, as it was sent; tokens as their length and the end of their hash. */
  refusedRequest(requestId: string): ExplainedRequest | undefined
  /** The request that an answer without an id refused: of this URL, with this status, within the last minute. Only if there is one. */
  lastRefused(url: string, status: number): ExplainedRequest | undefined
}

/** Options of {@link explainable}. */
export interface ExplainableOptions {
  /** How many refused requests are kept; the oldest go first. @default 100 */
  maxEntries?: number | undefined
}

interface Kept {
  readonly request: ExplainedRequest
  readonly url: string
  readonly status: number
  /** Milliseconds. */
  readonly at: number
}

/** An answer is explained soon after it came. */
const LATEST_MS = 60_000

/** A larger body is not kept. */
const LARGEST_KEPT_BYTES = 1024 * 1024

/**
 * Lets an auth keep each request that is refused, for {@link explain} to compare with what the gateway received. Costs
 * nothing for requests that are accepted. What is kept holds no SK and no token of the auth. The URL and the body are kept as
 * they were sent, and masked where {@link explain} shows them.
 *
 * ```ts
 * const auth = explainable(akskAuth(defaultCredentials()))
 * const api = withAuth(axios, auth)
 * api.get(url).catch(async (error) => console.error(String(await explain(error, { auth }))))
 * ```
 */
export function explainable<A extends Auth>(
  auth: A,
  { maxEntries = 100 }: ExplainableOptions = {},
): A & RefusedRequests {
  const kept = new Map<string | symbol, Kept>()
  const keep = (attempt: Attempt, authentication: Authentication, { requestId, status }: Rejection): void => {
    const request = requestOf(attempt, authentication)
    kept.set(requestId ?? Symbol("no id"), { request, url: hrefOf(attempt.url), status, at: performance.now() })
    const [oldest = ""] = kept.keys()
    if (kept.size > maxEntries) kept.delete(oldest)
  }
  const lastRefused = (url: string, status: number): ExplainedRequest | undefined => {
    const [href, since] = [hrefOf(url), performance.now() - LATEST_MS]
    const [found, ...others] = [...kept.values()].filter(
      (each) => each.url === href && each.status === status && each.at >= since,
    )
    return others.length === 0 ? found?.request : undefined
  }
  return { ...remembering(auth, keep), refusedRequest: (requestId) => kept.get(requestId)?.request, lastRefused }
}

/** An answer may name the URL in another spelling. */
function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/#.*$/s, "") : url
}

type Keep = (attempt: Attempt, authentication: Authentication, rejection: Rejection) => void

/** The authentication of an attempt, as the auth gave it. */
interface Made {
  readonly authentication: Authentication
  readonly attempt: Attempt
}

/** The auth, and the one that it names for large bodies, with every refused attempt kept. */
function remembering<A extends Auth>(auth: A, keep: Keep): A {
  // An auth may give the same object for many attempts, so each attempt gets a copy. The auth itself sees its own.
  const made = new WeakMap<Authentication, Made>()
  const own = (copy: Authentication): Authentication => made.get(copy)?.authentication ?? copy
  // An auth of a class has its methods on the prototype, where a spread does not find them.
  const { beyondLimit } = auth
  return {
    ...auth,
    ...(beyondLimit && { beyondLimit: remembering(beyondLimit, keep) }),
    ...(auth.accepted && { accepted: (copy: Authentication, url: URL) => auth.accepted?.(own(copy), url) }),
    ...(auth.reset && { reset: () => auth.reset?.() }),
    bodyLimit: (headers) => auth.bodyLimit(headers),
    authenticate: (attempt) =>
      andThen(auth.authenticate(attempt), (authentication) => {
        const copy = { ...authentication }
        made.set(copy, { authentication, attempt })
        return copy
      }),
    judge(copy, rejection, signal) {
      const known = made.get(copy)
      if (known !== undefined) keep(known.attempt, known.authentication, rejection)
      return auth.judge(own(copy), rejection, signal)
    },
  }
}

function requestOf({ method, url, headers, body }: Attempt, { headers: added }: Authentication): ExplainedRequest {
  const all = Object.entries({ ...headers, ...added })
  const shown = all.map(([name, value]) => [name, name === "authorization" ? value : shownHeader(name, value)])
  const isKept = body === undefined || body === null || body.length <= LARGEST_KEPT_BYTES
  return { method, url, headers: Object.fromEntries(shown), body: isKept ? body : undefined }
}
