import type { HttpBindings } from "@hono/node-server"
import type { Context, Env } from "hono"
import { keystoneError, type Refusal } from "./refusal.ts"
import type { Scheme } from "./state/stats.ts"
import type { Trace } from "./trace.ts"

/** The types of this server's contexts in Hono. */
export interface ServerEnv extends Env {
  Bindings: HttpBindings
  Variables: { trace?: Trace }
}

/** A request as it came off the wire, without its body. */
export interface RequestHead {
  readonly method: string
  /** Scheme, requested Host, and undecoded target. */
  readonly url: string
  /** Path and query, undecoded. */
  readonly target: string
  /** Path, undecoded. */
  readonly path: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Present if somebody watches. */
  readonly trace: Trace | undefined
}

/** A request with its whole body. */
export interface IncomingRequest extends RequestHead {
  readonly body: Uint8Array
  readonly text: string
}

/** The largest body that IAM, STS and the metadata service read, in bytes: 1 MB. */
const MAX_IAM_BODY_BYTES = 1024 * 1024

/** @throws {Refusal} 413 for a body above 1 MB; the rest of it stays unread, and the connection closes. */
export async function readRequest(context: Context<ServerEnv>): Promise<IncomingRequest> {
  // Read from the socket: a Request drops the body of a GET, and the official SDKs send and sign one.
  const { incoming } = context.env
  const chunks: Uint8Array[] = []
  let size = 0
  // Destroying the request would close its socket, and no answer could be sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > MAX_IAM_BODY_BYTES) throw tooLarge()
  }
  const body = Buffer.concat(chunks)
  return { ...requestHead(context), body, text: new TextDecoder().decode(body) }
}

function tooLarge(): Refusal {
  const message = `The request body is larger than ${MAX_IAM_BODY_BYTES} bytes.`
  return keystoneError(413, message).with({ connection: "close" })
}

export function requestHead(context: Context<ServerEnv>): RequestHead {
  const { method = "GET", url = "/", headersDistinct } = context.env.incoming
  // A client that uses this server as its proxy sends the whole URL.
  const target = url.replace(/^https?:\/\/[^/?#]*/i, "")
  const headers: Record<string, string> = {}
  for (const [name, values = []] of Object.entries(headersDistinct)) headers[name] = values.join(", ")
  const [path = ""] = target.split("?", 1)
  const trace = context.get("trace")
  return { method, url: `http://${headers.host ?? "localhost"}${target}`, target, path, headers, trace }
}

/** The method by which a request tries to authenticate. */
export function schemeOf({ headers }: Pick<RequestHead, "headers">): Scheme {
  if (headers["x-auth-token"] !== undefined) return "token"
  if (headers["x-apig-appcode"] !== undefined) return "app code"
  return headers.authorization === undefined ? "none" : "signature"
}
