import { readErrorFields, requestIdIn } from "../cloud/error-fields.ts"
import { joined } from "../digest/bytes.ts"
import { type AuthError, type AuthErrorCode, isAuthError } from "../errors/auth-error.ts"
import { timeInHeader } from "../runtime/clock.ts"
import { isPromise } from "../runtime/promises.ts"
import { asked, isObject, memberAt, parseJson, textAt } from "../runtime/read-answer.ts"
import { parseSdkDate, serverTimeIn } from "../signing/server-time.ts"
import { findCanonicalRequest } from "./canonical-parts.ts"
import type { ExplainedRequest } from "./explanation.ts"

/** A refusal, whichever client gave it. */
export interface Answer {
  readonly status: number | undefined
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** The body; `undefined` when it cannot be had. */
  readonly text: string | undefined
  /** The request, as far as the client's error shows it. */
  readonly request: Partial<ExplainedRequest> | undefined
  /** The action that failed, of an AuthError. */
  readonly action?: string | undefined
  /** Why there is no answer, if an error came without one. */
  readonly failure?: Failure | undefined
  /** The answer has just come, so the local clock may be compared with the server's. */
  readonly isLive: boolean
}

/** Why there is no answer. */
export interface Failure {
  readonly message: string
  /** Code of an error of this library, which then did not send the request. */
  readonly ours?: AuthErrorCode | undefined
  /** Such as `ENOTFOUND`. */
  readonly code?: string | undefined
  /** Such as `AbortError`. */
  readonly name?: string | undefined
  /** The message of the innermost cause, where there is one. */
  readonly reason?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** The longest answer that is read. The longest that a gateway gives, with a canonical request, has half of that. */
export const LONGEST_ANSWER = 256 * 1024

/** Reads what a client gives: at once where the body is at hand, and leaving a fetch Response readable. */
export function readAnswer(refusal: unknown): Answer | Promise<Answer> {
  if (typeof refusal === "string") return answerOf({}, undefined, false, refusal.slice(0, LONGEST_ANSWER))
  if (!isObject(refusal)) return noAnswer({ message: "" })
  const authError = authErrorIn(refusal)
  const known = authError && asked(() => ofAuthError(authError))
  if (known !== undefined) return known
  const response = memberAt(refusal, "response")
  const request = requestIn(refusal)
  if (isObject(response)) return ofResponse(response, request, refusal)
  if (statusOf(refusal) !== undefined) return ofResponse(refusal, request, refusal)
  const [message = "", name] = [textAt(refusal, "message"), textAt(refusal, "name")]
  const chain = causesOf(refusal)
  // The innermost says most.
  const code = chain.map((error) => textAt(error, "code")).findLast((each) => each !== undefined)
  const innermost = chain.length > 1 ? textAt(chain.at(-1), "message") : undefined
  return noAnswer({ message, code, name, reason: innermost === message ? undefined : innermost })
}

const MOST_CAUSES = 6

/** An error and its causes, the innermost last. */
function causesOf(error: object): object[] {
  const chain = [error]
  for (let last: object | undefined = error; last !== undefined && chain.length < MOST_CAUSES; ) {
    last = [memberAt(last, "cause"), memberAt(last, "errors")].flat().find(isObject)
    if (last !== undefined) chain.push(last)
  }
  return chain
}

/** Clients wrap what an adapter throws: got as `cause`. */
function authErrorIn(error: object): AuthError | undefined {
  if (isAuthError(error)) return error
  const cause = memberAt(error, "cause")
  return isAuthError(cause) ? cause : undefined
}

function ofAuthError(error: AuthError): Answer {
  const { message, code, status, errorCode, errorMessage, requestId, retryAfterMs } = error
  if (status === undefined) return noAnswer({ message, ours: code, retryAfterMs })
  const body = { error_code: errorCode, error_msg: errorMessage, request_id: requestId }
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }
  const action = / failed: /.test(message) ? message.split(" failed: ", 1)[0] : undefined
  return { status, headers, text: JSON.stringify(body), request: undefined, action, isLive: true }
}

export function noAnswer(failure: Failure): Answer {
  return { status: undefined, headers: {}, text: undefined, request: undefined, failure, isLive: true }
}

/** The answer in a response of fetch, axios, got or undici, or in a plain object. */
function ofResponse(
  response: object,
  request: Partial<ExplainedRequest> | undefined,
  refusal: object,
): Answer | Promise<Answer> {
  const body = bodyOf(response, refusal)
  const isLive = refusal instanceof Error || typeof memberAt(response, "text") === "function" || isReader(body)
  const read = asked(() => textOf(body))
  // Whether a promise is given depends on the kind of refusal alone, not on who has read it before.
  const isAwaited = isReader(body) || typeof memberAt(response, "clone") === "function"
  const text = isAwaited ? Promise.resolve(read) : read
  const made = (known: unknown): Answer =>
    answerOf(response, request, isLive, typeof known === "string" ? known.slice(0, LONGEST_ANSWER) : undefined)
  return isPromise(text) ? text.then(made, () => made(undefined)) : made(text)
}

function answerOf(
  response: object,
  request: Partial<ExplainedRequest> | undefined,
  isLive: boolean,
  text: string | undefined,
): Answer {
  return {
    status: statusOf(response) ?? statusIn(text),
    headers: headersOf(memberAt(response, "headers")),
    text,
    request,
    isLive,
  }
}

/** The status that IAM's older shape repeats in the body: a pasted body has no other. */
function statusIn(text: string | undefined): number | undefined {
  const code = Number(memberAt(parseJson(text ?? ""), "error", "code"))
  return Number.isInteger(code) && code >= 400 && code <= 599 ? code : undefined
}

/** Logs and other languages may write it as text. */
function statusOf(response: object): number | undefined {
  const status = memberAt(response, "status") ?? memberAt(response, "statusCode")
  return typeof status === "number" || /^[1-5]\d\d$/.test(String(status)) ? Number(status) : undefined
}

/** axios has `data`, ky's error `data` beside a response that it read. */
function bodyOf(response: object, refusal: object): unknown {
  if (typeof memberAt(response, "clone") === "function") {
    const isUsed = memberAt(response, "bodyUsed") === true
    return isUsed ? memberAt(refusal, "data") : asked(() => (response as Response).clone())
  }
  return memberAt(response, "data") ?? memberAt(response, "body") ?? memberAt(response, "rawBody")
}

interface Reader {
  text(): Promise<unknown>
}

function isReader(body: unknown): body is Reader {
  return isObject(body) && typeof memberAt(body, "text") === "function"
}

function textOf(body: unknown): string | undefined | Promise<unknown> {
  if (typeof body === "string") return body
  if (!isObject(body)) return undefined
  if (isReader(body)) return readText(body)
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return beginningOf(body)
  // A stream that others read.
  if (typeof memberAt(body, "pipe") === "function" || typeof memberAt(body, "getReader") === "function")
    return undefined
  return JSON.stringify(body)
}

function beginningOf(body: ArrayBuffer | ArrayBufferView): string {
  const [buffer, start] = ArrayBuffer.isView(body) ? [body.buffer, body.byteOffset] : [body, 0]
  return new TextDecoder().decode(new Uint8Array(buffer, start, Math.min(body.byteLength, LONGEST_ANSWER)))
}

/** Reads only up to the limit if the body comes in pieces. */
async function readText(body: Reader): Promise<unknown> {
  if (body instanceof Blob) return await body.slice(0, LONGEST_ANSWER).text()
  const pieces = piecesOf(memberAt(body, "body")) ?? piecesOf(body)
  if (pieces === undefined) return await body.text()
  const read: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    read.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece)
    length += piece.length
    if (length >= LONGEST_ANSWER) break
  }
  return new TextDecoder().decode(joined(read))
}

type Piece = Uint8Array | string

/** The pieces of a stream of the Web, or of Node, as node-fetch and undici have. */
function piecesOf(stream: unknown): AsyncIterable<Piece> | undefined {
  if (!isObject(stream)) return undefined
  if (typeof memberAt(stream, "getReader") === "function") return readPieces(stream as unknown as ReadableStream<Piece>)
  return asked(() => Symbol.asyncIterator in stream) ? (stream as unknown as AsyncIterable<Piece>) : undefined
}

/** Safari iterates no stream. */
async function* readPieces(stream: ReadableStream<Piece>): AsyncGenerator<Piece> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // The other branch of a clone is read on.
    reader.cancel().catch(() => undefined)
  }
}

/**
 * The request, as far as a client's error or response shows it. It is seldom complete, since adapters keep the
 * authentication off it.
 */
function requestIn(refusal: object): Partial<ExplainedRequest> | undefined {
  const native = memberAt(refusal, "request")
  const config = memberAt(refusal, "config")
  if (isObject(config)) return ofAxios(config, native)
  const options = memberAt(refusal, "options")
  if (isObject(native) && typeof memberAt(native, "clone") === "function") return ofFetch(native)
  if (isObject(options) && isObject(memberAt(options, "url"))) return ofGot(options)
  const url = textAt(refusal, "url")
  return url === undefined || url === "" ? undefined : { url }
}

function ofAxios(config: object, native: unknown): Partial<ExplainedRequest> {
  const url = isObject(native) ? urlOfNative(native) : undefined
  const data = memberAt(config, "data")
  return defined({
    method: textAt(config, "method")?.toUpperCase(),
    url,
    headers: headersOf(memberAt(config, "headers")),
    body: requestBodyOf(data),
  })
}

/** The URL of a request of node:http, as it went out, or of fetch. */
function urlOfNative(native: object): string | undefined {
  const [protocol, host, path] = ["protocol", "host", "path"].map((name) => textAt(native, name))
  if (protocol === undefined || host === undefined || path === undefined) return textAt(native, "url")
  const header = asked(() => (native as ClientRequestLike).getHeader("host"))
  return `${protocol}//${typeof header === "string" ? header : host}${path}`
}

interface ClientRequestLike {
  getHeader(name: string): unknown
}

function ofFetch(request: object): Partial<ExplainedRequest> {
  return defined({
    method: textAt(request, "method"),
    url: textAt(request, "url"),
    headers: headersOf(memberAt(request, "headers")),
  })
}

function ofGot(options: object): Partial<ExplainedRequest> {
  const url = memberAt(options, "url")
  return defined({
    method: textAt(options, "method"),
    url: url instanceof URL ? url : undefined,
    headers: headersOf(memberAt(options, "headers")),
    body: requestBodyOf(memberAt(options, "body")),
  })
}

function requestBodyOf(body: unknown): string | Uint8Array | undefined {
  return typeof body === "string" || body instanceof Uint8Array ? body : undefined
}

function defined(
  request: {
    [Member in keyof ExplainedRequest]: ExplainedRequest[Member] | undefined
  },
): Partial<ExplainedRequest> {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
}

/** Headers in any form that clients have for them, by lower-case name. */
export function headersOf(headers: unknown): Readonly<Record<string, string>> {
  if (!isObject(headers)) return {}
  const pairs = asked(() => pairsOf(headers)) ?? []
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
}

function pairsOf(headers: object): [string, string][] {
  const entries: Iterable<unknown> =
    Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers)
  const list = [...entries]
  // undici may give names and values in turn.
  const isFlat = list.every((item) => typeof item === "string")
  const pairs = isFlat ? list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : [])) : list
  return pairs.flatMap((pair): [string, string][] => {
    const [name, value] = Array.isArray(pair) ? pair : []
    return value === undefined || value === null ? [] : [[String(name), [value].flat().join(", ")]]
  })
}

/** The code and the text of an answer, whichever shape it has. */
export interface AnswerFields {
  readonly errorCode: string | undefined
  /** Without the canonical request. */
  readonly errorMessage: string | undefined
  /** Of a service with @countersign/server: beside the gateway's code, or as the code of problem+json. */
  readonly reason: string | undefined
  /** The canonical request that the gateway shows. */
  readonly canonicalRequest: string | undefined
  readonly requestId: string | undefined
  /** The text in which a known refusal is looked for. */
  readonly subject: string
}

/** The rest of a longer message is ignored. */
const LONGEST_SUBJECT = 4_000

/** The code and the text, in any shape. */
export function answerFields({ text = "", headers, action = "" }: Answer): AnswerFields {
  const { errorCode, errorMessage: given, requestId } = readErrorFields(text)
  const body = parseJson(text)
  const whole = textAt(body, "detail") ?? given
  const shown = findCanonicalRequest(whole ?? text)
  const errorMessage = shown?.before ?? whole
  const isOwnShape = errorMessage !== undefined && memberAt(body, "error_code") !== undefined
  return {
    errorCode,
    errorMessage,
    reason: textAt(body, "reason") ?? errorCode,
    canonicalRequest: shown?.canonicalRequest,
    requestId: requestId ?? requestIdIn((name) => headers[name]),
    subject: [action, errorMessage ?? "", isOwnShape ? "" : text]
      .map((part) => part.slice(0, LONGEST_SUBJECT))
      .join("\n")
      .trim(),
  }
}

/** How far apart the gateway lets signature and arrival be. */
export const MOST_SKEW_MS = 15 * 60_000

export function sdkDateOf({ headers }: { readonly headers: ReadonlyMap<string, string> }): string | undefined {
  const date = headers.get("x-sdk-date")
  return date !== undefined && parseSdkDate(date) !== undefined ? date : undefined
}

/** The server's clock by its Date header, epoch ms. */
export function dateHeader({ headers }: Answer): number | undefined {
  return timeInHeader(headers.date)
}

/** The times of the signature and of the server that a text names, epoch ms. */
export function timesIn(text: string | undefined): { signed: number | undefined; server: number | undefined } {
  return {
    signed: serverTimeIn(text?.replace(/signature time/i, "server time"), 0),
    server: serverTimeIn(text?.replace(/signature time/i, "signed at"), 0),
  }
}

/** Such as `15 min 1 s`. */
export function durationText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ")
  return text === "" ? "0 s" : text
}
