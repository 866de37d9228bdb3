import type { IncomingHead } from "./ambiguity.ts"
import type { NodeRequest, NodeResponse } from "./node-receiver.ts"

/** The request of Node behind one of fetch, and its response. */
export interface NodeBindings {
  readonly incoming: NodeRequest & IncomingHead
  readonly outgoing: NodeResponse
}

/** Finds them where a server shows them, as that of Hono does in its bindings. */
export function nodeBindingsIn(bindings: unknown): NodeBindings | undefined {
  const { incoming, outgoing } = Object(bindings) as Partial<NodeBindings>
  return Array.isArray(incoming?.rawHeaders) && outgoing !== undefined ? { incoming, outgoing } : undefined
}

/**
 * Whether a request of fetch only shows one of Node. The server of Hono makes such requests, and keeps the one of Node under a
 * symbol. A request by which a middleware replaces it does not.
 */
export function isViewOf(request: Request, incoming: object): boolean {
  for (const symbol of Object.getOwnPropertySymbols(request)) if (Reflect.get(request, symbol) === incoming) return true
  return false
}

/** Whether such a request has begun to take the body, since something asked it for the body: then it holds a Request of its own. */
export function holdsBody(request: Request): boolean {
  return Object.getOwnPropertySymbols(request).some((symbol) => Reflect.get(request, symbol) instanceof Request)
}

/** The headers as a Request shows them: repeated ones are joined, where Node may keep only the first. */
export function joinedHeaders({ rawHeaders = [] }: IncomingHead): Record<string, string> {
  const joined: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase()
    const value = rawHeaders[index + 1] ?? ""
    joined[name] = Object.hasOwn(joined, name) ? `${joined[name]}, ${value}` : value
  }
  return joined
}
