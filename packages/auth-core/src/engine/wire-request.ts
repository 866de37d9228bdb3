import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"

/** One request on the wire, for the adapter to send as it stands: no redirects followed, nothing added. */
export interface WireRequest {
  readonly method: string
  readonly url: URL
  /** All headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Those among them that the auth added, by lower-case name. Secrets among them must not show. */
  readonly added: Readonly<Record<string, string>>
  /** Bytes when the auth needed them; else what the caller gave, or an async iterable in place of a stream that was begun. */
  readonly body: unknown
  /** How many redirects led here. */
  readonly redirects: number
  /** False when this URL may not see credentials: the client may then treat it as if there were no auth. */
  readonly authenticated: boolean
}

const NONE = {}

export function wireRequest(attempt: AuthenticatedAttempt, redirects: number): WireRequest {
  const { method, url, headers, body, authenticated } = attempt
  const added = authenticated?.as.headers ?? NONE
  return { method, url, headers, added, body: body.content, redirects, authenticated: authenticated !== undefined }
}
