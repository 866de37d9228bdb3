import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"

/** The text of a body as received; `undefined` if it is too long, or has an encoding that cannot be read. */
export function bodyText(body: Buffer, contentEncoding: unknown, maxOutputLength: number): string | undefined {
  try {
    const decode = decoderOf(contentEncoding)
    return decode?.(body, { maxOutputLength }).toString()
  } catch {
    return undefined
  }
}

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Buffer

function decoderOf(contentEncoding: unknown): Decoder | undefined {
  switch (String(contentEncoding ?? "identity").toLowerCase()) {
    case "identity":
      return (body) => body
    case "gzip":
    case "x-gzip":
      return gunzipSync
    case "deflate":
      return inflateSync
    case "br":
      return brotliDecompressSync
    default:
      return undefined
  }
}
