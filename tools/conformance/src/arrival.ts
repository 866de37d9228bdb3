import type { IncomingHttpHeaders } from "node:http"
import type { Place } from "./wires.ts"

/** One attempt as it arrived. */
export interface Arrival {
  readonly at: Place
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** "valid", or the fault of its authentication. */
  readonly verdict: string
}

/** The attempts of one cell. */
export interface Arrivals {
  readonly authenticated: readonly Arrival[]
  /** The same request without authentication. */
  readonly alone: readonly Arrival[]
}
