import { andThen, joined, rememberLast } from "@countersign/auth-core/adapter"
import { AMBIGUITY, ambiguityOf, fragmentIn } from "./ambiguity.ts"
import { CollectedBody } from "./collected-body.ts"
import type { Verifier } from "./create-verifier.ts"
import {
  type HandlerOptions,
  type Handling,
  handlingOf,
  headOf,
  READ_TOO_EARLY,
  textOfHeader,
} from "./handler-options.ts"
import type { Awaitable } from "./lookup.ts"
import { holdsBody, isViewOf, joinedHeaders, type NodeBindings, nodeBindingsIn } from "./node-bindings.ts"
import { type AuthOf, Exchange, isHeard, mayBeMissed, type NodeRequest, sizeOf } from "./node-receiver.ts"
import type { Acceptance, OpenRequest, Verdict } from "./open-request.ts"
import { type Refusal, RequestRefused } from "./refusal.ts"
import { CARRIER, passOn } from "./replay-store.ts"

/** A request of fetch that is accepted, as far as it is there. */
export interface ReceivedRequest<Owner> {
  /** True: the request may be served. */
  readonly ok: true
  /** A request of the same class, with its body intact. If the body turns out to be wrong, reading it fails. */
  readonly request: Request
  /** `undefined` if the request has none, or if its body is streamed before it is checked. */
  readonly auth: AuthOf<Owner>
  /** The bytes of the body, with the option of that name. */
  readonly rawBody: Uint8Array | undefined
  /** The refusal of a body that was streamed, once it turned out to be wrong: the answer to send in place of any other. */
  readonly refusal: Refusal | undefined
}

/**
 * Takes a request, at once if it has no body and the key is at hand. It fails if the body cannot be read.
 *
 * @param identify keeps the auth of a body that was streamed before it was checked. It is called before the body ends.
 * @param bindings of a server that shows its request of Node as `incoming`
 */
export type FetchReceiver<Owner> = (
  request: Request,
  identify: (auth: AuthOf<Owner>) => void,
  bindings?: unknown,
) => Awaitable<ReceivedRequest<Owner> | Refusal>

/**
 * Prepares a route of a server that uses the requests of fetch.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function createFetchReceiver<Owner>(
  verifier: Verifier<Owner, boolean>,
  options: HandlerOptions = {},
): FetchReceiver<Owner> {
  const handling = handlingOf(verifier, options)
  // A check takes 0.7 us less: most requests sign the same headers as the one before.
  const namesIn = rememberLast(namesToRead)
  return (request, identify, bindings) => {
    const node = nodeBindingsIn(bindings)
    const ambiguity = (node && ambiguityOf(node.incoming.url ?? "/", node.incoming)) ?? fragmentIn(request.url)
    const view = node !== undefined && isViewOf(request, node.incoming) ? node : undefined
    const opened = handling.verifier.open(headOfRequest(handling, request, ambiguity, namesIn, view))
    return andThen(opened, (one) => {
      if (!one.ok) return one
      if (view) return beginOnNode(handling, request, one, identify, view)
      // A middleware that replaced the request may have read a part of its body, or may listen to it.
      return begin(handling, request, node ? new WholeRequest(one, node.incoming) : one, identify)
    })
  }
}

/**
 * The same for a request that only shows one of Node. To ask it for headers or a body takes longer than the check, so Node is
 * asked. A body that is collected stays there, and the request stays the same.
 */
function beginOnNode<Owner>(
  handling: Handling<Owner>,
  request: Request,
  opened: OpenRequest<Owner>,
  identify: (auth: AuthOf<Owner>) => void,
  { incoming, outgoing }: NodeBindings,
): Awaitable<ReceivedRequest<Owner> | Refusal> {
  const size = sizeOf(incoming)
  if (size === 0) return andThen(opened.end(), (one) => (one.ok ? received(one, request, handling) : one))
  // Some clouds read the body themselves, and give it to the Request in one piece.
  const isGiven = "rawBody" in incoming && Buffer.isBuffer(incoming.rawBody)
  // Its Request begins to read a moment later, when a listener may have had the first bytes.
  if (mayBeMissed(incoming) || isHeard(incoming)) {
    if (holdsBody(request)) return begin(handling, request, new WholeRequest(opened, incoming), identify)
    if (!isGiven) return late(request, opened)
  }
  const isCollected = handling.rawBody || (opened.needsBody && !handling.streamBody)
  const isOver = incoming.destroyed || outgoing.destroyed === true
  if (!isCollected || isGiven || isOver) return begin(handling, request, opened, identify)
  return new Promise((resolve, reject) => {
    let isSettled = false
    const settle = (settled: ReceivedRequest<Owner> | Refusal): void => {
      isSettled = true
      resolve(settled)
    }
    outgoing.once("close", () => {
      if (!isSettled) reject(new Error("The connection was closed before the body had come."))
    })
    const exchange = new Exchange<Owner>(handling, incoming, outgoing, {
      accept: (auth, rawBody) => settle({ ok: true, request, auth, rawBody, refusal: undefined }),
      identify,
      refuse: settle,
      fail: reject,
    })
    exchange.begin(opened, size)
  })
}

function begin<Owner>(
  handling: Handling<Owner>,
  request: Request,
  opened: OpenRequest<Owner>,
  identify: (auth: AuthOf<Owner>) => void,
): Awaitable<ReceivedRequest<Owner> | Refusal> {
  const { headers, method } = request
  const length = headers.get("content-length")
  const isChunked = headers.has("transfer-encoding")
  const tooLarge = length === null || isChunked ? undefined : handling.verifier.refuseSize(Number(length))
  if (tooLarge !== undefined) return tooLarge
  if (request.bodyUsed) return late(request, opened)
  const isNeeded = handling.rawBody || (opened.needsBody && !handling.streamBody)
  const isBodiless = method === "GET" || method === "HEAD"
  // Some runtimes make the body when they are asked for it, which takes longer than the check.
  if (isNeeded && !isBodiless && !isChunked && /^[1-9]\d*$/.test(length ?? "") && Number(length) <= SMALL_BODY)
    return readWhole(handling, request, opened)
  const isEmpty = isBodiless && length === null && !isChunked
  const body = isEmpty ? null : request.body
  if (body === null) {
    // A Request hides the body of a GET, so its signature cannot be checked.
    const isAnnounced = isChunked || (length !== null && length !== "0")
    const verdict = opened.end(
      isBodiless && isAnnounced ? (length === "2" ? SDK_BODY : crypto.randomUUID()) : undefined,
    )
    return andThen(verdict, (one) => (one.ok ? received(one, request, handling) : one))
  }
  if (isNeeded) return collected(handling, request, body, opened)
  return new StreamedRequest(request, body, opened, identify)
}

/** A part of the body has been read, so it cannot be checked. */
function late<Owner>(request: Request, opened: OpenRequest<Owner>): ReceivedRequest<Owner> {
  if (opened.needsBody || opened.auth !== undefined) throw new Error(READ_TOO_EARLY)
  return { ok: true, request, auth: undefined, rawBody: undefined, refusal: undefined }
}

const ORIGIN = /^https?:\/\/[^/?#]*/i

function headOfRequest(
  handling: Handling<unknown>,
  request: Request,
  ambiguity: string | undefined,
  namesIn: NamesIn,
  view: NodeBindings | undefined,
) {
  const { method, url } = request
  if (view === undefined && handling.asSigned === undefined) {
    const headers = signedOnly(request.headers, namesIn)
    return { method, url, headers, [CARRIER]: request, [AMBIGUITY]: ambiguity }
  }
  const headers = view ? joinedHeaders(view.incoming) : Object.fromEntries(request.headers)
  return headOf(handling, method, url.replace(ORIGIN, "").replace(/^(?!\/)/, "/"), headers, request, ambiguity)
}

/** The official Node SDK sends this with each GET, but a Request has no body then. Nobody but the check misses it. */
const SDK_BODY = "{}"

/** Read even if they are not signed. */
const ALWAYS = ["x-auth-token", "x-sdk-content-sha256", "x-sdk-content-sm3"]
const SIGNED = /SignedHeaders=([\w!#$%&'*+.^`|~;-]+)/

/** Returns the names of the headers that matter to a check. */
type NamesIn = (signedHeaders: string) => readonly string[]

function namesToRead(signedHeaders: string): readonly string[] {
  const names = new Set([...ALWAYS, ...signedHeaders.split(";")])
  names.delete("")
  return [...names]
}

/** The headers that matter to a check. Some runtimes make the whole list when it is walked through, which takes longer. */
function signedOnly(headers: Headers, namesIn: NamesIn): Record<string, string> {
  const found: Record<string, string> = {}
  const authorization = headers.get("authorization")
  if (authorization !== null) found.authorization = authorization
  for (const name of namesIn(SIGNED.exec(authorization ?? "")?.[1] ?? "")) {
    const value = headers.get(name)
    if (value !== null) found[name] = textOfHeader(value) as string
  }
  return found
}

function received<Owner>(
  verdict: Acceptance<Owner>,
  request: Request,
  { rawBody }: Handling<Owner>,
  body: Uint8Array = new Uint8Array(),
): ReceivedRequest<Owner> {
  return { ok: true, request, auth: verdict.auth, rawBody: rawBody ? body : undefined, refusal: undefined }
}

/** A body that is read and hashed in one go: the server sees to it that a body has its length. In bytes. */
const SMALL_BODY = 64 * 1024

async function readWhole<Owner>(
  handling: Handling<Owner>,
  request: Request,
  opened: OpenRequest<Owner>,
): Promise<ReceivedRequest<Owner> | Refusal> {
  const bytes = new Uint8Array(await request.arrayBuffer())
  const verdict = handling.verifier.refuseSize(bytes.byteLength) ?? (await opened.end(bytes))
  return verdict.ok ? received(verdict, withBody(request, bytes), handling, bytes) : verdict
}

async function collected<Owner>(
  handling: Handling<Owner>,
  request: Request,
  stream: ReadableStream<Uint8Array>,
  opened: OpenRequest<Owner>,
): Promise<ReceivedRequest<Owner> | Refusal> {
  const body = new CollectedBody(opened, handling.verifier)
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const refused = body.take(value)
    if (refused === undefined) continue
    drain(reader)
    return refused
  }
  const verdict = await body.end()
  if (!verdict.ok) return verdict
  const bytes = body.chunks.length === 1 && body.chunks[0] !== undefined ? body.chunks[0] : joined(body.chunks)
  return received(verdict, withBody(request, bytes), handling, bytes)
}

/** Reads a refused body to its end. If it were cancelled, servers would close the connection, and the answer might be lost. */
function drain(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  const next = ({ done }: { done: boolean }): unknown => (done ? undefined : reader.read().then(next))
  reader
    .read()
    .then(next)
    .catch(() => undefined)
}

/** A request of the same class, which may have members of its own. */
function withBody(request: Request, body: Uint8Array | ReadableStream<Uint8Array>): Request {
  const { constructor: own } = request as { constructor: unknown }
  const RequestClass = (typeof own === "function" ? own : Request) as typeof Request
  const replaced = new RequestClass(request, { body: body as BodyInit, duplex: "half" } as RequestInit)
  passOn(request, replaced)
  return replaced
}

/** A request whose body must come whole. A part may have gone to somebody else, and the rest must not be judged in its place. */
class WholeRequest<Owner> implements OpenRequest<Owner> {
  readonly ok = true
  readonly #opened: OpenRequest<Owner>
  readonly #incoming: NodeRequest
  #bytes = 0

  constructor(opened: OpenRequest<Owner>, incoming: NodeRequest) {
    this.#opened = opened
    this.#incoming = incoming
  }

  get auth(): AuthOf<Owner> {
    return this.#opened.auth
  }

  get needsBody(): boolean {
    return this.#opened.needsBody
  }

  update(chunk: Uint8Array): Refusal | undefined {
    this.#bytes += chunk.byteLength
    return this.#opened.update(chunk)
  }

  end(last?: string | Uint8Array | null): Awaitable<Verdict<Owner>> {
    // A text stands for a body that a Request does not show.
    if (typeof last !== "string" && !this.#isWhole(this.#bytes + (last?.byteLength ?? 0)))
      throw new Error(READ_TOO_EARLY)
    return this.#opened.end(last)
  }

  /** If the length is not known, only a missing body is certain to be wrong. */
  #isWhole(bytes: number): boolean {
    const size = sizeOf(this.#incoming)
    return size === undefined ? bytes > 0 || this.#incoming.readableDidRead !== true : bytes === size
  }
}

/** A request whose body is checked while it is read. */
class StreamedRequest<Owner> implements ReceivedRequest<Owner> {
  readonly ok = true
  readonly request: Request
  readonly rawBody = undefined
  readonly auth: AuthOf<Owner>
  refusal: Refusal | undefined

  constructor(
    request: Request,
    body: ReadableStream<Uint8Array>,
    opened: OpenRequest<Owner>,
    identify: (auth: AuthOf<Owner>) => void,
  ) {
    this.auth = opened.auth
    const reader = body.getReader()
    const fail = (controller: ReadableStreamDefaultController, refusal: Refusal): void => {
      this.refusal = refusal
      controller.error(new RequestRefused(refusal))
    }
    const checked = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read()
          if (!done) {
            const refused = opened.update(value)
            if (refused === undefined) return controller.enqueue(value)
            drain(reader)
            return fail(controller, refused)
          }
          const verdict = await opened.end()
          if (!verdict.ok) return fail(controller, verdict)
          identify(verdict.auth)
          controller.close()
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    )
    this.request = withBody(request, checked)
  }
}
