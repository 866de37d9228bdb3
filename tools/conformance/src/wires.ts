/** Ways from a client to the servers. */
export const WIRES = ["HTTP/1.1", "HTTP/2", "forwarding proxy", "CONNECT proxy"] as const
export type Wire = (typeof WIRES)[number]

/** The called server, another listed one, and one that is not listed. */
export const PLACES = ["main", "listed", "foreign"] as const
export type Place = (typeof PLACES)[number]

/** The addresses of one way. */
export interface WireAddresses {
  /** Origins. */
  readonly main: string
  readonly listed: string
  /** With user and password; absent without a proxy, or if the environment names it. */
  readonly proxy?: string | undefined
}
