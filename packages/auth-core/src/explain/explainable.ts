import type { Attempt, Auth, Authentication, Rejection } from "../auth/auth.ts"
import { isObject, memberAt, textAt } from "../runtime/member-at.ts"
import type { ExplainedRequest } from "./explanation.ts"
import { shownHeader } from "./masked.ts"

/** An auth that keeps the requests that were refused. */
export interface RefusedRequests {
  /** The request that an answer with this id refused, as it was sent; tokens as their length and the end of their hash. */
  refusedRequest(requestId: string): ExplainedRequest | undefined
}

export interface ExplainableOptions {
  /** How many refused requests are kept; the oldest go first. @default 100 */
  maxEntries?: number | undefined
}

/** A larger body is not kept. */
const LARGEST_KEPT_BYTES = 1024 * 1024

/**
 * Lets an auth keep each request that is refused, for {@link explain} to compare with what the gateway received. Costs
 * nothing for requests that are accepted. What is kept holds no SK and no token.
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
  const kept = new Map<string, ExplainedRequest>()
  const keep = (authentication: Authentication, rejection: Rejection): void => {
    const requestId = textAt(rejection, "requestId")
    const attempt = attemptIn(authentication)
    if (requestId === undefined || attempt === undefined) return
    kept.set(requestId, requestOf(attempt, authentication))
    const [oldest = ""] = kept.keys()
    if (kept.size > maxEntries) kept.delete(oldest)
  }
  // An auth of a class has its methods on the prototype, where a spread does not find them.
  const { beyondLimit } = auth
  return {
    ...auth,
    ...(beyondLimit && { beyondLimit }),
    ...(auth.accepted && {
      accepted: (authentication: Authentication, url: URL) => auth.accepted?.(authentication, url),
    }),
    ...(auth.reset && { reset: () => auth.reset?.() }),
    bodyLimit: (headers) => auth.bodyLimit(headers),
    authenticate: (attempt) => auth.authenticate(attempt),
    judge(authentication, rejection, signal) {
      keep(authentication, rejection)
      return auth.judge(authentication, rejection, signal)
    },
    refusedRequest: (requestId) => kept.get(requestId),
  }
}

/** An auth that signs remembers what it signed. */
function attemptIn({ used }: Authentication): Attempt | undefined {
  const attempt = memberAt(used, "attempt")
  return isObject(attempt) && textAt(attempt, "url") !== undefined ? (attempt as Attempt) : undefined
}

function requestOf({ method, url, headers, body }: Attempt, { headers: added }: Authentication): ExplainedRequest {
  const all = Object.entries({ ...headers, ...added })
  const shown = all.map(([name, value]) => [name, name === "authorization" ? value : shownHeader(name, value)])
  const isKept = body === undefined || body === null || body.length <= LARGEST_KEPT_BYTES
  return { method, url, headers: Object.fromEntries(shown), body: isKept ? body : undefined }
}
