import type { IncomingHttpHeaders } from "node:http"
import type { Place } from "./wires.ts"

/** One attempt as it came off the wire. */
export interface Arrival {
  readonly at: Place
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** "valid", or what is wrong with its authentication. */
  readonly verdict: string
}

/** The attempts of one cell. */
export interface Arrivals {
  readonly authenticated: readonly Arrival[]
  /** The same request without authentication. */
  readonly alone: readonly Arrival[]
}
