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
  return holds(request, (value) => value === incoming)
}

/** Whether something asked such a request for its body. Then it holds a Request of its own. */
export function holdsBody(request: Request): boolean {
  return holds(request, (value) => value instanceof Request)
}

function holds(request: Request, isSought: (value: unknown) => boolean): boolean {
  return Object.getOwnPropertySymbols(request).some((symbol) => isSought(Reflect.get(request, symbol)))
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
