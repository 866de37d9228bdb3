/** A caller's wait for one attempt: from its call, or from a refusal, until the attempt is sent or the call fails. */
export interface Wait {
  readonly process: string
  readonly identity: string
  readonly from: number
  /** The process had stood still for so long, in all, when the wait began; milliseconds. */
  readonly stoppedBefore: number
  until: number | undefined
  /** The process had stood still for so long when the wait ended. */
  stoppedAfter: number
  /** The code of the error that ended it. */
  failed: string | undefined
}

/** A token that a process sent. */
export interface Sent {
  readonly process: string
  readonly identity: string
  readonly value: string
  readonly at: number
  /** The secrets that the process has had until then. */
  readonly secrets: ReadonlySet<string>
}

/** A token that a service refused. */
export interface Refused {
  readonly process: string
  readonly identity: string
  readonly value: string
  readonly at: number
  /** It was the answer to a replay. */
  readonly isLast: boolean
}

/** All that can be seen of a fleet from outside. */
export class Observations {
  readonly waits: Wait[] = []
  readonly sent: Sent[] = []
  readonly refused: Refused[] = []
  readonly errors: string[] = []
}
