import { isLonger } from "../identity/is-longer.ts"
import { isStream } from "./is-stream.ts"
import { knownBody, type PreparedBody } from "./prepared-body.ts"

const NO_BODY: PreparedBody = { content: null, bytes: null, replayable: true, exceedsLimit: false }

/** The body as the caller gave it, not looked into. */
export function unreadBody(body: unknown): PreparedBody {
  if (body === null || body === undefined) return NO_BODY
  return { content: body, bytes: undefined, replayable: !isStream(body), exceedsLimit: false }
}

/**
 * Turns a body into the bytes that will be sent, without a copy where it already is bytes.
 *
 * Takes strings, URLSearchParams, FormData, Blob, ArrayBuffer and every view of one, Node and web streams, async
 * iterables of strings or bytes. A stream is read up to `limit` bytes; past it, `content` is an async iterable of what was
 * read and what is left.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` (as a rejection) for any other kind, and for a stream that was consumed before.
 */
export function readBody(body: unknown, limit: number, signal?: AbortSignal): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (typeof body === "string" || (body instanceof Uint8Array && body.buffer instanceof ArrayBuffer))
    return knownBody(body, isLonger(body, limit))
  return readOther(body, limit, signal)
}

/** Code that programs whose bodies are text or bytes do without. */
async function readOther(body: unknown, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  const { readFormOrStream } = await import("./on-demand-bodies.ts")
  return readFormOrStream(body, limit, signal)
}
