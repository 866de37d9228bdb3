import type { IamFetch, IamFetchResponse } from "../cloud/cloud.ts"
import { type ErrorFields, readErrorFields, requestIdIn } from "../cloud/error-fields.ts"
import { AuthError, type AuthErrorCode, isAuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import { LONGEST_RETRY_AFTER_MS, timeInHeader } from "../runtime/clock.ts"
import { abortable } from "../runtime/promises.ts"
import { redactText } from "../runtime/redact.ts"
import { isSignatureExpired, serverTimeIn } from "../signing/server-time.ts"
import { sign } from "../signing/signer.ts"
import type { IamConnection } from "./iam-connection.ts"

/** One round trip to IAM or STS, ready to send. */
export interface IamRequest {
  readonly method: "GET" | "POST" | "PUT"
  /** Path and query, encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON, without its undefined members. */
  readonly body?: object | undefined
  /** The texts that must not appear in an error. */
  readonly secrets: readonly string[]
  /** The action, for messages: "Asking IAM for ...". */
  readonly action: string
  /** The remedy for a status, where the request knows better than the general advice. */
  readonly advice?: Readonly<Partial<Record<400 | 401 | 403 | 404, string>>> | undefined
}

/** An answer with any status. */
export interface IamAnswer {
  readonly status: number
  readonly headers: IamFetchResponse["headers"]
  readonly text: string
  /** The time of the server's clock by its Date header, epoch ms. */
  readonly serverTime: number | undefined
}

/** The body as it goes on the wire. */
function payloadOf({ body }: IamRequest): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body)
}

/**
 * One round trip that must succeed.
 *
 * @throws {AuthError} as {@link roundTrip} without an answer; of {@link rejectionError} for an answer other than
 * success.
 */
export async function exchange(
  connection: IamConnection,
  request: IamRequest,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  const answer = await roundTrip(connection, request, signal)
  if (answer.status < 200 || answer.status > 299) throw rejectionError(connection, request, answer)
  return answer
}

/** The request with a token. */
export function withToken(request: IamRequest, token: Token): IamRequest {
  return {
    ...request,
    headers: { ...request.headers, "x-auth-token": token.value },
    secrets: [...request.secrets, token.value],
  }
}

/**
 * One round trip signed with AK/SK that must succeed. If the signature counts as expired, the local clock is wrong: the
 * request is signed once more, at the server's time.
 *
 * @throws {AuthError} as {@link exchange} does.
 */
export async function signedExchange(
  connection: IamConnection,
  request: IamRequest,
  credentials: Credentials,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  if (Object(credentials) !== credentials) {
    throw new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      `${request.action} needs an access key, or a token where that will do.`,
    )
  }
  const signedAt = connection.clock.now()
  const first = signed(connection, request, credentials, signedAt)
  const answer = await roundTrip(connection, first, signal)
  if (answer.status >= 200 && answer.status <= 299) return answer
  const isExpired = answer.status === 401 && isSignatureExpired(answer.text)
  const serverTime = serverTimeIn(answer.text, signedAt) ?? answer.serverTime
  if (!isExpired || serverTime === undefined) throw rejectionError(connection, first, answer)
  return await exchange(connection, signed(connection, request, credentials, serverTime), signal)
}

function signed(
  { endpoint, cloud }: IamConnection,
  request: IamRequest,
  { accessKeyId, secretAccessKey, securityToken }: Credentials,
  time: number,
): IamRequest {
  // Without the expiry, since the local clock may be wrong. The provider decides whether the key still lives.
  const key = { accessKeyId, secretAccessKey, ...(securityToken === undefined ? undefined : { securityToken }) }
  const { method, path, headers = {} } = request
  const signature = sign({ method, url: endpoint + path, headers, body: payloadOf(request) }, key, {
    date: new Date(time),
    scoped: cloud?.scoped,
  })
  return {
    ...request,
    headers: { ...headers, ...signature },
    secrets: [...request.secrets, secretAccessKey, ...(securityToken === undefined ? [] : [securityToken])],
  }
}

/** One round trip, with a token or signed with AK/SK, that must succeed. */
export async function authenticatedExchange(
  connection: IamConnection,
  request: IamRequest,
  authentication: Token | Credentials,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  return isToken(authentication)
    ? await exchange(connection, withToken(request, authentication), signal)
    : await signedExchange(connection, request, authentication, signal)
}

function isToken(authentication: Token | Credentials): authentication is Token {
  return Object(authentication) === authentication && "value" in authentication
}

/** In characters. IAM's own answers have some kB, and some hundred kB with a catalog. */
const LONGEST_ANSWER = 8 * 1024 * 1024

/**
 * Sends one request and reads the whole answer. Redirects are not followed, since they would carry the secrets
 * elsewhere.
 *
 * @throws {AuthError} `AUTH_TOKEN_REQUEST_FAILED` without an answer in time; `AUTH_INSECURE_URL` for a proxy in clear;
 * an AuthError of the connection's own fetch as it is; the signal's reason when it aborts.
 */
export async function roundTrip(
  connection: IamConnection,
  request: IamRequest,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  signal?.throwIfAborted()
  const { endpoint, fetch, allowInsecure } = connection
  // `allowInsecure` is undefined for the metadata services of a machine, which no proxy serves.
  if (allowInsecure === false && fetch === undefined && endpoint.startsWith("http:")) {
    const { refuseProxiedFetch } = await import("../runtime/proxy.chunk.ts")
    refuseProxiedFetch(new URL(endpoint), {}, { allowInsecure })
  }
  // Real time, even with another clock, since the network runs in real time.
  const limit = AbortSignal.timeout(connection.timeoutMs)
  const end = signal === undefined ? limit : AbortSignal.any([signal, limit])
  try {
    return await abortable(send(connection, request, end), end)
  } catch (error) {
    signal?.throwIfAborted()
    // A fetch may refuse on its own. The fetches of adapters refuse some proxies.
    if (isAuthError(error)) throw error
    throw limit.aborted ? timedOut(connection, request) : unreachable(connection, request, error)
  }
}

async function send(connection: IamConnection, request: IamRequest, signal: AbortSignal): Promise<IamAnswer> {
  const send: IamFetch = connection.fetch ?? globalThis.fetch
  const body = payloadOf(request)
  const response = await send(connection.endpoint + request.path, {
    method: request.method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? undefined : { "content-type": "application/json;charset=utf8" }),
      ...request.headers,
    },
    ...(body === undefined ? undefined : { body }),
    redirect: "manual",
    signal,
  })
  return {
    status: response.status,
    headers: response.headers,
    text: await textOf(response),
    serverTime: timeInHeader(response.headers.get("date")),
  }
}

/** Like `text()`, but an endless answer does not fill the memory. */
async function textOf(response: IamFetchResponse): Promise<string> {
  if (!(response.body instanceof ReadableStream)) return await response.text()
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    if (text.length > LONGEST_ANSWER) {
      void reader.cancel().catch(() => undefined)
      throw new Error(`the answer is longer than ${LONGEST_ANSWER} characters`)
    }
  }
}

function timedOut({ endpoint, timeoutMs }: IamConnection, { action }: IamRequest): AuthError {
  return new AuthError(
    "AUTH_TOKEN_REQUEST_FAILED",
    `${action} failed: ${endpoint} did not answer within ${timeoutMs} ms. Check the network, or raise \`timeoutMs\`.`,
    { endpoint },
  )
}

function unreachable({ endpoint }: IamConnection, { action, secrets }: IamRequest, error: unknown): AuthError {
  const cause = summaryOf(error, secrets)
  const advice =
    cause.code === "UND_ERR_HEADERS_OVERFLOW"
      ? "Node.js does not accept a token of this length in a header: start it with --max-http-header-size=65536."
      : "Check the endpoint, the network and the proxy."
  return new AuthError(
    "AUTH_TOKEN_REQUEST_FAILED",
    `${action} failed: no answer from ${endpoint} (${cause.message}). ${advice}`,
    {
      endpoint,
      cause,
    },
  )
}

/** An error of the HTTP client may hold the whole request, so only its messages and its code are passed on. */
function summaryOf(error: unknown, secrets: readonly string[]): Error & { code?: string } {
  const reasons: string[] = []
  let code: string | undefined
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at.message !== "") reasons.push(redactText(at.message, secrets))
    if ("code" in at && typeof at.code === "string") code = redactText(at.code, secrets)
  }
  if (code !== undefined && !reasons.some((reason) => reason.includes(code))) reasons.push(code)
  const summary = new Error(reasons.join(": ") || "unknown failure")
  return code === undefined ? summary : Object.assign(summary, { code })
}

/** How long the console locks an account by default after too many wrong passwords. */
const ACCOUNT_LOCK_MS = 15 * 60_000

/** @see IAM API reference, "Error Codes" */
const ADVICE_BY_CODE: Readonly<Record<string, string>> = {
  "IAM.0061":
    "Too many wrong passwords locked the account, for 15 minutes unless its administrator set otherwise: correct the password before trying again.",
  "IAM.0062": "The password is wrong: correct it before trying again, since repeated failures lock the account.",
  "IAM.0063": "The token used for this call is not accepted: get a new one.",
  "IAM.0064": "The token used for this call lacks the permission: use a user that has it.",
  "IAM.0066": "The token used for this call has expired: get a new one.",
  "IAM.0067": "The token used for this call is not valid: get a new one.",
  "IAM.0080": "The access key is disabled: enable it, or use another.",
  "IAM.0081": "The user may use the console only: give it programmatic access.",
  "IAM.0082": "The user is disabled: enable it, or use another.",
  "IAM.0083": "The account may not use this region: use another region, or ask for access.",
}

const ADVICE_BY_STATUS: Readonly<Record<number, string>> = {
  400: "Correct the option that the message names.",
  401: "Check the caller and its secret.",
  403: "Give the caller the permission it lacks.",
  404: "Check the names and ids: they must exist in this account.",
}

/**
 * The error for an answer other than success.
 *
 * 401, 403 and a 404 with a code of IAM: `AUTH_CREDENTIALS_REJECTED`. 400: `AUTH_INVALID_OPTION`, since only other
 * options can help. 429, 503 with Retry-After, and a throttling code: `AUTH_THROTTLED`. 408, 409 and 5xx:
 * `AUTH_TOKEN_REQUEST_FAILED`. Redirects and the rest: `AUTH_TOKEN_RESPONSE_INVALID`, since they do not come from IAM.
 */
export function rejectionError(
  { endpoint, clock }: IamConnection,
  { action, advice, secrets }: IamRequest,
  answer: IamAnswer,
): AuthError {
  const { status, headers } = answer
  const fields = cleanFields(answer, secrets)
  const errorCode = fields.errorCode ?? ""
  const code = codeOf(status, fields, headers.get("retry-after") !== null)
  const waitMs =
    retryAfterMs(headers.get("retry-after"), answer.serverTime ?? clock.now()) ??
    (errorCode === "IAM.0061" ? ACCOUNT_LOCK_MS : undefined)
  const remedy =
    code === "AUTH_THROTTLED"
      ? `Wait ${waitMs === undefined ? "a while" : `${Math.ceil(waitMs / 1000)} s`} before the next try.`
      : code === "AUTH_TOKEN_REQUEST_FAILED"
        ? "Try again later."
        : code === "AUTH_TOKEN_RESPONSE_INVALID"
          ? "IAM does not answer like this: check the endpoint and any proxy in front of it."
          : (ADVICE_BY_CODE[errorCode] ?? specificAdvice(advice, status) ?? ADVICE_BY_STATUS[status] ?? "")
  const said = [`HTTP ${status}`, fields.errorCode, fields.errorMessage && `"${fields.errorMessage}"`]
  return new AuthError(
    code,
    `${action} failed: ${endpoint} answered ${said.filter(Boolean).join(", ")}. ${remedy}`.trimEnd(),
    { ...fields, status, endpoint, retryAfterMs: waitMs },
  )
}

function codeOf(status: number, { errorCode = "", errorMessage }: ErrorFields, hasRetryAfter: boolean): AuthErrorCode {
  const isThrottled = status === 429 || (status === 503 && hasRetryAfter) || /^API\w+\.0308$/.test(errorCode)
  if (isThrottled) return "AUTH_THROTTLED"
  if (status === 400) return "AUTH_INVALID_OPTION"
  if (status === 401 || status === 403) return "AUTH_CREDENTIALS_REJECTED"
  // *.0101 of the gateway, and pages of other servers, mean that there is no such API.
  if (status === 404 && errorMessage !== undefined && /^(IAM\.|PAP5\.|STS5\.|404$)/.test(errorCode)) {
    return "AUTH_CREDENTIALS_REJECTED"
  }
  if (status === 408 || status === 409 || status >= 500) return "AUTH_TOKEN_REQUEST_FAILED"
  return "AUTH_TOKEN_RESPONSE_INVALID"
}

function specificAdvice(advice: IamRequest["advice"], status: number): string | undefined {
  return status === 400 || status === 401 || status === 403 || status === 404 ? advice?.[status] : undefined
}

function cleanFields({ text, headers }: IamAnswer, secrets: readonly string[]): ErrorFields {
  const fields = readErrorFields(text)
  const clean = (value: string | null | undefined): string | undefined => {
    const shown = redactText(value ?? "", secrets).trim()
    return shown === "" ? undefined : shown
  }
  return {
    errorCode: clean(fields.errorCode),
    errorMessage: clean(isPage(fields.errorMessage) ? "" : fields.errorMessage),
    requestId: clean(fields.requestId ?? requestIdIn((name) => headers.get(name))),
    encodedAuthorizationMessage: clean(fields.encodedAuthorizationMessage),
  }
}

/** Pages of proxies and load balancers are useless in an error message. */
function isPage(text: string | undefined): boolean {
  return text !== undefined && /^\s*<(!doctype|html|\?xml)/i.test(text)
}

/**
 * Reads Retry-After: seconds, or an HTTP date. More than an hour counts as an hour.
 *
 * @param now the time of the server's clock where it is known, epoch ms
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value) * 1000, LONGEST_RETRY_AFTER_MS)
  // Date.parse takes more than dates.
  const at = /^[A-Z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), LONGEST_RETRY_AFTER_MS)
}
