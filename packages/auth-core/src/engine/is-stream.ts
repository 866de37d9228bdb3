/** A body that can be read only once: a web or Node stream, an async iterable, a generator. */
export type BodyStream = ReadableStream | AsyncIterable<unknown> | Iterable<unknown> | PipedStream

/** A Node stream of any kind, said without the types of Node, which a browser's project lacks. */
export interface PipedStream {
  pipe<Destination>(destination: Destination): Destination
  on(event: "error", listener: (error: Error) => void): unknown
}

/** Whether a body can be read only once. */
export function isStream(value: unknown): value is BodyStream {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false
  if (isWebStream(value) || Symbol.asyncIterator in value) return true
  if ("pipe" in value && typeof value.pipe === "function") return true
  return "next" in value && Symbol.iterator in value
}

/** Whether it is a web stream, of whatever realm. */
export function isWebStream(value: object): value is ReadableStream {
  return "getReader" in value && typeof value.getReader === "function"
}
