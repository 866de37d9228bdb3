import type { HttpBindings } from "@hono/node-server"
import type { Context, Env } from "hono"

/** What Hono is told of this server. */
export interface ServerEnv extends Env {
  Bindings: HttpBindings
}

/** A request as it came off the wire, read whole. */
export interface IncomingRequest {
  readonly method: string
  /** Scheme, the Host that was asked for, and the undecoded target. */
  readonly url: string
  /** Path and query, undecoded. */
  readonly target: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly text: string
}

export async function readRequest(context: Context<ServerEnv>): Promise<IncomingRequest> {
  // Off the socket: a Request drops the body of a GET, and the official SDKs send and sign one.
  const chunks: Uint8Array[] = []
  for await (const chunk of context.env.incoming) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return { ...requestHead(context), body, text: new TextDecoder().decode(body) }
}

/** The same, but for the body. */
export function requestHead(context: Context<ServerEnv>): Omit<IncomingRequest, "body" | "text"> {
  const { incoming } = context.env
  const target = incoming.url ?? "/"
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  )
  return { method: incoming.method ?? "GET", url: `http://${headers.host ?? "localhost"}${target}`, target, headers }
}
