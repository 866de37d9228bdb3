import { andThen } from "../runtime/promises.ts"
import { clearProxyError } from "../runtime/proxy.chunk.ts"
import { INSPECT } from "../runtime/redact.ts"
import type { HostGuard } from "./gate.ts"
import type { WireRequest } from "./wire-request.ts"

/** Shown in place of a secret. */
const MASK = "[secret]"
/** Headers that an auth adds and anybody may see. */
const PUBLIC_HEADER = /^x-(?:sdk-.*|project-id|domain-id)$/

type HeadersByName = Readonly<Record<string, string>>

/** The part of a request of node:http that is used here. */
interface SettableRequest {
  readonly headersSent: boolean
  readonly socket: Connection | null
  getHeader(name: string): unknown
  setHeader(name: string, value: unknown): unknown
  once(event: "socket", listener: (socket: Connection) => void): unknown
}

/** The part of a writable stream, mostly a net.Socket, that is used here. */
interface Connection {
  readonly connecting?: boolean
  write(chunk: unknown, ...rest: unknown[]): unknown
  _write(chunk: unknown, encoding: unknown, done: Done): void
  _writev?(chunks: QueuedChunk[], done: Done): void
  once(event: "connect" | "close", listener: () => void): unknown
  off(event: "connect" | "close", listener: () => void): unknown
}

interface QueuedChunk {
  chunk: unknown
}

type Done = (error?: Error) => void

/** Sends a secret, and prints as a mask. For clients that keep headers where they can be seen. */
class HiddenText {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
  toJSON(): string {
    return MASK
  }
  [INSPECT](): string {
    return MASK
  }
}

/** Keyed by connection: the secrets of the head that is written next. */
const unsent = new WeakMap<object, HeadersByName | undefined>()

/**
 * Masks the secrets among headers in place, because Node keeps the headers it is given, also on connections.
 *
 * @param added the headers that an auth added, by lower-case name. One whose value has changed since is left alone.
 * @returns the secrets, by name as spelled in `headers`
 */
export function maskSecrets(headers: Record<string, unknown>, added: HeadersByName): HeadersByName {
  const secrets: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const lowerCase = name.toLowerCase()
    const value = added[lowerCase]
    if (value === undefined || PUBLIC_HEADER.test(lowerCase)) continue
    if (headers[name] !== value && headers[name] !== MASK) continue
    secrets[name] = value
    headers[name] = MASK
  }
  return secrets
}

/**
 * Sends secrets with a native request that is not sent yet and never holds them. Errors and responses carry the request,
 * and Node prints an uncaught error with everything that can be reached from it. So the request and its connection keep the
 * masks, and the secrets are inserted as the head leaves for the network.
 */
export function sendSecrets(request: unknown, secrets: HeadersByName): void {
  if (!isSettable(request)) return
  const isNative = isOfNode(request)
  for (const [name, value] of Object.entries(secrets)) {
    if (isNative && request.getHeader(name) === MASK) continue
    if (request.headersSent) return
    // Set directly, since its writes cannot be intercepted. A request built like Node's, such as a mock's, takes only text.
    const others = "outputData" in request ? value : new HiddenText(value)
    request.setHeader(name, isNative ? MASK : others)
  }
  if (!isNative) return
  if (request.socket) insert(request.socket, secrets)
  else request.once("socket", (socket) => insert(socket, secrets))
}

function isSettable(request: unknown): request is SettableRequest {
  return typeof request === "object" && request !== null && "setHeader" in request && "once" in request
}

/**
 * Whether a request writes its head to a connection as Node does. Node, Bun and Deno all do so. An HTTP/2 package, mocks,
 * and earlier Bun and Deno send in their own way.
 */
function isOfNode(request: SettableRequest): boolean {
  const { OutgoingMessage } = process.getBuiltinModule("node:http")
  return request instanceof OutgoingMessage && request.end === OutgoingMessage.prototype.end
}

/** Inserts secrets into the next write. Node emits `socket` before it writes to the connection. */
function insert(connection: Connection, secrets: HeadersByName): void {
  if (!unsent.has(connection)) interceptWrites(connection)
  unsent.set(connection, secrets)
}

/**
 * Overrides `_write` and `_writev`, which Node calls for each chunk as it leaves. Nothing is passed on before the
 * connection is made, because a connection keeps, and prints, the data that it could not send.
 */
function interceptWrites(connection: Connection): void {
  const { write, _write: writeOne, _writev: writeMany } = connection
  const { Writable } = process.getBuiltinModule("node:stream")
  if (write !== Writable.prototype.write) {
    // A mock overrides `write` to read the request.
    connection.write = (chunk, ...rest) => write.call(connection, completed(chunk) ?? chunk, ...rest)
    return
  }
  connection._write = (chunk, encoding, done) => {
    onceConnected(() => {
      const complete = completed(chunk)
      if (complete === undefined) done(headNotFound())
      else writeOne.call(connection, complete, encoding, done)
    })
  }
  if (writeMany === undefined) return
  connection._writev = (chunks, done) => {
    onceConnected(() => {
      const [first, ...others] = chunks
      const complete = completed(first?.chunk)
      if (complete === undefined) done(headNotFound())
      else
        writeMany.call(
          connection,
          complete === first?.chunk ? chunks : [{ ...first, chunk: complete }, ...others],
          done,
        )
    })
  }

  function onceConnected(work: () => void): void {
    if (unsent.get(connection) === undefined || connection.connecting !== true) {
      work()
      return
    }
    const once = (): void => {
      connection.off("connect", once)
      connection.off("close", once)
      work()
    }
    connection.once("connect", once)
    connection.once("close", once)
  }

  function completed(chunk: unknown): unknown {
    const secrets = unsent.get(connection)
    if (secrets === undefined) return chunk
    unsent.set(connection, undefined)
    if (typeof chunk === "string") return withSecrets(chunk, secrets)
    if (!(chunk instanceof Uint8Array)) return undefined
    const { buffer, byteOffset, byteLength } = chunk
    const complete = withSecrets(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"), secrets)
    return complete === undefined ? undefined : Buffer.from(complete, "latin1")
  }
}

/** @returns `undefined` when the text does not begin with the head of the request. */
function withSecrets(text: string, secrets: HeadersByName): string | undefined {
  let complete = text
  for (const [name, value] of Object.entries(secrets)) {
    const line = `\r\n${name}: ${MASK}\r\n`
    const start = complete.indexOf(line)
    if (start === -1) return undefined
    complete = `${complete.slice(0, start)}\r\n${name}: ${value}${complete.slice(start + line.length - 2)}`
  }
  return complete
}

function headNotFound(): Error {
  return new Error("The authentication could not be put into the request, so it was not sent.")
}

/** How to send a request through a function such as `http.request`. */
export interface NativeSend {
  /** The options of the call. Their headers are changed in place. */
  readonly options: Parameters<typeof refuseClearProxy>[0] & { readonly headers: Record<string, unknown> }
  /** The request on the wire, and what the auth added to it. */
  readonly wire: Pick<WireRequest, "url" | "added" | "authenticated">
  /** Says whether credentials may go by plain http. */
  readonly guard: HostGuard
  /** The function is the caller's own, so it gets all headers. */
  readonly isOwn: boolean
  /** The advice for a client that sends even https to a proxy in clear. */
  readonly cure?: string | undefined
}

/**
 * Calls `request` so that the native request, its connection and the caller's agent hold no secret, and no proxy reads one.
 *
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function sendNatively<T>(request: () => T, { options, wire, guard, isOwn, cure }: NativeSend): T {
  const { url, added, authenticated } = wire
  const { headers } = options
  if (authenticated) refuseClearProxy(options, url, guard, cure)
  const secrets = maskSecrets(headers, added)
  if (isOwn) Object.assign(headers, secrets)
  return andThen(request(), (sent) => {
    // A cache may return a response in place of a request.
    if (typeof sent !== "object" || sent === null || "statusCode" in sent) return sent
    // Node's own agents choose the proxy when the request is made.
    if (authenticated) refuseClearProxy(sent, url, guard, cure)
    maskSecrets(headers, added)
    sendSecrets(firstRequest(sent), secrets)
    return sent
  }) as T
}

/** A package that follows redirects makes more requests. They get no secret. */
function firstRequest(sent: object): unknown {
  return ("_currentRequest" in sent && sent._currentRequest) || sent
}

/** Masks what an auth added to a request that a client shows: a Request of fetch, or a stream of HTTP/2. */
export function redactRequest(request: unknown, { added }: Pick<WireRequest, "added">): void {
  if (typeof request !== "object" || request === null) return
  if ("sentHeaders" in request) maskSecrets(request.sentHeaders as Record<string, unknown>, added)
  if (!("headers" in request) || !(request.headers instanceof Headers)) return
  // Read by name: Deno keeps a copy of headers that were iterated.
  for (const name of Object.keys(added)) {
    const shown = { [name]: request.headers.get(name) }
    for (const secret of Object.keys(maskSecrets(shown, added))) request.headers.set(secret, String(shown[secret]))
  }
}

/** Redacts the values that an auth added in the text of an error. Mocks quote the request they got. */
export function redactMessage(error: Error, { added }: Pick<WireRequest, "added">): void {
  for (const [name, value] of Object.entries(added)) {
    const isShown = error.message.includes(value) || error.stack?.includes(value) === true
    if (!isShown || !staysAtOrigin(name)) continue
    error.message = error.message.replaceAll(value, "[redacted]")
    if (error.stack !== undefined) error.stack = error.stack.replaceAll(value, "[redacted]")
  }
}

/** The part of a `node:http` request that is not sent yet, or of its options, that tells where it goes. */
export interface NativeRequest {
  /** The target; absolute where a proxy gets it. */
  readonly path?: unknown
  /** The agent of `node:http`, or the client's own. */
  readonly agent?: unknown
  /** Listens for the error of a request that was destroyed. */
  once?(event: "error", listener: () => void): unknown
  /** Ends the request. */
  destroy?(): unknown
}

/**
 * Refuses to send credentials through a proxy that could read them, whoever chose it. Loopback is no exception: the proxy
 * need not be on this machine.
 *
 * @param request is destroyed if it is refused.
 * @param cure what to do about a client that sends even https that way.
 * @throws {AuthError} `AUTH_INSECURE_URL`
 */
export function refuseClearProxy(request: NativeRequest, url: URL, guard: HostGuard, cure?: string): void {
  const { path, agent } = request
  const isHttps = url.protocol === "https:"
  // A request to a proxy has an absolute URL as its path.
  const isAbsolute = typeof path === "string" && /^https?:\/\//i.test(path)
  // A tunnel hides only https. Proxy agents from npm keep their proxy in this member.
  const isTunnelled =
    !isHttps && typeof agent === "object" && agent !== null && "proxy" in agent && Boolean(agent.proxy)
  if (!isAbsolute && !isTunnelled) return
  if (!isHttps && guard.allowInsecure === true) return
  request.once?.("error", () => undefined)
  request.destroy?.()
  throw clearProxyError(url, isHttps ? cure : undefined)
}

/** HTTP's own, this library's, and the others by which Huawei Cloud, OpenStack and their gateways identify a caller. */
const SECRET_ON_OTHER_ORIGINS =
  /^(?:(?:proxy-)?authorization|cookie|host|x-(?:(?:auth|subject|service|storage|metadata|(?:obs-)?security)-token|auth-key|apig-appcode|hw-appkey|sdk-.+))$/

/** Whether a header, by lower-case name, is dropped when a redirect leads to another origin. */
export function staysAtOrigin(name: string): boolean {
  return SECRET_ON_OTHER_ORIGINS.test(name)
}

/** Whether headers, by lower-case name, hold a secret that clients would send on to another origin. */
export function hasOwnSecrets(headers: Readonly<Record<string, unknown>>): boolean {
  // Clients drop the other secrets on their own.
  for (const name of Object.keys(headers)) if (name.startsWith("x-") && staysAtOrigin(name)) return true
  return false
}
