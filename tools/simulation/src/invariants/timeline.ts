import { type Effect, effectOf, type Fault, lastsUntil } from "../plans/fault.ts"

interface Span {
  readonly from: number
  readonly until: number
  readonly effect: Effect
}

/** When something was wrong. */
export class Timeline {
  readonly #spans: Span[]

  constructor(faults: readonly Fault[]) {
    this.#spans = faults.map((fault) => ({ from: fault.at, until: lastsUntil(fault), effect: effectOf(fault) }))
  }

  /** Whether nothing had one of these effects at any moment of a span. */
  isFreeOf(effects: ReadonlyArray<keyof Effect>, from: number, until: number): boolean {
    return !this.#spans.some(
      (span) => span.from <= until && span.until >= from && effects.some((effect) => span.effect[effect]),
    )
  }
}
