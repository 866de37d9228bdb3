/** Runs a case that many times in a row. */
export type Batch = (times: number) => void | Promise<void>

/** Nanoseconds per call for each case, one sample per round. */
export type Samples<Name extends string> = Readonly<Record<Name, readonly number[]>>

export interface RoundsOptions {
  /** @default 61 */
  rounds?: number | undefined
  /** The approximate time of one case in one round, milliseconds. @default 4 */
  roundMs?: number | undefined
  /** The approximate warm-up of each case before the first round, milliseconds. @default 160 */
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

/** An asynchronous case, awaited one call after another. */
export function awaited(work: () => unknown): Batch {
  return async (times) => {
    for (let time = 0; time < times; time++) sink = await work()
  }
}

/**
 * Measures cases side by side. In each round every case has its turn, in a new random order, so that other work of the
 * machine and the effects of other cases hit all of them alike.
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

/** Returns a random order. */
export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}

/** How often a case runs within the time of a round, after compilation. */
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
