import { isFormData, isSearchParams } from "./body-brand.ts"
import { isStream } from "./is-stream.ts"

/**
 * For clients that send the items of any iterable, one after another: an iterator in place of an iterable that is none, so
 * that it is read as a stream. All else is given back.
 */
export function chunkIterator(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !(Symbol.iterator in body)) return body
  if (ArrayBuffer.isView(body) || isStream(body) || isFormData(body) || isSearchParams(body)) return body
  return itemsOf(body as Iterable<unknown>)
}

function* itemsOf(items: Iterable<unknown>): Generator<unknown> {
  yield* items
}
