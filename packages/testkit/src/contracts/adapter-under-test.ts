import type { Auth, GuardOptions } from "@countersign/auth-core"
import type { BodyKind, BodySample } from "../body-kinds.ts"

/** A request, independent of any client. */
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
  /** How often the client itself retries a 503, almost without a pause. */
  retries?: number
}

/** A response, independent of any client. A 4xx or 5xx is a status here, even if the client throws it. */
export interface AdapterResponse {
  status: number
  text: string
  /** The client's own response or error, as its caller gets it. It is searched for secrets. */
  raw: unknown
}

export interface AdapterUnderTest {
  /** A client for that base URL. With an auth it is authenticated, and each request may bring its own. */
  connect(setup: {
    baseUrl: string
    auth?: Auth | false
    options?: GuardOptions
  }): (request: AdapterRequest) => Promise<AdapterResponse>
  /** The body kinds that the client itself refuses, each with the reason. */
  refuses?: Partial<Record<BodyKind, string>>
  /** The body kinds that the client sends only with auth, because the adapter reads them. There is nothing to compare. */
  adds?: readonly BodyKind[]
  /** More bodies, such as those of packages that only this client takes. */
  bodies?: Partial<Record<BodyKind, BodySample>>
  /** The client keeps the method of a POST on 301 and 302. @default false */
  keepsMethodOn302?: boolean
  /** The body kinds that the client itself spoils when it retries. */
  spoilsOnRetry?: readonly BodyKind[]
  /** The client has no retries of its own. @default false */
  neverRetries?: boolean
  /** The client sends a stream on its own, so nothing keeps it for a replay. @default false */
  keepsNoStreams?: boolean
  /** The client sends a stream as it comes only if it bypasses the adapter. @default false */
  takesNoStreams?: boolean
  /** The client drops unknown options, so a request can name no auth. @default false */
  namesNoAuth?: boolean
}

/** The auth that a request names, under the adapter's key for it; an empty object if it names none. */
export function namedAuth<Key extends string>(key: Key, request: AdapterRequest): { [name in Key]?: Auth | false } {
  return "auth" in request ? ({ [key]: request.auth } as { [name in Key]?: Auth | false }) : {}
}
