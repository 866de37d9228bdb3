import { isPromise, LONGEST_TIMER_MS } from "@countersign/auth-core/adapter"

export type Awaitable<T> = T | Promise<T>

/** How an answer came about. `stale`: the source failed, and an earlier answer is given again. */
type Outcome = "present" | "absent" | "failed" | "stale"

export interface LookupOptions<Subject, Value> {
  /** The name under which the answer is kept. */
  nameOf(subject: Subject): string
  /** Asks the source. `earlier` is the last answer, however old. */
  ask(subject: Subject, earlier: Value | undefined): Awaitable<Value | undefined>
  /** How long an answer is used, epoch ms. */
  freshUntil(value: Value | undefined, time: number): number
  /** How long it is used if the source fails, epoch ms. @default not at all */
  staleUntil?(value: Value, time: number): number
  /** How long a subject is left alone after `findAnother` asked about it, milliseconds. @default for ever */
  readonly againAfterMs?: number
  /** The most values to keep, and the most absences. The oldest give way. */
  readonly maxEntries: number
  /** How long the source may take, milliseconds. */
  readonly timeoutMs: number
  /** The source's name, for messages. */
  readonly source: string
}

/** The circumstances of one look-up. */
export interface LookupContext {
  /** Epoch ms. */
  now(): number
  /** Takes the outcome of a question to the source. */
  told?(outcome: Outcome, durationMs: number): void
}

/** A source with a memory. */
export interface Lookup<Subject, Value> {
  /** The answer that is remembered and fresh. */
  atHand(subject: Subject, time: number): Value | undefined
  /** Gives the answer at once if it is at hand. Fails if the source fails. */
  find(subject: Subject, context: LookupContext): Awaitable<Value | undefined>
  /**
   * The same for a caller whom the answer at hand, `seen`, does not fit. It asks the source although that answer is fresh, but
   * for a subject only once within `againAfterMs`, and gives `seen` meanwhile. If the source fails, the earlier answer stays.
   */
  findAnother(subject: Subject, seen: Value, context: LookupContext): Awaitable<Value | undefined>
}

interface Entry<Value> {
  readonly value: Value
  freshUntil: number
  readonly staleUntil: number
  /** Until then `findAnother` asks nothing. */
  restUntil: number
}

/** How long a source that failed is left alone if there is an earlier answer. */
const REST_MS = 1_000

/**
 * Keeps what a source answers. The source is asked for each subject once at a time. A failure is not kept.
 */
export function createLookup<Subject, Value>(options: LookupOptions<Subject, Value>): Lookup<Subject, Value> {
  const { nameOf, ask, freshUntil, staleUntil, maxEntries, timeoutMs, source } = options
  const { againAfterMs = Number.POSITIVE_INFINITY } = options
  const present = new Map<string, Entry<Value>>()
  // Apart, so that invented subjects drive out no real one.
  const absent = new Map<string, number>()
  const pending = new Map<string, Promise<Value | undefined>>()

  function keep(name: string, value: Value | undefined, time: number): Value | undefined {
    const restUntil = present.get(name)?.restUntil ?? time
    present.delete(name)
    absent.delete(name)
    const fresh = freshUntil(value, time)
    if (value === undefined) putBounded(absent, name, fresh, maxEntries)
    else
      putBounded(
        present,
        name,
        { value, freshUntil: fresh, staleUntil: staleUntil?.(value, time) ?? fresh, restUntil },
        maxEntries,
      )
    return value
  }

  function find(subject: Subject, context: LookupContext): Awaitable<Value | undefined> {
    const name = nameOf(subject)
    const time = context.now()
    const entry = present.get(name)
    if (entry !== undefined && entry.freshUntil > time) return entry.value
    if (entry === undefined && (absent.get(name) ?? time) > time) return undefined
    return question(name, subject, context, entry, (error, tell) => {
      const now = context.now()
      const isUsable = entry !== undefined && entry.staleUntil > now
      tell(isUsable ? "stale" : "failed")
      if (!isUsable) throw error
      entry.freshUntil = Math.min(now + REST_MS, entry.staleUntil)
      return entry.value
    })
  }

  function findAnother(subject: Subject, seen: Value, context: LookupContext): Awaitable<Value | undefined> {
    const name = nameOf(subject)
    const time = context.now()
    const entry = present.get(name)
    if (entry?.value !== seen || entry.freshUntil <= time) return find(subject, context)
    if (!pending.has(name)) {
      if (entry.restUntil > time) return seen
      entry.restUntil = time + againAfterMs
    }
    return question(name, subject, context, entry, (error, tell) => {
      tell("failed")
      throw error
    })
  }

  /** Asks, unless the same question is pending. */
  function question(
    name: string,
    subject: Subject,
    context: LookupContext,
    entry: Entry<Value> | undefined,
    whenFailed: (error: unknown, tell: (outcome: Outcome) => void) => Value,
  ): Awaitable<Value | undefined> {
    const asked = pending.get(name)
    if (asked !== undefined) return asked
    const startedAt = context.told && performance.now()
    const tell = (outcome: Outcome): void => {
      if (startedAt !== undefined) context.told?.(outcome, performance.now() - startedAt)
    }
    const found = (value: Value | undefined): Value | undefined => {
      tell(value === undefined ? "absent" : "present")
      return keep(name, value, context.now())
    }
    const failed = (error: unknown): Value => whenFailed(error, tell)
    const answer = whenAnswered(() => inTime(ask(subject, entry?.value), timeoutMs, source), found, failed)
    if (!isPromise(answer)) return answer
    const answered = answer.finally(() => pending.delete(name))
    pending.set(name, answered)
    return answered
  }

  return {
    atHand(subject, time) {
      const entry = present.get(nameOf(subject))
      return entry !== undefined && entry.freshUntil > time ? entry.value : undefined
    },
    find,
    findAnother,
  }
}

/** Puts a value at the end of a map. The oldest gives way if there are too many. */
export function putBounded<Value>(entries: Map<string, Value>, name: string, value: Value, most: number): void {
  entries.delete(name)
  if (entries.size >= most) for (const oldest of entries.keys()) if (entries.delete(oldest)) break
  entries.set(name, value)
}

/** Goes on with an answer, at once if it is at hand, or with the failure to give one. */
export function whenAnswered<Answer, Result>(
  ask: () => Awaitable<Answer>,
  goOn: (answer: Answer) => Awaitable<Result>,
  failed: (error: unknown) => Awaitable<Result>,
): Awaitable<Result> {
  let answer: Awaitable<Answer>
  try {
    answer = ask()
  } catch (error) {
    return failed(error)
  }
  // An error of `goOn` is no failure to answer.
  return isPromise(answer) ? answer.then(goOn, failed) : goOn(answer)
}

/** Fails if a promise takes longer. A time longer than a timer can run counts as no limit. */
export function inTime<T>(promise: Awaitable<T>, timeoutMs: number, source: string): Awaitable<T> {
  if (!isPromise(promise) || timeoutMs > LONGEST_TIMER_MS) return promise
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`${source} gave no answer within ${timeoutMs} ms.`))
    const timer = setTimeout(late, timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** For an answer that nobody waits for, of any class of promises. */
export function ignoreFailure(answer: PromiseLike<unknown>): void {
  Promise.resolve(answer).catch(() => undefined)
}

/** The answer of a function of the program that must give true or false, or how it failed. A promise would count as true. */
export function answerOf(ask: () => unknown, name: string): boolean | { readonly cause: unknown } {
  try {
    const answer = ask()
    if (typeof answer === "boolean") return answer
    if (isPromise(answer)) ignoreFailure(answer)
    const given = isPromise(answer) ? "a promise" : `a value of type ${typeof answer}`
    return { cause: new TypeError(`${name} must return true or false. It returned ${given}.`) }
  } catch (cause) {
    return { cause }
  }
}
