import { Readable } from "node:stream"

export type BodyKind =
  | "none"
  | "empty string"
  | "text with non-ASCII"
  | "JSON object"
  | "JSON string"
  | "URLSearchParams"
  | "FormData with a file"
  | "npm form-data"
  | "Blob"
  | "Buffer"
  | "Uint8Array view into a larger buffer"
  | "ArrayBuffer"
  | "Node Readable"
  | "web ReadableStream"
  | "async generator"

export interface BodySample {
  /** Makes a new one for each call, because some can be read only once. */
  make(): unknown
  /** How the client is given it: as JSON to serialise, or as a body. */
  as: "none" | "json" | "body"
  /** The bytes that must arrive; absent if the encoding has a boundary of its own. */
  expected?: Buffer
  /** Bytes that must be among those that arrive, if the whole is not known. */
  contains?: Buffer
  contentType?: RegExp
}

const text = "Grüße, 世界 🌍"
const binary = Uint8Array.from({ length: 256 }, (_, index) => index)

function formData(): FormData {
  const form = new FormData()
  form.append("name", "Jörg")
  form.append("file", new File([binary], "bytes.bin", { type: "application/octet-stream" }))
  return form
}

function viewIntoLargerBuffer(): Uint8Array {
  const larger = new Uint8Array(1024).fill(0xee)
  larger.set(binary, 100)
  return larger.subarray(100, 100 + binary.length)
}

async function* generator(): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < binary.length; offset += 100) yield binary.slice(offset, offset + 100)
}

/** Every kind of body that an HTTP client may be given, except those that need a package of their own. */
export const bodySamples: Readonly<Record<Exclude<BodyKind, "npm form-data">, BodySample>> = {
  none: { make: () => undefined, as: "none", expected: Buffer.alloc(0) },
  "empty string": { make: () => "", as: "body", expected: Buffer.alloc(0) },
  "text with non-ASCII": { make: () => text, as: "body", expected: Buffer.from(text) },
  "JSON object": {
    make: () => ({ name: text, list: [1, 2.5, null], deep: { a: true } }),
    as: "json",
    expected: Buffer.from(JSON.stringify({ name: text, list: [1, 2.5, null], deep: { a: true } })),
    contentType: /^application\/json/,
  },
  "JSON string": { make: () => '{"a":"b c"}', as: "body", expected: Buffer.from('{"a":"b c"}') },
  URLSearchParams: {
    make: () =>
      new URLSearchParams([
        ["q", "a b+c"],
        ["q", "ü"],
      ]),
    as: "body",
    expected: Buffer.from("q=a+b%2Bc&q=%C3%BC"),
    contentType: /^application\/x-www-form-urlencoded/,
  },
  "FormData with a file": {
    make: formData,
    as: "body",
    contains: Buffer.from(binary),
    contentType: /^multipart\/form-data; ?boundary=/,
  },
  Blob: {
    make: () => new Blob([binary], { type: "application/x-sample" }),
    as: "body",
    expected: Buffer.from(binary),
    contentType: /^application\/x-sample/,
  },
  Buffer: { make: () => Buffer.from(binary), as: "body", expected: Buffer.from(binary) },
  "Uint8Array view into a larger buffer": { make: viewIntoLargerBuffer, as: "body", expected: Buffer.from(binary) },
  ArrayBuffer: { make: () => binary.slice().buffer, as: "body", expected: Buffer.from(binary) },
  "Node Readable": {
    make: () => Readable.from(generator(), { objectMode: false }),
    as: "body",
    expected: Buffer.from(binary),
  },
  "web ReadableStream": {
    make: () => Readable.toWeb(Readable.from(generator(), { objectMode: false })),
    as: "body",
    expected: Buffer.from(binary),
  },
  "async generator": { make: generator, as: "body", expected: Buffer.from(binary) },
}
