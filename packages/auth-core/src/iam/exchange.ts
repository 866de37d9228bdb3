import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import { timeInHeader } from "../runtime/clock.ts"
import type { IamFetch, IamFetchResponse } from "../runtime/fetch.ts"
import { abortable } from "../runtime/promises.ts"
import { redactText } from "../runtime/redact.ts"
import { serverTimeIn } from "../signing/server-time.ts"
import { sign } from "../signing/signer.ts"
import { type IamAnswer, type IamConnection, type IamRequest, payloadOf } from "./iam-connection.ts"
import { rejectionError } from "./rejection-error.ts"

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
  const isExpired = answer.status === 401 && /signature expired/i.test(answer.text)
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
    const { refuseProxy } = await import("../runtime/proxy.chunk.ts")
    refuseProxy(new URL(endpoint))
  }
  // Real time, even with another clock, since the network runs in real time.
  const limit = AbortSignal.timeout(connection.timeoutMs)
  const end = signal === undefined ? limit : AbortSignal.any([signal, limit])
  try {
    return await abortable(send(connection, request, end), end)
  } catch (error) {
    signal?.throwIfAborted()
    // A fetch may refuse on its own: that of a client a proxy, for instance.
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
