import type { Rejection } from "../auth/auth.ts"
import { readErrorFields } from "../errors/error-fields.ts"
import { abortable } from "../identity/abortable.ts"
import { asBytes, begin } from "./chunk-source.ts"
import { LONGEST_ERROR_BODY, LONGEST_ERROR_WAIT_MS } from "./error-body-limits.ts"
import { clonedBody, isFetchResponse } from "./fetch-response.ts"
import { headerOf } from "./header-of.ts"
import { isStream } from "./is-stream.ts"
import type { ResponseLike } from "./response-like.ts"

/** Parses a 401 or 403. The body stays readable for the caller. */
export async function readRejection(response: ResponseLike, url: URL, replayed: boolean): Promise<Rejection> {
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
    if (response.peek !== undefined) return await response.peek()
    return isFetchResponse(response) && !response.bodyUsed ? await peekResponse(response) : undefined
  } catch {
    return undefined
  }
}

/** The body, unless it is too long or takes too long. */
async function peekResponse(response: Response): Promise<string | undefined> {
  if (Number(headerOf(response, "content-length") ?? 0) > LONGEST_ERROR_BODY) return undefined
  const body = clonedBody(response)
  if (!isStream(body)) return ""
  const chunks = begin(body)
  const overdue = AbortSignal.timeout(LONGEST_ERROR_WAIT_MS)
  const decoder = new TextDecoder()
  let text = ""
  try {
    for (;;) {
      const { done, value } = await abortable(chunks.next(), overdue)
      if (done) return text + decoder.decode()
      text += decoder.decode(asBytes(value), { stream: true })
      if (text.length > LONGEST_ERROR_BODY) return undefined
    }
  } finally {
    // Only of what is left of this clone: the caller's goes on.
    chunks.cancel()
  }
}
