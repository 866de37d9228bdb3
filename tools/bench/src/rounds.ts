/** Does a thing so many times in a row. */
export type Batch = (times: number) => void | Promise<void>

/** Nanoseconds for one time, for each case, one sample a round. */
export type Samples<Name extends string> = Readonly<Record<Name, readonly number[]>>

export interface RoundsOptions {
  /** @default 61 */
  rounds?: number | undefined
  /** How long one case takes in one round, about. @default 4 */
  roundMs?: number | undefined
  /** How long each case is done before the first round, about. @default 160 */
  warmUpMs?: number | undefined
  /** Milliseconds. @default performance.now */
  now?: (() => number) | undefined
}

/**
 * The result of the last call, exported so that no compiler leaves the call out.
 *
 * @public
 */
export let sink: unknown

/** A case whose work is done when it returns. */
export function sync(work: () => unknown): Batch {
  return (times) => {
    for (let time = 0; time < times; time++) sink = work()
  }
}

/** A case that is waited for, one after another. */
export function awaited(work: () => unknown): Batch {
  return async (times) => {
    for (let time = 0; time < times; time++) sink = await work()
  }
}

/**
 * Measures cases side by side: in each round every case has its turn, in an order drawn anew, so that whatever else
 * happens on the machine, or is left behind by another case, happens to all of them.
 */
export async function interleaved<Name extends string>(
  cases: Readonly<Record<Name, Batch>>,
  { rounds = 61, roundMs = 4, warmUpMs = 160, now = () => performance.now() }: RoundsOptions = {},
): Promise<Samples<Name>> {
  const names = Object.keys(cases) as Name[]
  const counts = new Map<Name, number>()
  for (const name of names) counts.set(name, await calibrated(cases[name], roundMs, warmUpMs))
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(names)) {
      const count = counts.get(name) ?? 1
      const begun = now()
      await cases[name](count)
      samples[name].push(((now() - begun) * 1e6) / count)
    }
  }
  return samples
}

/** In an order drawn anew. */
export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}

/** How often it can be done in the time of a round, once the compiler is done with it. */
async function calibrated(batch: Batch, roundMs: number, warmUpMs: number): Promise<number> {
  let times = 1
  for (const warmUpUntil = performance.now() + warmUpMs; ; ) {
    const begun = performance.now()
    await batch(times)
    const tookMs = performance.now() - begun
    if (tookMs < roundMs / 2) times *= 2
    else if (performance.now() > warmUpUntil) return Math.max(1, Math.round((times * roundMs) / tookMs))
  }
}
