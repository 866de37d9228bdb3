import type { Verifier } from "./create-verifier.ts"
import type { Awaitable } from "./lookup.ts"
import type { OpenRequest, Verdict } from "./open-request.ts"
import type { Refusal } from "./refusal.ts"

/** Collects a body that is judged as a whole. A single chunk is hashed in one go, which takes a third of the time. */
export class CollectedBody<Owner> {
  readonly #opened: OpenRequest<Owner>
  readonly #verifier: Verifier<Owner, boolean>
  readonly chunks: Uint8Array[] = []

  constructor(opened: OpenRequest<Owner>, verifier: Verifier<Owner, boolean>) {
    this.#opened = opened
    this.#verifier = verifier
  }

  /** Takes the next chunk. Gives a refusal as soon as there are too many bytes. */
  take(chunk: Uint8Array): Refusal | undefined {
    const [first] = this.chunks
    this.chunks.push(chunk)
    if (first === undefined) return this.#verifier.refuseSize(chunk.byteLength)
    return (this.chunks.length === 2 && this.#opened.update(first)) || this.#opened.update(chunk)
  }

  end(): Awaitable<Verdict<Owner>> {
    return this.chunks.length === 1 ? this.#opened.end(this.chunks[0]) : this.#opened.end()
  }
}
