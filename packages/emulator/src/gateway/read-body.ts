import { createHash } from "node:crypto"
import { MAX_SIGNED_BODY_BYTES } from "@countersign/auth-core/adapter"

export interface GatewayBody {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Absent if the body is larger than AK/SK can sign. */
  readonly content: Uint8Array | undefined
}

/** Reads a body to its end, keeping no more of it than a signature can cover. */
export async function readBody(stream: AsyncIterable<Uint8Array>): Promise<GatewayBody> {
  const hash = createHash("sha256")
  let kept: Uint8Array[] | undefined = []
  let bytes = 0
  for await (const chunk of stream) {
    hash.update(chunk)
    bytes += chunk.byteLength
    if (bytes > MAX_SIGNED_BODY_BYTES) kept = undefined
    kept?.push(chunk)
  }
  return { bytes, sha256: hash.digest("hex"), content: kept === undefined ? undefined : Buffer.concat(kept) }
}
