/** One request as it is about to go on the wire. */
export interface Attempt {
  readonly method: string
  /** Absolute and finished: what goes on the wire. */
  readonly url: string
  /** By lower-case name, as they will be sent. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes that will be sent (a string is sent as UTF-8), `null` for none, `undefined` when they were left unread. */
  readonly body: string | Uint8Array | null | undefined
  /** Ends the work done for this attempt. */
  readonly signal?: AbortSignal | undefined
  /** The sender reports the outcome, by `judge` or `ended`. Others wait for it only then. */
  readonly tellsOutcome?: boolean | undefined
}

/** What an {@link Auth} made of an attempt. */
export interface Authentication<Used = unknown> {
  /** Headers to set, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** What the headers were made from; only the auth that gave it reads it, when it judges a rejection. */
  readonly used: Used
  /**
   * There while other attempts wait for what comes of this one: takes the status of its answer unless `judge` hears of that,
   * and `undefined` when none came.
   */
  readonly ended?: ((status: number | undefined) => void) | undefined
}

/** A 401 or 403 answer to an authenticated attempt. */
export interface Rejection {
  readonly status: number
  /** Scheme, host and port that answered. */
  readonly origin: string
  /** `error_code`, such as `APIGW.0301`; absent when the body could not be read. */
  readonly errorCode?: string | undefined
  /** `error_msg`; absent when the body could not be read. */
  readonly errorMessage?: string | undefined
  /** The server's clock (its Date header), epoch ms. */
  readonly serverTime?: number | undefined
  /** The attempt was already a replay: there will be no further one, whatever is decided. */
  readonly replayed: boolean
}

/** One authentication method, ready to use. Knows nothing of HTTP clients. */
export interface Auth {
  /**
   * The largest body, in bytes, that can be authenticated with these headers; bodies are read into memory up to it.
   * `undefined`: any body will do, and it is left unread.
   */
  bodyLimit(headers: Readonly<Record<string, string>>): number | undefined
  /** Takes over for bodies above the limit. Absent: they are an error. */
  readonly beyondLimit?: Auth | undefined
  /** Gives the headers for one attempt: a value when everything is at hand, else a promise. */
  authenticate(attempt: Attempt): Authentication | Promise<Authentication>
  /** Learns from a rejection. True when the same request, authenticated anew, may succeed. */
  judge(authentication: Authentication, rejection: Rejection, signal?: AbortSignal): boolean | Promise<boolean>
  /** Told of each attempt that was answered with 2xx. Called on the hot path: must be quick. */
  accepted?(authentication: Authentication, url: URL): void
  /** Forgets what makes it hold back, so that the next request goes at once. */
  reset?(): void
}
