import type { Rejection } from "../auth/auth.ts"
import { readErrorFields } from "../errors/error-fields.ts"
import { headerOf, type ResponseLike } from "./response-like.ts"

/** The longest error body that is looked into, in characters; the gateway's are some hundred. */
const LONGEST_ERROR_BODY = 65_536

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
    return response instanceof Response && !response.bodyUsed ? await peekResponse(response) : undefined
  } catch {
    return undefined
  }
}

async function peekResponse(response: Response): Promise<string | undefined> {
  if (Number(response.headers.get("content-length") ?? 0) > LONGEST_ERROR_BODY) return undefined
  const reader = response.clone().body?.getReader()
  if (reader === undefined) return ""
  const decoder = new TextDecoder()
  let text = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    if (text.length > LONGEST_ERROR_BODY) {
      // Both halves of a clone must be cancelled before the source is, so this one may be left to itself.
      void reader.cancel().catch(() => undefined)
      return undefined
    }
  }
}
