import type { Auth, GuardOptions } from "@countersign/auth-core"
import type { BodyKind, BodySample } from "../body-kinds.ts"

/** A request in no client's words. */
export interface AdapterRequest {
  method?: string
  /** Path and query, appended to the base URL. */
  path?: string
  headers?: Record<string, string>
  body?: unknown
  as?: BodySample["as"]
  /** Per-request auth; see {@link namedAuth}. */
  auth?: Auth | false | undefined
  signal?: AbortSignal
  /** How often the client itself retries a 503, without a pause worth the name. */
  retries?: number
}

/** The answer in no client's words. A 4xx or 5xx is a status here, whatever the client makes of it. */
export interface AdapterResponse {
  status: number
  text: string
  /** The client's own response or error, as the caller of the client holds it; looked into for secrets. */
  raw: unknown
}

export interface AdapterUnderTest {
  /** A client on that base URL; authenticated when there is an auth, and then each request may bring its own. */
  connect(setup: {
    baseUrl: string
    auth?: Auth | false
    options?: GuardOptions
  }): (request: AdapterRequest) => Promise<AdapterResponse>
  /** The body kinds that the client itself does not take, each with a word why. */
  refuses?: Partial<Record<BodyKind, string>>
  /** The body kinds that the client sends only with auth, since the adapter reads them; there is nothing to compare with. */
  adds?: readonly BodyKind[]
  /** More bodies, such as those of packages that only this client takes. */
  bodies?: Partial<Record<BodyKind, BodySample>>
  /** The client keeps the method of a POST on 301 and 302. @default false */
  keepsMethodOn302?: boolean
  /** The body kinds that the client itself spoils when it retries. */
  spoilsOnRetry?: readonly BodyKind[]
  /** The client has no retries of its own. @default false */
  neverRetries?: boolean
  /** The client sends a stream by itself, so nobody keeps it for a replay. @default false */
  keepsNoStreams?: boolean
  /** The client has no way to send a stream as it comes, other than around the adapter. @default false */
  takesNoStreams?: boolean
  /** The client lets no option of another's pass, so a request can name no auth. @default false */
  namesNoAuth?: boolean
}

/** The auth that a request names, under the adapter's key for it; nothing when it names none. */
export function namedAuth<Key extends string>(key: Key, request: AdapterRequest): { [name in Key]?: Auth | false } {
  return "auth" in request ? ({ [key]: request.auth } as { [name in Key]?: Auth | false }) : {}
}
