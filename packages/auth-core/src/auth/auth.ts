import type { CacheEvent } from "../cache/cache-options.ts"
import { invalidOption } from "../errors/auth-error.ts"

/** One request, ready to be sent. */
export interface Attempt {
  /** HTTP method, in the case in which it is sent. */
  readonly method: string
  /** Absolute, exactly as it is sent. */
  readonly url: string
  /** By lower-case name, exactly as they are sent. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes to send (a string is sent as UTF-8); `null` for none; `undefined` when they were not read. */
  readonly body: string | Uint8Array | null | undefined
  /** Ends the work done for this attempt. */
  readonly signal?: AbortSignal | undefined
  /** The sender reports the outcome, by `judge` or `ended`. Only then may other attempts wait for it. */
  readonly tellsOutcome?: boolean | undefined
}

/** The authentication of one attempt. */
export interface Authentication<Used = unknown> {
  /** Headers to set, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** The input of the headers. Only the auth that made it reads it, to judge a rejection. */
  readonly used: Used
  /**
   * Present while other attempts wait for the outcome of this one. Takes the status of the answer, unless `judge` gets
   * it; `undefined` when there is no answer.
   */
  readonly ended?: ((status: number | undefined) => void) | undefined
}

/** A 401 or 403 answer to an authenticated attempt. */
export interface Rejection {
  /** 401 or 403. */
  readonly status: number
  /** Scheme, host and port that answered. */
  readonly origin: string
  /** `error_code`, such as `APIGW.0301`; absent when the body could not be read. */
  readonly errorCode?: string | undefined
  /** `error_msg`; absent when the body could not be read. */
  readonly errorMessage?: string | undefined
  /** `request_id`, else that of a header such as X-Request-Id. */
  readonly requestId?: string | undefined
  /** The server's clock (its Date header), epoch ms. */
  readonly serverTime?: number | undefined
  /** The attempt was a replay, so there will be no other one. */
  readonly replayed: boolean
}

/** The reason why the same request may succeed with new authentication. `curable`: the auth gives no reason. */
export type ReplayReason = "credential-renewed" | "clock-corrected" | "curable"

/** One authentication method, ready to use. It knows no HTTP client. */
export interface Auth {
  /** Names the owner of the credential to people, in events alone. */
  readonly label?: string | undefined
  /**
   * The largest body, in bytes, that can be authenticated with these headers. Bodies up to this size are read into
   * memory. `undefined`: any body is allowed, and it is not read.
   */
  bodyLimit(headers: Readonly<Record<string, string>>): number | undefined
  /** Authenticates requests with a body above the limit. Absent: such a body is an error. */
  readonly beyondLimit?: Auth | undefined
  /** The headers for one attempt: a value when everything is at hand, else a promise. */
  authenticate(attempt: Attempt): Authentication | Promise<Authentication>
  /** Learns from a rejection. True, or a reason, if the same request may succeed when it is authenticated again. */
  judge(
    authentication: Authentication,
    rejection: Rejection,
    signal?: AbortSignal,
  ): boolean | ReplayReason | Promise<boolean | ReplayReason>
  /** Receives each attempt with a 2xx answer. Runs on the hot path, so it must be quick. */
  accepted?(authentication: Authentication, url: URL): void
  /** Ends every pause, so that the next request is sent at once. */
  reset?(): void
}

/** An event of the credentials of an `akskAuth`. */
export type AkskAuthEvent = {
  /** The signature was wrong twice in a row, or again after a pause. The key is not sent to the origin for a while. */
  readonly type: "credentials-paused"
  /** The key that is paused. */
  readonly accessKeyId: string
  /** Scheme, host and port that refused it. */
  readonly origin: string
  /** Failed signatures since the last success. */
  readonly failures: number
  /** The time until it is sent again, milliseconds. */
  readonly retryAfterMs: number
}

/** An event of an auth, or of a cache that it has alone. */
export type AuthEvent = AkskAuthEvent | CacheEvent

/** An auth, and its name in caches. */
interface NamedAuth {
  readonly auth: object
  readonly name: string
}

/** Keyed by the `authenticate` function of an auth: a client may copy the auth, but its functions stay the same. */
const named = new WeakMap<object, NamedAuth[]>()

/**
 * The name by which a client's cache tells apart the requests of different auths. It is random, because processes may share
 * a cache, and it is no secret. It lasts as long as the auth and the process.
 */
export function authName(given: unknown): string {
  // A value that is not an auth is refused later.
  const auth: object = Object(given)
  const known = Object(Reflect.get(auth, "authenticate"))
  const alike = named.get(known) ?? []
  const found = alike.find((one) => isSame(one.auth, auth))
  if (found !== undefined) return found.name
  const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("")
  named.set(known, [...alike, { auth, name }])
  return name
}

/** Whether two values are the same, or copies of the same as clients make them. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => isSame(Reflect.get(one, key), Reflect.get(other, key)))
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** An auth that signs, and the one for bodies that are too large to sign. */
export type AutoAuthMethods = { aksk: Auth; token: Auth } | { app: Auth; code: Auth }

/**
 * Signs with AK/SK up to the largest body that can be signed (12 MB, 12 * 1024 * 1024 bytes), and uses the token above
 * it. For an API on API Gateway it signs with AppKey and AppSecret, and uses the AppCode above that size. A stream is read
 * into memory up to that limit. A longer one is sent as a stream: the part that was read, then the rest.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when one of the two is missing.
 * @see API Signing Guide, "AK/SK authentication": larger requests need token authentication
 */
export function autoAuth(methods: AutoAuthMethods): Auth & Required<Pick<Auth, "reset">> {
  const given = Object(methods) as AutoAuthMethods
  const isApp = "app" in given || "code" in given
  const [signing, beyond] = isApp
    ? [checked(given.app, "app", APP), checked(given.code, "code", APP)]
    : [checked(given.aksk, "aksk", ACCOUNT), checked(given.token, "token", ACCOUNT)]
  return {
    label: signing.label ?? beyond.label,
    bodyLimit: (headers) => signing.bodyLimit(headers),
    beyondLimit: beyond,
    authenticate: (attempt) => signing.authenticate(attempt),
    judge: (authentication, rejection, signal) => signing.judge(authentication, rejection, signal),
    accepted: (authentication, url) => signing.accepted?.(authentication, url),
    reset() {
      signing.reset?.()
      beyond.reset?.()
    },
  }
}

const ACCOUNT = "akskAuth(...) and tokenAuth(...)"
const APP = "appAuth(...) and appCodeAuth(...)"

/** @param pass the right auths, in words */
function checked(auth: Auth, name: string, pass: string): Auth {
  if (typeof auth?.authenticate === "function") return auth
  throw invalidOption(`autoAuth needs an auth as \`${name}\`: pass ${pass}.`)
}
