import type { Rejection, ReplayReason } from "../auth/auth.ts"
import { readErrorFields } from "../errors/error-fields.ts"
import { isArrayBuffer, isBlob } from "../runtime/has-brand.ts"
import { abortable } from "../runtime/promises.ts"
import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"
import { asBytes, begin } from "./chunk-source.ts"
import { isStream } from "./prepared-body.ts"
import { isRejection, type PeekLimits, type ResponseLike } from "./wire-request.ts"

const LIMITS: PeekLimits = { length: 65_536, ms: 1_000 }

/**
 * Why a rejected attempt is sent once more, authenticated anew; `undefined` when it is not. The auth of the attempt judges 401
 * and 403; the response stays readable.
 */
export async function replayReason(
  { by, as, url, prepared }: AuthenticatedAttempt,
  response: ResponseLike,
  isReplayed: boolean,
  signal?: AbortSignal,
): Promise<ReplayReason | undefined> {
  if (by === undefined || as === undefined || !isRejection(response)) return undefined
  const rejection = await readRejection(response, url, isReplayed)
  const verdict = await by.judge(as, rejection, signal)
  if (verdict === false || isReplayed || !prepared.replayable) return undefined
  return verdict === true ? "curable" : verdict
}

/** Parses a 401 or 403. The body stays readable for the caller. */
async function readRejection(response: ResponseLike, url: URL, replayed: boolean): Promise<Rejection> {
  const text = await errorText(response)
  const date = Date.parse(headerOf(response, "date") ?? "")
  return {
    status: response.status,
    origin: url.origin,
    ...(text === undefined ? undefined : readErrorFields(text)),
    serverTime: Number.isNaN(date) ? undefined : date,
    replayed,
  }
}

async function errorText(response: ResponseLike): Promise<string | undefined> {
  try {
    if (response.peek !== undefined) return await response.peek(LIMITS)
    return isFetchResponse(response) && !response.bodyUsed ? await peekResponse(response) : undefined
  } catch {
    return undefined
  }
}

/** The body, unless it is too long or takes too long. */
async function peekResponse(response: Response): Promise<string | undefined> {
  if (Number(headerOf(response, "content-length") ?? 0) > LIMITS.length) return undefined
  const body = clonedBody(response)
  if (!isStream(body)) return ""
  const chunks = begin(body)
  const overdue = AbortSignal.timeout(LIMITS.ms)
  const decoder = new TextDecoder()
  let text = ""
  try {
    for (;;) {
      const { done, value } = await abortable(chunks.next(), overdue)
      if (done) return text + decoder.decode()
      text += decoder.decode(asBytes(value), { stream: true })
      if (text.length > LIMITS.length) return undefined
    }
  } finally {
    // Only of what is left of this clone: the caller's goes on.
    chunks.cancel()
  }
}

/** One header of a response, whatever its client keeps there; a mock may keep none. */
export function headerOf(
  { headers }: { headers?: Partial<ResponseLike["headers"]> },
  name: string,
): string | undefined {
  const value = headers?.get?.(name)
  return typeof value === "string" ? value : undefined
}

/** Whether it is a Response as fetch gives it, also one of another library. */
export function isFetchResponse(response: ResponseLike): response is Response {
  return "bodyUsed" in response && "clone" in response
}

/** Ends the reading of its body, which other libraries have as a Node stream. */
export async function cancelBody({ body }: Response): Promise<void> {
  if (body === null || typeof body !== "object") return
  if (typeof body.cancel === "function") await body.cancel()
  else if ("destroy" in body && typeof body.destroy === "function") body.destroy()
}

/** The body of a clone. */
function clonedBody(response: Response): unknown {
  const { body } = response.clone()
  const own: unknown = response.body
  // node-fetch listens to the body it made, but not to the half that a clone leaves of it: an error of that, which nobody
  // may be reading, would end the process.
  if (isStream(own) && "on" in own) own.on("error", () => undefined)
  return body
}

/** For a client that has read the body of an answer. A stream is left to the caller, and let go of when nobody will read it. */
export function bodyAtHand(body: unknown): Required<Pick<ResponseLike, "peek" | "discard">> {
  return { peek: ({ length }) => textOf(body, length), discard: () => letGo(body) }
}

function textOf(body: unknown, longest: number): string | undefined | Promise<string> {
  if (typeof body === "string") return body.length > longest ? undefined : body
  if (isBlob(body)) return body.size > longest ? undefined : body.text()
  if (!isArrayBuffer(body) && !ArrayBuffer.isView(body)) return undefined
  return body.byteLength > longest ? undefined : new TextDecoder().decode(body)
}

async function letGo(body: unknown): Promise<void> {
  if (body instanceof ReadableStream && !body.locked) await body.cancel()
  else if (typeof body === "object" && body !== null && "destroy" in body && typeof body.destroy === "function") {
    body.destroy()
  }
}
