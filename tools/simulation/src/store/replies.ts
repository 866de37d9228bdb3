/** An error reply of a server, such as `NOPERM …`. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply"
}

/** A reply of a server, as a client gives it. */
export type Reply = string | number | null | readonly Reply[]
