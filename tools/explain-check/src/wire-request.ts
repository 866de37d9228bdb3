/** A request on the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query, undecoded. */
  readonly target: string
  /** In their spelling and order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

export function pathOf({ target }: WireRequest): string {
  return target.split("?", 1)[0] ?? ""
}

export function queryOf({ target }: WireRequest): string {
  const at = target.indexOf("?")
  return at < 0 ? "" : target.slice(at + 1)
}

export function withPath(request: WireRequest, path: string): WireRequest {
  const query = queryOf(request)
  return { ...request, target: query === "" ? path : `${path}?${query}` }
}

export function withQuery(request: WireRequest, query: string): WireRequest {
  return { ...request, target: query === "" ? pathOf(request) : `${pathOf(request)}?${query}` }
}

export function headerOf({ headers }: WireRequest, name: string): string {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1] ?? ""
}

export function withHeader(request: WireRequest, name: string, value: string): WireRequest {
  return { ...request, headers: [...withoutHeader(request, name).headers, [name, value]] }
}

export function withoutHeader(request: WireRequest, name: string): WireRequest {
  return { ...request, headers: request.headers.filter(([other]) => other.toLowerCase() !== name) }
}

/** Sets the length of the body. */
export function withBody(request: WireRequest, body: string | Uint8Array): WireRequest {
  const bytes = Buffer.from(body as string)
  const framed = withoutHeader(withoutHeader(request, "transfer-encoding"), "content-length")
  return { ...withHeader(framed, "content-length", String(bytes.length)), body: bytes }
}
