import { isPromise } from "@countersign/auth-core/adapter"
import { ambiguityOf } from "./ambiguity.ts"
import { CollectedBody } from "./collected-body.ts"
import type { Verifier } from "./create-verifier.ts"
import { type HandlerOptions, type Handling, handlingOf, headOf, READ_TOO_EARLY } from "./handler-options.ts"
import type { Awaitable } from "./lookup.ts"
import type { OpenRequest, Verdict } from "./open-request.ts"
import { type Refusal, RequestRefused } from "./refusal.ts"

/** The used part of a request of node:http or node:http2. */
export interface NodeRequest {
  /** HTTP method. */
  readonly method?: string | undefined
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[] | undefined
  /** The stream was ended early. */
  readonly destroyed: boolean
  /** How many bytes wait to be read. */
  readonly readableLength: number
  /** All was read. */
  readonly readableEnded: boolean
  /** Something was read. */
  readonly readableDidRead?: boolean | undefined
  /** The encoding in which readers get text. */
  readonly readableEncoding?: BufferEncoding | null | undefined
  /** Whether the bytes flow to listeners; `null` before anybody asked for them. */
  readonly readableFlowing?: boolean | null | undefined
  /** Its chunks are values of any kind, not bytes. */
  readonly readableObjectMode?: boolean | undefined
  /** All of it has arrived. */
  readonly complete?: boolean | undefined
  /** Its source passes each chunk, and `null` at the end. */
  push(chunk: unknown, encoding?: BufferEncoding): boolean
  /** Takes bytes that wait. */
  read(size?: number): unknown
  /** Puts bytes back. */
  unshift(chunk: unknown, encoding?: BufferEncoding): void
  /** Lets the bytes flow to nobody. */
  resume(): unknown
  /** How many listen for an event. */
  listenerCount(event: string): number
  /** Ends the stream early. */
  destroy(error?: Error): unknown
  /** Frees what the stream holds. */
  _destroy(error: Error | null, callback: (error?: Error | null) => void): void
}

/** The used part of a response of node:http or node:http2. */
export interface NodeResponse {
  /** It is too late for headers. */
  readonly headersSent: boolean
  /** The whole answer is given. */
  readonly writableEnded: boolean
  /** The stream was ended early. */
  readonly destroyed?: boolean | undefined
  /** Closes the connection. */
  destroy(): unknown
  /** Listens for the end of the connection. */
  once(event: "close", listener: () => void): unknown
  /** Sets a header of the answer. */
  setHeader(name: string, value: string): unknown
}

/** The auth of a request that is accepted; `undefined` if it has none. */
export type AuthOf<Owner> = Extract<Verdict<Owner>, { ok: true }>["auth"]

/** The steps of a framework. Exactly one of `accept` and `refuse` is called at first, unless the caller aborts. */
export interface NodeListener<Owner> {
  /** Goes on to the handler. */
  accept(auth: AuthOf<Owner>, rawBody: Buffer | undefined): void
  /** Keeps the auth of a body that was streamed before it was checked. It is called before the body ends. */
  identify(auth: AuthOf<Owner>): void
  /** Sends the refusal. It may come after `accept`, when a body turns out to be wrong, unless a response has begun. */
  refuse(refusal: Refusal): void
  /** Something failed that is no refusal: a misuse, which the message tells. */
  fail(error: unknown): void
}

/** A request in which handlers find the caller. */
export interface KeepingRequest {
  /** The caller. */
  auth?: unknown
  /** The exact bytes of the body, with the option of that name. */
  rawBody?: Buffer | undefined
}

/** The steps of a framework that goes on by `next`, whose handlers find the caller in the request. */
export function stepsOf(
  request: KeepingRequest,
  next: (error?: Error) => void,
  refuse: (refusal: Refusal) => void,
): NodeListener<unknown> {
  return {
    accept(caller, rawBody) {
      request.auth = caller
      request.rawBody = rawBody
      next()
    },
    identify(caller) {
      request.auth = caller
    },
    refuse,
    fail: (error) => next(error as Error),
  }
}

/** Takes a request; `path` is its path with the query, as it arrived. */
export type NodeReceiver<Owner> = (
  request: NodeRequest,
  response: NodeResponse,
  path: string,
  listener: NodeListener<Owner>,
) => void

/**
 * Prepares a route of a server that uses the requests of Node. A body stays in its request: who reads it afterwards reads it as
 * if nobody had.
 *
 * @param usual the options that hold where `options` says nothing
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function createNodeReceiver<Owner>(
  verifier: Verifier<Owner, boolean>,
  options: HandlerOptions = {},
  usual: HandlerOptions = {},
): NodeReceiver<Owner> {
  const handling = handlingOf(verifier, options, usual)
  return (request, response, path, listener) => {
    const { method = "", headers } = request
    let opened: ReturnType<Verifier<Owner>["open"]>
    try {
      opened = handling.verifier.open(
        headOf(handling, method, pathOnly(path), headers, request, ambiguityOf(path, request)),
      )
    } catch (error) {
      return listener.fail(error)
    }
    if (isPromise(opened)) opened.then((one) => begin(one, handling, request, response, listener)).catch(listener.fail)
    else begin(opened, handling, request, response, listener)
  }
}

function begin<Owner>(
  opened: OpenRequest<Owner> | Refusal,
  handling: Handling<Owner>,
  request: NodeRequest,
  response: NodeResponse,
  listener: NodeListener<Owner>,
): void {
  const size = opened.ok ? sizeOf(request) : undefined
  if (!opened.ok) listener.refuse(opened)
  else if (size === 0) judge(opened.end(), handling, listener, () => Buffer.alloc(0))
  else new Exchange(handling, request, response, listener).begin(opened, size)
}

function judge<Owner>(
  verdict: Awaitable<Verdict<Owner>>,
  { rawBody }: Handling<Owner>,
  listener: NodeListener<Owner>,
  body: () => Buffer,
): void {
  whenSettled(verdict, listener, (settled) => {
    if (settled.ok) listener.accept(settled.auth, rawBody ? body() : undefined)
    else listener.refuse(settled)
  })
}

function whenSettled<Owner>(
  verdict: Awaitable<Verdict<Owner>>,
  listener: NodeListener<Owner>,
  settle: (verdict: Verdict<Owner>) => void,
): void {
  if (isPromise(verdict)) verdict.then(settle).catch(listener.fail)
  else settle(verdict)
}

/** A proxy may be sent a whole URL. */
function pathOnly(url: string): string {
  return url.startsWith("/") ? url : url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, "").replace(/^(?!\/)/, "/")
}

/** One request with a body, and what becomes of it. */
export class Exchange<Owner> {
  readonly #handling: Handling<Owner>
  readonly #request: NodeRequest
  readonly #response: NodeResponse
  readonly #listener: NodeListener<Owner>
  /** Passes a chunk, or the end, on to those who read the body. */
  readonly #push: NodeRequest["push"]

  constructor(handling: Handling<Owner>, request: NodeRequest, response: NodeResponse, listener: NodeListener<Owner>) {
    this.#handling = handling
    this.#request = request
    this.#response = response
    this.#listener = listener
    this.#push = request.push
  }

  begin(opened: OpenRequest<Owner>, size: number | undefined): void {
    const { verifier, rawBody, streamBody } = this.#handling
    const isMissed = mayBeMissed(this.#request)
    if (!isMissed) begun.add(this.#request)
    // Its caller is gone.
    if (this.#request.destroyed && !this.#request.readableEnded) return
    const refused = size && verifier.refuseSize(size)
    if (refused) this.#listener.refuse(refused)
    else if (isMissed) this.#useLate(opened)
    else {
      const earlier = takeEarlier(this.#request)
      if (earlier?.isWhole) judge(opened.end(earlier.bytes), this.#handling, this.#listener, () => earlier.bytes)
      else if (rawBody || (opened.needsBody && !streamBody)) this.#collect(opened, earlier?.bytes)
      else this.#stream(opened, earlier?.bytes)
    }
  }

  /** A part of the body has been read, so it cannot be checked. */
  #useLate(opened: OpenRequest<Owner>): void {
    const isAnonymous = opened.auth === undefined && !opened.needsBody
    if (isAnonymous) this.#listener.accept(undefined, undefined)
    else this.#listener.fail(new Error(READ_TOO_EARLY))
  }

  /** Keeps a body from its readers until it is checked. */
  #collect(opened: OpenRequest<Owner>, earlier: Buffer | undefined): void {
    const request = this.#request
    const body = new CollectedBody(opened, this.#handling.verifier)
    /** Some sources give one chunk for each call, once the stream knows that the last one has come. */
    const askForMore = (): void => {
      this.#push.call(request, "")
      queueMicrotask(() => {
        if (!source.isOver) request.read(0)
      })
    }
    const source = this.#intercept({
      take: (chunk) => {
        const refused = body.take(chunk)
        if (refused === undefined) {
          if (request.readableObjectMode !== true) askForMore()
          return true
        }
        body.chunks.length = 0
        source.isOver = true
        this.#listener.refuse(refused)
        return true
      },
      end: () => {
        source.isOver = true
        whenSettled(body.end(), this.#listener, (verdict) => {
          if (request.destroyed) return
          if (!verdict.ok) {
            this.#push.call(request, null)
            return this.#listener.refuse(verdict)
          }
          // An earlier check has counted them.
          if (earlier !== undefined) putBack(request, earlier)
          source.isDone = true
          try {
            judge(verdict, this.#handling, this.#listener, () => Buffer.concat(body.chunks))
          } finally {
            // If somebody listened before, the handler listens too by now. A later check may have begun to collect the body.
            for (const chunk of body.chunks.slice(earlier === undefined ? 0 : 1)) request.push(chunk)
            request.push(null)
          }
        })
      },
    })
    if (earlier !== undefined) source.take(earlier)
    // Sources that wait for a reader start now.
    if (!source.isOver) request.read(0)
  }

  /**
   * Checks a body while it passes to its readers. One that is too large gets its answer at its end: earlier, a reader that
   * fails might close the connection on a caller who still sends.
   */
  #stream(opened: OpenRequest<Owner>, earlier: Buffer | undefined): void {
    const request = this.#request
    const { auth } = opened
    // Before it is given back, and the handler runs.
    const refused = earlier && opened.update(earlier)
    if (refused) {
      this.#listener.refuse(refused)
      // Node drains only bodies that nobody has begun to read.
      request.resume()
      return
    }
    if (earlier !== undefined) putBack(request, earlier)
    let tooLarge: Refusal | undefined
    const source = this.#intercept({
      take: (chunk) => {
        tooLarge ??= opened.update(chunk)
        return tooLarge !== undefined || this.#push.call(request, chunk)
      },
      end: () =>
        whenSettled(tooLarge ?? opened.end(), this.#listener, (verdict) => {
          source.isOver = true
          if (!verdict.ok) return this.#refuseLate(verdict)
          this.#listener.identify(verdict.auth)
          // A later check may have begun to collect the body meanwhile.
          source.isDone = true
          request.push(null)
        }),
    })
    this.#listener.accept(auth, undefined)
  }

  /** Stands between the source of the body and its readers. Once it is over, chunks go nowhere; once it is done, they pass. */
  #intercept(source: {
    take(chunk: Buffer): boolean
    end(): void
  }): typeof source & { isOver: boolean; isDone: boolean } {
    const state = { ...source, isOver: false, isDone: false }
    const push: NodeRequest["push"] = (chunk, encoding) => {
      if (state.isDone || (chunk as Partial<Buffer> | null)?.length === 0)
        return this.#push.call(this.#request, chunk, encoding)
      // A refused body is read to its end, so that the answer reaches its sender. Servers may wait for that end.
      if (state.isOver) return chunk !== null || this.#push.call(this.#request, chunk)
      if (chunk !== null) return source.take(bytesOf(chunk, encoding))
      source.end()
      return false
    }
    // Not assigned: V8 would keep the request until a full collection, and a POST would take half as much again (Node 22 to 26).
    Object.defineProperty(this.#request, "push", { value: push, configurable: true, writable: true })
    return state
  }

  #refuseLate(refusal: Refusal): void {
    const failBody = (): void => failReaders(this.#request, new RequestRefused(refusal))
    if (this.#response.headersSent) {
      failBody()
      // Its reader may end the answer at once. Otherwise the sender would wait for the rest.
      setImmediate(() => {
        if (!this.#response.writableEnded) this.#response.destroy()
      })
    } else {
      // First the answer, since those who read the body may close the connection when that fails.
      if (!(":method" in this.#request.headers)) this.#response.setHeader("connection", "close")
      this.#response.once("close", failBody)
      this.#listener.refuse(refusal)
    }
  }
}

/** The size of a body in bytes; `undefined` if it is known only at the end. */
export function sizeOf(request: NodeRequest): number | undefined {
  const { headers, method = "" } = request
  if (cameWith(request, "transfer-encoding") !== undefined) return undefined
  const length = cameWith(request, "content-length")
  if (length !== undefined) return Number(length)
  // Requests that no server of Node made may have a body and not say so.
  if (!(":method" in headers)) return /^(?:GET|HEAD)$/.test(method) && request.readableLength === 0 ? 0 : undefined
  const { stream } = request as { stream?: { endAfterHeaders?: boolean } }
  return stream?.endAfterHeaders === true ? 0 : undefined
}

/** A header as it came, whatever a middleware has changed. Requests that no server of Node made have no raw headers. */
function cameWith({ headers, rawHeaders = [] }: NodeRequest, name: string): unknown {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index]
    if (raw?.length === name.length && raw.toLowerCase() === name) return rawHeaders[index + 1]
  }
  return headers[name]
}

/** Whether somebody listens to a body. */
export function isHeard(request: NodeRequest): boolean {
  return request.readableFlowing === true || request.listenerCount("data") > 0 || request.listenerCount("readable") > 0
}

/** Whether a part of a body that has come may be gone to somebody, is decoded, or would be given to a listener twice. */
export function mayBeMissed(request: NodeRequest): boolean {
  if (request.readableDidRead ?? request.readableEnded) return true
  if (request.readableLength > 0 && isHeard(request)) return true
  // An earlier check had all of it, and gave it back.
  if (begun.has(request)) return false
  const { decoder } = stateOf(request) ?? {}
  if (decoder && (request.readableLength > 0 || decoder.lastNeed !== 0)) return true
  return wasReadBeneath(request)
}

/** The requests whose body was checked before, such as by an app that mounts another. */
const begun = new WeakSet<NodeRequest>()

/** The stream of HTTP/2 under a request. */
interface StreamBeneath {
  readonly readableDidRead?: boolean | undefined
  listeners?(event: "data"): readonly { readonly name: string }[]
}

/** Whether somebody reads the stream of HTTP/2 under the request. The request itself does, once it is asked for bytes, and keeps them. */
function wasReadBeneath(request: NodeRequest & { readonly stream?: StreamBeneath | undefined }): boolean {
  const { stream } = request
  if (stream?.readableDidRead !== true) return false
  return (
    request.readableLength === 0 || stream.listeners?.("data").some(({ name }) => name !== "onStreamData") !== false
  )
}

/** Whether the end of a body has come, though it may still be read. */
function hasEnded(request: NodeRequest): boolean {
  return stateOf(request)?.ended ?? request.complete === true
}

/** Takes the bytes that came while something else was awaited, all of them. A whole body stays in its request. */
function takeEarlier(request: NodeRequest): { bytes: Buffer; isWhole: boolean } | undefined {
  const encoding = request.readableEncoding ?? undefined
  const chunks: Buffer[] = []
  // Without a size, Node 26, Bun and Deno give one chunk of several. A source that pushes at once brings more at each call.
  while (request.readableLength > 0) chunks.push(bytesOf(request.read(request.readableLength), encoding))
  const isWhole = hasEnded(request)
  if (chunks.length === 0) return isWhole ? { bytes: Buffer.alloc(0), isWhole } : undefined
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  // Put back in the same turn, so that the stream cannot end in between.
  if (isWhole) putBack(request, bytes)
  return { bytes, isWhole }
}

/** Puts bytes back as if nobody had read them: `readableDidRead` would keep a fetch, or the server of Hono, from the rest. */
function putBack(request: NodeRequest, chunk: unknown): void {
  const encoding = request.readableEncoding ?? undefined
  request.unshift(encoding && typeof chunk !== "string" ? (chunk as Buffer).toString(encoding) : chunk, encoding)
  const state = stateOf(request)
  if (state !== undefined) state.dataEmitted = false
}

/** That of a stream of Node. */
function stateOf(request: NodeRequest): ReadableState | undefined {
  return (request as { _readableState?: ReadableState })._readableState
}

interface ReadableState {
  readonly ended: boolean
  dataEmitted: boolean
  /** Turns bytes into text, for `setEncoding`. It may hold bytes whose character is not complete. */
  readonly decoder?: { readonly lastNeed?: number } | null
}

function bytesOf(chunk: unknown, encoding?: BufferEncoding): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk, encoding) : (chunk as Buffer)
}

/** Fails a body without its connection, which carries the answer. */
function failReaders(request: NodeRequest, error: RequestRefused): void {
  request._destroy = (failure, done) => done(request.listenerCount("error") > 0 ? failure : null)
  request.destroy(error)
}
