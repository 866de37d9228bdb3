import { joined } from "@countersign/auth-core/adapter"
import type { Verifier } from "./create-verifier.ts"
import type { Awaitable } from "./lookup.ts"
import type { OpenRequest, Verdict } from "./open-request.ts"
import type { Refusal } from "./refusal.ts"

/** So many chunks become one. Each holds memory of its own, and a sender may send single bytes. */
const MOST_LOOSE = 1_024

/** Collects a body that is judged as a whole. A single chunk is hashed in one go, which takes a third of the time. */
export class CollectedBody<Owner> {
  readonly #opened: OpenRequest<Owner>
  readonly #verifier: Verifier<Owner, boolean>
  /** The first stays as it came. */
  readonly chunks: Uint8Array[] = []
  /** Where the chunks begin that are not joined yet. */
  #looseFrom = 1

  constructor(opened: OpenRequest<Owner>, verifier: Verifier<Owner, boolean>) {
    this.#opened = opened
    this.#verifier = verifier
  }

  /** Takes the next chunk. Gives a refusal as soon as there are too many bytes. */
  take(chunk: Uint8Array): Refusal | undefined {
    const [first] = this.chunks
    this.chunks.push(chunk)
    if (first === undefined) return this.#verifier.refuseSize(chunk.byteLength)
    const refused = (this.chunks.length === 2 && this.#opened.update(first)) || this.#opened.update(chunk)
    if (this.chunks.length - this.#looseFrom < MOST_LOOSE) return refused
    this.chunks.push(joined(this.chunks.splice(this.#looseFrom)))
    this.#looseFrom = this.chunks.length
    return refused
  }

  end(): Awaitable<Verdict<Owner>> {
    return this.chunks.length === 1 ? this.#opened.end(this.chunks[0]) : this.#opened.end()
  }
}
