// Loaded on demand: most clients tell nothing, and most requests meet no trouble.
import type { Auth, AuthEvent, Authentication, ReplayReason } from "../auth/auth.ts"
import {
  type Cloud,
  checkCloud,
  cloudRuAdvanced,
  flexibleEngine,
  g42Cloud,
  openTelekomCloud,
  swissOpenTelekomCloud,
} from "../cloud/cloud.ts"
import type { ErrorFields } from "../cloud/error-fields.ts"
import { AuthError, type AuthErrorCode, invalidOption } from "../errors/auth-error.ts"
import { redactText } from "../runtime/redact.ts"
import { tellListeners, warn } from "../runtime/tell-listeners.ts"

/**
 * Why a request goes out without authentication.
 *
 * | reason | the URL |
 * | --- | --- |
 * | `host-not-listed` | has a host that is not on the list: `hosts`, else those of the cloud and that of the base URL |
 * | `no-base-url` | has a host that is not the cloud's, and the client has no base URL that would admit it |
 * | `redirected` | comes from a redirect from another origin, and only the default list would admit its host |
 * | `plain-http` | comes from a redirect from another origin to a host that is admitted, but by plain http |
 */
export type BareReason = "host-not-listed" | "no-base-url" | "redirected" | "plain-http"

interface OfAttempt {
  readonly method: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Without the query. */
  readonly path: string
  /** The kind of its authentication; absent when it goes out bare. `other`: an auth that is not of this library. */
  readonly auth?: "aksk" | "token" | "other" | undefined
  /** Whose credential it carries, for people to read; the auth's `label` if it has one. */
  readonly label?: string | undefined
}

/** An event of a request. */
export type RequestEvent =
  /**
   * A request goes on the wire. `bare`: without authentication, and why. `reused`: an earlier attempt that was told carried
   * the same credential, so this one needed no refresh.
   */
  | (OfAttempt & {
      readonly type: "attempt"
      readonly bare?: BareReason | undefined
      readonly reused?: boolean | undefined
    })
  /** The answer has come. `rejection`: what a 401 or 403 to an authenticated attempt says, as far as it can be read. */
  | (OfAttempt & {
      readonly type: "response"
      readonly status: number
      readonly durationMs: number
      readonly rejection?: Readonly<ErrorFields> | undefined
    })
  /**
   * There is no answer: the network failed, or the caller aborted, or the time was over. `error` is the name of the client's error, such as
   * `AbortError`, and `code` its code or that of its cause, such as `ECONNREFUSED`.
   */
  | (OfAttempt & {
      readonly type: "failure"
      readonly error: string
      readonly code?: string | undefined
      readonly durationMs: number
    })
  /** A rejected attempt is sent once more. */
  | (OfAttempt & { readonly type: "replay"; readonly because: ReplayReason })
  /** A redirect is followed. */
  | (OfAttempt & {
      readonly type: "redirect"
      readonly status: number
      readonly toOrigin: string
      readonly toPath: string
    })

/**
 * Everything that can be watched, told apart by `type`. Holds no secret. More types may come: ignore a `type` that you do
 * not know.
 *
 * | type | of | where |
 * | --- | --- | --- |
 * | `attempt`, `response`, `failure`, `replay`, `redirect` | a request | the client's `onEvent` |
 * | `acquired`, `served-stale`, `refresh-failed`, `backed-off`, `invalidated`, `store-failed`, `store-unreadable`, `store-unheard` | a cache | `onEvent` of the cache, or of the auth that has it alone |
 * | `credentials-paused` | an access key | `onEvent` of `akskAuth` |
 *
 * The channel `countersign` of `node:diagnostics_channel` has them all.
 */
export type DiagnosticEvent = RequestEvent | AuthEvent

/** Options for the events of a client. */
export interface DiagnosticOptions {
  /**
   * The fate of a request that this client may not authenticate. `warn`: it goes out bare, with one warning for each
   * origin in the process. `error`: an AuthError in its place. `silent`: it goes out bare.
   * @default "warn"
   */
  unlisted?: "warn" | "error" | "silent" | undefined
  /** Receives the events of this client's requests. Anything it throws is ignored. */
  onEvent?: ((event: RequestEvent) => unknown) | undefined
}

/** A request before it goes out bare. */
interface BareRequest {
  readonly method: string
  readonly url: URL
  /** A redirect led here. */
  readonly redirected?: boolean | undefined
}

/**
 * Tells of a request that goes out without authentication: in an event, and in a warning or error, as `unlisted` says.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL` for plain http to a host that is admitted, unless a redirect led there;
 * `AUTH_INVALID_REQUEST` for any other where `unlisted` is `error`; `AUTH_INVALID_OPTION` for a malformed `cloud`, which has
 * no hosts, and for a malformed `allowInsecure`, which allows nothing.
 */
export function tellBare(
  { label }: Auth,
  request: BareRequest,
  bare: BareReason,
  options: DiagnosticOptions & { readonly cloud?: Cloud | undefined; readonly allowInsecure?: unknown },
): void {
  checkCloud(options.cloud)
  const { method, url, redirected = false } = request
  const { unlisted = "warn", allowInsecure = false } = options
  if (typeof allowInsecure !== "boolean") throw invalidOption("`allowInsecure` must be true or false.")
  const what = `${method} ${url.origin}${url.pathname}`
  const refuse = (code: AuthErrorCode, cure: string): AuthError =>
    new AuthError(code, `${what} was not sent: ${REASONS[bare]} ${cure}`, { endpoint: url.origin })
  if (bare === "plain-http" && (unlisted === "error" || !redirected))
    throw refuse("AUTH_INSECURE_URL", "Use https, or set `allowInsecure`.")
  const cure = `To authenticate it, ${bare === "plain-http" ? "set `allowInsecure`" : admitting(url)}.`
  if (unlisted === "error") throw refuse("AUTH_INVALID_REQUEST", cure)
  if (unlisted === "warn")
    warnOnce(url.origin, `${what} goes without authentication: ${REASONS[bare]} ${cure} ${QUIET}`)
  tellListeners({ type: "attempt", ...placeOf({ method, url }), label, bare }, options.onEvent)
}

/** The options that admit a host, for people. */
function admitting({ host, hostname }: URL): string {
  const other = CLOUDS.find(({ domain }) => hostname.endsWith(`.${domain}`))
  return `list "${host}" in \`hosts\`${other === undefined ? "" : `, or name its cloud, ${other.domain}, as \`cloud\``}`
}

const CLOUDS = [openTelekomCloud, swissOpenTelekomCloud, flexibleEngine, cloudRuAdvanced, g42Cloud]

const REASONS: Readonly<Record<BareReason, string>> = {
  "host-not-listed": "its host is not among those that may see credentials.",
  "no-base-url": "its host is not on the default list of API hosts.",
  redirected: "a redirect from another origin led there.",
  "plain-http": "it is plain http, which must not carry credentials.",
}
const QUIET = 'The option `unlisted` hides this ("silent") or refuses the request ("error").'

const MOST_ORIGINS = 1_000
const warned = new Set<string>()

function warnOnce(origin: string, message: string): void {
  if (warned.has(origin) || warned.size >= MOST_ORIGINS) return
  warned.add(origin)
  warn("COUNTERSIGN_BARE", message)
}

/** An attempt, as far as it is told. */
interface ToldAttempt {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly added: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly by?: Auth | undefined
  readonly as?: Authentication | undefined
}

const startedAt = new WeakMap<object, number>()

/** An authenticated attempt goes on the wire. */
export function tellAttempt(attempt: ToldAttempt, { onEvent }: DiagnosticOptions): void {
  tellListeners({ type: "attempt", ...partiesOf(attempt), reused: isReused(attempt) }, onEvent)
}

/** The credentials of the attempts that were told. */
const seen = new WeakSet<object>()

/** Whether the cache had the credential. `undefined` for an auth that does not show it. */
function isReused({ as }: ToldAttempt): boolean | undefined {
  const { credentials = as?.used } = Object(as?.used)
  if (Object(credentials) !== credentials) return undefined
  const isSeen = seen.has(credentials)
  seen.add(credentials)
  return isSeen
}

/** The time of an attempt counts from here. */
export function startTime(attempt: ToldAttempt): void {
  startedAt.set(attempt, performance.now())
}

/** Since the attempt went on the wire; 0 when nobody listened then. */
export function timeSince(attempt: ToldAttempt): number {
  const now = performance.now()
  return now - (startedAt.get(attempt) ?? now)
}

const over = new WeakSet<object>()

/** Whether the end of an attempt was told. Some clients report it twice, and an answer may break off. */
function isOver(attempt: ToldAttempt): boolean {
  if (over.has(attempt)) return true
  over.add(attempt)
  return false
}

/** The answer to an attempt has come. */
export function tellResponse(
  attempt: ToldAttempt,
  { status, durationMs, rejection }: { status: number; durationMs: number; rejection: ErrorFields | undefined },
  { onEvent }: DiagnosticOptions,
): void {
  if (isOver(attempt)) return
  const said = rejection === undefined ? undefined : withoutSecrets(rejection, attempt)
  tellListeners({ type: "response", ...partiesOf(attempt), status, durationMs, rejection: said }, onEvent)
}

/** Tells that an attempt gets no answer. */
export function tellFailure(attempt: ToldAttempt, thrown: unknown, { onEvent }: DiagnosticOptions): void {
  if (!startedAt.has(attempt) || isOver(attempt)) return
  const durationMs = timeSince(attempt)
  const error = wordAt(thrown, "name") ?? "Error"
  tellListeners({ type: "failure", ...partiesOf(attempt), error, code: codeIn(thrown), durationMs }, onEvent)
}

/** The code of the innermost cause, which says most. */
function codeIn(thrown: unknown, depth = 0): string | undefined {
  const { cause, errors } = Object(thrown)
  const [inner] = depth < DEEPEST_CAUSE ? [cause, errors].flat().filter((one) => Object(one) === one) : []
  return (inner && codeIn(inner, depth + 1)) ?? wordAt(thrown, "code")
}

const DEEPEST_CAUSE = 5

/** A name or a code is one short word. Any other text may hold more. */
function wordAt(thrown: unknown, member: "name" | "code"): string | undefined {
  const word: unknown = Object(thrown)[member]
  return typeof word === "string" && /^[A-Za-z][\w.]{0,63}$/.test(word) ? word : undefined
}

export function tellReplay(attempt: ToldAttempt, because: ReplayReason, { onEvent }: DiagnosticOptions): void {
  tellListeners({ type: "replay", ...partiesOf(attempt), because }, onEvent)
}

export function tellRedirect(attempt: ToldAttempt, status: number, to: URL, { onEvent }: DiagnosticOptions): void {
  const { origin: toOrigin, pathname: toPath } = to
  tellListeners({ type: "redirect", ...partiesOf(attempt), status, toOrigin, toPath }, onEvent)
}

function placeOf({ method, url }: Pick<ToldAttempt, "method" | "url">): Pick<OfAttempt, "method" | "origin" | "path"> {
  return { method, origin: url.origin, path: url.pathname }
}

function partiesOf(attempt: ToldAttempt): OfAttempt {
  const { by, added } = attempt
  const place = placeOf(attempt)
  if (by === undefined) return place
  if ("x-auth-token" in added) return { ...place, auth: "token", label: by.label ?? "token" }
  const accessKeyId = /\bAccess=([^\s,]+)|Credential=([^\s,/]+)/
    .exec(added.authorization ?? "")
    ?.slice(1)
    .join("")
  if (!accessKeyId) return { ...place, auth: "other", label: by.label }
  return { ...place, auth: "aksk", label: by.label ?? `access key ${accessKeyId}` }
}

/** Services quote what they were sent. The canonical request is for `explain`. */
function withoutSecrets({ errorCode, errorMessage, requestId }: ErrorFields, attempt: ToldAttempt): ErrorFields {
  const { headers, url, body } = attempt
  const cookies = (headers.cookie ?? "").split(/; */).map((pair) => pair.slice(pair.indexOf("=") + 1))
  const sent = [...Object.values(headers), ...cookies, ...url.searchParams.values(), ...valuesOf(body)]
  // The service quotes the date where a clock is wrong.
  const secrets = sent.filter((value) => value.length >= SHORTEST_SECRET && value !== headers["x-sdk-date"])
  const redacted = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : redactText(text.replace(/canonicalRequest:.*/is, "canonicalRequest: ..."), secrets)
  return { errorCode: redacted(errorCode), errorMessage: redacted(errorMessage), requestId: redacted(requestId) }
}

/** The values of a body of JSON or of a form, as far as it is at hand. A stream is not. */
function valuesOf(body: unknown): string[] {
  const isBytes = body instanceof Uint8Array
  if (!(isBytes || typeof body === "string") || body.length > LONGEST_READ_BODY) return []
  const text = isBytes ? new TextDecoder().decode(body) : body
  const values: string[] = []
  try {
    JSON.parse(text, (_, value: unknown) => typeof value === "string" && values.push(value))
  } catch {
    values.push(...new URLSearchParams(text).values())
  }
  return values.slice(0, MOST_VALUES)
}

/** Refusals are rare, but masking takes time for each value. In bytes or characters. */
const LONGEST_READ_BODY = 65_536
const MOST_VALUES = 1_000

/** A shorter text is a word, not a secret. */
const SHORTEST_SECRET = 8
