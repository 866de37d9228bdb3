import { isBodyLonger } from "../runtime/body-size.ts"
import { lazily } from "../runtime/promises.ts"
import { type BodyStream, bufferedBody, isStream, type PreparedBody } from "./prepared-body.ts"

const NO_BODY: PreparedBody = { content: null, bytes: null, replayable: true, exceedsLimit: false }

/** Code that programs do without which pass no Request, no form and no stream. */
export const loadBodies = lazily(() => import("./bodies.chunk.ts"))

/** The body as the caller gave it, not looked into. A stream is kept as it passes, unless the client has to see what it is. */
export function opaqueBody(body: unknown, asIs = false): PreparedBody | Promise<PreparedBody> {
  if (body === null || body === undefined) return NO_BODY
  if (!isStream(body)) return { content: body, bytes: undefined, replayable: true, exceedsLimit: false }
  return keptStream(body, asIs)
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
    return bufferedBody(body, isBodyLonger(body, limit))
  return readOther(body, limit, signal)
}

async function keptStream(body: BodyStream, asIs: boolean): Promise<PreparedBody> {
  const { keptBody } = await loadBodies()
  return keptBody(body, asIs)
}

async function readOther(body: unknown, limit: number, signal?: AbortSignal): Promise<PreparedBody> {
  const { readFormOrStream } = await loadBodies()
  return readFormOrStream(body, limit, signal)
}
