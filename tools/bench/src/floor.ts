import { hash } from "node:crypto"
import { canonicalRequest, type SignableRequest, type SigningAlgorithm } from "@countersign/auth-core"

/**
 * What no signer can avoid: three one-shot hashes, of the canonical request and the two of an HMAC over pads prepared per
 * key, and one more of the body. The canonical request and the text before its hash are at hand, flat; what is built at each
 * call is what must be: pad and string to sign become one text, the inner hash is written behind the outer pad.
 */
export function floorOf(request: SignableRequest, algorithm: SigningAlgorithm): () => string {
  const name = algorithm === "SDK-HMAC-SM3" ? "sm3" : "sha256"
  const scope = algorithm === "V11-HMAC-SHA256" ? "20191115/cn-north-4/iotda\n" : ""
  const headers = { ...request.headers, "x-sdk-date": "20191115T033655Z" }
  const canonical = flat(canonicalRequest({ ...request, headers }, { algorithm }))
  const before = flat(`${"6".repeat(64)}${algorithm}\n20191115T033655Z\n${scope}`)
  const outer = Buffer.alloc(96, 0x5c)
  const { body } = request
  return () => {
    if (body !== undefined && body !== null) hash(name, body, "hex")
    const inner = hash(name, before + hash(name, canonical, "hex"), "binary")
    outer.write(inner, 64, "latin1")
    return hash(name, outer, "hex")
  }
}

/** The same with all input at hand: the bare hashes, which nothing that depends on its input can reach. */
export function bareHashesOf(request: SignableRequest, algorithm: SigningAlgorithm): () => string {
  const name = algorithm === "SDK-HMAC-SM3" ? "sm3" : "sha256"
  const headers = { ...request.headers, "x-sdk-date": "20191115T033655Z" }
  const canonical = flat(canonicalRequest({ ...request, headers }, { algorithm }))
  const inner = flat(`${"6".repeat(64)}${algorithm}\n20191115T033655Z\n${"0".repeat(64)}`)
  const outer = "z".repeat(96)
  const { body } = request
  return () => {
    if (body !== undefined && body !== null) hash(name, body, "hex")
    hash(name, canonical, "hex")
    hash(name, inner, "hex")
    return hash(name, outer, "hex")
  }
}

/** A string that was put together is a tree of its parts until somebody needs it whole. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
