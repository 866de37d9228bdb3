/** An error reply of a server, such as `NOPERM …`. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply"
}

/** A reply like `OK`, which scripts see as a table. */
export class StatusReply {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A reply of a server, as a client gives it. */
export type Reply = string | number | null | StatusReply | readonly Reply[]
