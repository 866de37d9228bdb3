import type { Rejection } from "../auth/auth.ts"
import { readErrorFields } from "../errors/error-fields.ts"

/** What the engine needs of a client's response; a fetch Response fits as it is. */
export interface ResponseLike {
  readonly status: number
  readonly headers: { get(name: string): unknown }
  /** Text of the body, left readable for the caller; `undefined` when it cannot be had so. */
  peek?(): string | undefined | Promise<string | undefined>
  /** Frees the connection of a response that nobody will read. */
  discard?(): void | Promise<void>
}

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

/** One header of a response, whatever its client keeps there. */
export function headerOf(response: ResponseLike, name: string): string | undefined {
  const value = response.headers.get(name)
  return typeof value === "string" ? value : undefined
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
