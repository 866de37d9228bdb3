import type { Body } from "./matrix.ts"

/** Every byte value, a few times. */
export const BINARY = Uint8Array.from({ length: 600 }, (_, index) => index % 256)
const TEXT = "Grüße, 世界 🌍"
const OBJECT = { name: TEXT, list: [1, 2.5, null], deep: { a: true } }

/** The bytes that must arrive; `undefined` if the encoding has its own boundary, with `BINARY` somewhere inside. */
export function expectedBytes(body: Body): Uint8Array | undefined {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  switch (body) {
    case "none":
    case "empty string":
      return new Uint8Array()
    case "text":
      return encode(TEXT)
    case "JSON object":
      return encode(JSON.stringify(OBJECT))
    case "JSON string":
      return encode('{"a":"b c"}')
    case "URLSearchParams":
      return encode("q=a+b%2Bc&q=%C3%BC")
    case "FormData":
    case "npm form-data":
      return undefined
    default:
      return BINARY
  }
}

/** Packages and built-ins that only some runtimes have. */
export interface BodyMakers {
  nodeReadable?: (chunks: AsyncIterable<Uint8Array>) => unknown
  npmFormData?: () => unknown
}

/** A body, and whether a client serialises it as JSON. */
export interface SampleBody {
  readonly value: unknown
  readonly isJson: boolean
}

/** A new body of a kind; `undefined` if the runtime lacks that kind. */
export function makeBody(body: Body, makers: BodyMakers): SampleBody | undefined {
  const of = (value: unknown): SampleBody => ({ value, isJson: false })
  switch (body) {
    case "none":
      return of(undefined)
    case "empty string":
      return of("")
    case "text":
      return of(TEXT)
    case "JSON object":
      return { value: OBJECT, isJson: true }
    case "JSON string":
      return of('{"a":"b c"}')
    case "URLSearchParams":
      return of(
        new URLSearchParams([
          ["q", "a b+c"],
          ["q", "ü"],
        ]),
      )
    case "FormData": {
      const form = new FormData()
      form.append("name", "Jörg")
      form.append("file", new Blob([BINARY], { type: "application/octet-stream" }), "bytes.bin")
      return of(form)
    }
    case "npm form-data":
      return makers.npmFormData && of(makers.npmFormData())
    case "Blob":
      return of(new Blob([BINARY], { type: "application/x-sample" }))
    case "Buffer":
      return typeof Buffer === "function" ? of(Buffer.from(BINARY)) : undefined
    case "Uint8Array view": {
      const larger = new Uint8Array(2_000).fill(0xee)
      larger.set(BINARY, 100)
      return of(larger.subarray(100, 100 + BINARY.length))
    }
    case "ArrayBuffer":
      return of(BINARY.slice().buffer)
    case "Node Readable":
      return makers.nodeReadable && of(makers.nodeReadable(chunks()))
    case "web ReadableStream":
      return of(new Blob([BINARY]).stream())
    case "async generator":
      if (makers.nodeReadable === undefined) return undefined
      return of(chunks())
  }
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < BINARY.length; offset += 250) yield BINARY.slice(offset, offset + 250)
}
