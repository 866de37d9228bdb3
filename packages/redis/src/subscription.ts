/** One connection that only listens. */
export interface Line {
  /** Settles when the server has confirmed every channel. */
  subscribe(channels: string[]): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Rejects where these channels are not heard any more. */
  check(channels: Iterable<string>): Promise<unknown>
  close(): unknown
}

export interface LineEvents {
  heard(message: string): void
  /** The line is broken for good. */
  ended(): void
}

/** Opens connections for one kind of client. The connections do not reconnect. */
export interface Dialer {
  /** The node that tells of a channel. Nothing while that is unknown. */
  placeOf(channel: string): string | undefined
  dial(place: string, events: LineEvents): Promise<Line>
}

export interface NoticeListener {
  heard(message: string): void
  /** From now on notices of a channel are heard. Earlier ones may have got lost. */
  began?(channel: string): void
  /** The server could not be reached or refused, several times; it is tried again. Called once for each disturbance. */
  unheard?(reason: unknown): void
}

/** Timers of this file never keep a process alive. */
const DIAL_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 5_000
const CHECK_EVERY_MS = 5_000
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 60_000
/** Attempts in a row. A server that restarts is not worth a word. */
const TELL_AFTER = 4

interface OpenLine {
  readonly place: string
  readonly opened: Promise<Line>
  readonly channels: Set<string>
}

/**
 * Listens to channels, on one connection for each node that has any. It opens none before the first channel, closes it
 * after the last one, replaces it when it breaks or the server stops answering, and then subscribes again.
 */
export class Subscription {
  readonly #dialer: Dialer
  readonly #listener: NoticeListener
  /** The line of each channel; nothing before the server has confirmed it. */
  readonly #homes = new Map<string, OpenLine | undefined>()
  readonly #homeless = new Set<string>()
  /** By place. */
  readonly #lines = new Map<string, OpenLine>()
  #failures = 0
  #isSettling = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #checks: ReturnType<typeof setInterval> | undefined
  #isEnded = false

  constructor(dialer: Dialer, listener: NoticeListener) {
    this.#dialer = dialer
    this.#listener = listener
  }

  listenTo(channel: string): void {
    if (this.#isEnded || this.#homes.has(channel)) return
    this.#homes.set(channel, undefined)
    this.#makeHomeless(channel)
  }

  stopListeningTo(channel: string): void {
    const line = this.#homes.get(channel)
    this.#homes.delete(channel)
    this.#homeless.delete(channel)
    if (line !== undefined) this.#leave(line, channel)
  }

  /** Whether the server has confirmed the channel on a connection that works, as far as is known. */
  isHearing(channel: string): boolean {
    return this.#homes.get(channel) !== undefined
  }

  end(): void {
    this.#isEnded = true
    this.#homes.clear()
    this.#homeless.clear()
    clearTimeout(this.#retry)
    clearInterval(this.#checks)
    for (const line of this.#lines.values()) this.#drop(line)
  }

  #makeHomeless(channel: string): void {
    this.#homeless.add(channel)
    if (this.#isSettling || this.#retry !== undefined) return
    this.#isSettling = true
    // Channels that come together are subscribed together.
    queueMicrotask(() => void this.#settle())
  }

  async #settle(): Promise<void> {
    this.#isSettling = false
    const groups = new Map<string | undefined, string[]>()
    for (const channel of this.#homeless) {
      const place = this.#dialer.placeOf(channel)
      const group = groups.get(place)
      if (group === undefined) groups.set(place, [channel])
      else group.push(channel)
    }
    this.#homeless.clear()
    const settled = await Promise.allSettled([...groups].map(([place, channels]) => this.#settleAt(place, channels)))
    if (this.#isEnded) return
    const failed = settled.find((result) => result.status === "rejected")
    if (failed === undefined) this.#failures = 0
    else this.#retryLater(failed.reason)
  }

  async #settleAt(place: string | undefined, channels: string[]): Promise<void> {
    let line: OpenLine | undefined
    try {
      if (place === undefined) throw new Error("The node of a channel is not known yet.")
      line = this.#lineTo(place)
      for (const channel of channels) line.channels.add(channel)
      const opened = await line.opened
      await within(ANSWER_TIMEOUT_MS, opened.subscribe(channels))
      if (this.#lines.get(place) !== line) throw new Error("The connection broke.")
    } catch (error) {
      if (line !== undefined) this.#drop(line)
      for (const channel of channels) if (this.#isWaiting(channel)) this.#homeless.add(channel)
      throw error
    }
    for (const channel of channels) {
      if (this.#isWaiting(channel)) {
        this.#homes.set(channel, line)
        this.#listener.began?.(channel)
      } else if (this.#homes.get(channel) !== line) this.#leave(line, channel)
    }
  }

  #isWaiting(channel: string): boolean {
    return this.#homes.has(channel) && this.#homes.get(channel) === undefined
  }

  #retryLater(reason: unknown): void {
    this.#failures += 1
    if (this.#failures === TELL_AFTER) this.#listener.unheard?.(reason)
    const longestMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        void this.#settle()
      },
      longestMs * (0.5 + Math.random() / 2),
    )
    unref(this.#retry)
  }

  #lineTo(place: string): OpenLine {
    const known = this.#lines.get(place)
    if (known !== undefined) return known
    const events: LineEvents = {
      heard: (message) => this.#listener.heard(message),
      ended: () => this.#drop(line),
    }
    const dialled = this.#dialer.dial(place, events)
    const line: OpenLine = { place, opened: within(DIAL_TIMEOUT_MS, dialled), channels: new Set() }
    this.#lines.set(place, line)
    line.opened.catch(() => dialled.then(close, ignore))
    if (this.#checks === undefined) {
      this.#checks = setInterval(() => this.#check(), CHECK_EVERY_MS)
      unref(this.#checks)
    }
    return line
  }

  /** Its channels look for another line. */
  #drop(line: OpenLine): void {
    if (this.#lines.get(line.place) !== line) return
    this.#lines.delete(line.place)
    line.opened.then(close, ignore)
    for (const channel of line.channels) {
      if (this.#homes.get(channel) !== line) continue
      this.#homes.set(channel, undefined)
      this.#makeHomeless(channel)
    }
  }

  #leave(line: OpenLine, channel: string): void {
    line.channels.delete(channel)
    if (line.channels.size === 0) this.#drop(line)
    else line.opened.then((opened) => opened.unsubscribe(channel)).catch(ignore)
  }

  #check(): void {
    for (const line of this.#lines.values()) {
      line.opened
        .then((opened) => {
          const confirmed = [...line.channels].filter((channel) => this.#homes.get(channel) === line)
          return within(ANSWER_TIMEOUT_MS, opened.check(confirmed))
        })
        .catch(() => this.#drop(line))
    }
    for (const [channel, line] of this.#homes) {
      const place = line && this.#dialer.placeOf(channel)
      if (line === undefined || place === undefined || place === line.place) continue
      this.#homes.set(channel, undefined)
      this.#leave(line, channel)
      this.#makeHomeless(channel)
    }
  }
}

function close(line: Line): void {
  // Clients complain about the end of a connection that has never begun.
  void (async () => line.close())().catch(ignore)
}

function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The server did not answer in time.")), limitMs)
    unref(timer)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** In Node a timer is an object, which otherwise keeps the process alive. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
    timer.unref()
}

function ignore(): void {
  // See the callers.
}
