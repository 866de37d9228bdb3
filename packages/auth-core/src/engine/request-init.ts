import { platformSignal } from "../identity/platform-signal.ts"
import { readFormOrStream } from "./form-or-stream.ts"
import { requestClass } from "./is-request.ts"
import { MAX_REPLAYABLE_BYTES } from "./prepared-body.ts"

/** A Request taken apart. */
interface TakenApart {
  readonly init: RequestInit
  /** The body is the stream of the Request itself, too long to be kept. */
  readonly asIs?: boolean
}

/** What `init` says prevails, as it does in fetch. */
export function requestInit(request: Request, init: RequestInit): TakenApart | Promise<TakenApart> {
  // Its own fields are those that other libraries add, such as an `agent`.
  const own: RequestInit = { ...request, method: request.method, headers: request.headers, signal: request.signal }
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = request[name as keyof typeof USUAL]
    // Only a browser itself may navigate.
    if (value !== undefined && value !== usual && value !== "navigate") Object.assign(own, { [name]: value })
  }
  for (const [name, value] of Object.entries(init)) if (value !== undefined) Object.assign(own, { [name]: value })
  const body = init.body ?? null
  if (body !== null || request.body === null) return { init: { ...own, body } }
  return bodyOf(request, platformSignal(own.signal)).then(({ body: read, asIs = false }) => ({
    init: { ...own, body: read as BodyInit },
    asIs,
  }))
}

/** What a Request is unless it was told otherwise, which takes fetch its time to read again. */
const USUAL = {
  redirect: "follow",
  credentials: "same-origin",
  cache: "default",
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
}

/**
 * A Request can be sent once only. What it was made from is read when it is at hand, up to what can be kept for a replay;
 * a stream is left to be read as it is sent.
 */
async function bodyOf(
  request: Request,
  signal: AbortSignal | undefined,
): Promise<Pick<TakenApart, "asIs"> & { body: unknown }> {
  // Of a Request of node-fetch nobody knows what it was made from, and its clone waits until both are read.
  if (!(request instanceof Request || "duplex" in request)) {
    const { body }: Request = request
    const { content } = await readFormOrStream(body, MAX_REPLAYABLE_BYTES, signal)
    return { body: content }
  }
  const clone = request.clone()
  const known = atHand(clone)
  if (known === undefined) {
    drop(clone.body)
    return { body: request.body }
  }
  const { bytes, discard } = await readFormOrStream(await streamOf(known), MAX_REPLAYABLE_BYTES, signal)
  // Another one since it was cloned.
  const { body } = request
  if (bytes === undefined) {
    discard?.()
    return { body, asIs: true }
  }
  drop(body)
  // Nor whether it has one.
  return { body: body === undefined && bytes?.length === 0 ? null : bytes }
}

/** The same Request, taken over, unless it was made from a stream: no stream may be sent in the mode that is tried. */
function atHand(request: Request): Request | undefined {
  try {
    return new (requestClass(request))(request, { mode: "no-cors", method: "POST" })
  } catch {
    return undefined
  }
}

/** Not every browser shows the stream of a Request. */
function streamOf(request: Request): ReadableStream | Promise<ArrayBuffer> {
  return (request.body as ReadableStream | undefined) ?? request.arrayBuffer()
}

/** Its other half may still be read. */
function drop(body: ReadableStream | null): void {
  body?.cancel().catch(() => undefined)
}
