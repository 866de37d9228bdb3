import { hash } from "node:crypto"
import { canonicalRequest, type SignableRequest, type SigningAlgorithm } from "@countersign/auth-core"

/**
 * The cost of a signature without its texts: one-shot hashes of the canonical request, of the two blocks of an HMAC with
 * prepared pads, and of the body, even if it is empty. The canonical request and the text before its hash are flat strings
 * made in advance. Each call only joins the pad and the string to sign, and writes the inner hash behind the outer pad.
 */
export function floorOf(request: SignableRequest, algorithm: SigningAlgorithm): () => string {
  const hashes = hashesOf(request, algorithm)
  const { body } = request
  const name = hashName(algorithm)
  return () => {
    hash(name, body ?? "", "hex")
    return hashes()
  }
}

/** The same without the hash of the empty body, which a signer may keep: the lowest possible floor. */
export function strictFloorOf(request: SignableRequest, algorithm: SigningAlgorithm): () => string {
  return (request.body ?? "") === "" ? hashesOf(request, algorithm) : floorOf(request, algorithm)
}

function hashesOf(request: SignableRequest, algorithm: SigningAlgorithm): () => string {
  const name = hashName(algorithm)
  const scope = algorithm === "V11-HMAC-SHA256" ? "20191115/cn-north-4/iotdm\n" : ""
  const headers = { ...request.headers, "x-sdk-date": "20191115T033655Z" }
  const canonical = flat(canonicalRequest({ ...request, headers }, { algorithm }))
  const before = flat(`${"6".repeat(64)}${algorithm}\n20191115T033655Z\n${scope}`)
  const outer = Buffer.alloc(96, 0x5c)
  return () => {
    const inner = hash(name, before + hash(name, canonical, "hex"), "binary")
    outer.write(inner, 64, "latin1")
    return hash(name, outer, "hex")
  }
}

function hashName(algorithm: SigningAlgorithm): string {
  return algorithm === "SDK-HMAC-SM3" ? "sm3" : "sha256"
}

/** Flattens a string, which is a tree of its parts after concatenation. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
