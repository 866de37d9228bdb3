import { rememberMany } from "../runtime/remember-last.ts"
import { type CompactSignature, derOfSignature, signatureOfDer } from "./der-signature.ts"
import { derivedPrivateKey } from "./derived-private-key.ts"
import { addAlgorithm, type SigningAlgorithm } from "./signing-algorithm.ts"
import type { Key, KeyMaterial } from "./string-to-sign.ts"

/** A signature scheme on an elliptic curve. Keys are in lower-case hex. */
export interface Curve {
  /** Of the base point. */
  readonly order: bigint
  /** Uncompressed: `04`, x, y. */
  publicKeyOf(privateKey: string): string
  sign(text: string, privateKey: string, publicKey: string): CompactSignature
  verify(text: string, signature: CompactSignature, publicKey: string): boolean
}

/** Deriving a key costs more than a signature, and a server verifies those of many callers. */
const MOST_KEYS = 100

/** Adds an algorithm that signs with a private key derived from AK and SK. The key is derived once per AK and SK. */
export function addAsymmetric(name: SigningAlgorithm, curve: Curve): void {
  const keyOf = rememberMany(
    MOST_KEYS,
    (material: KeyMaterial) => asymmetricKey(name, curve, material),
    ({ accessKeyId, secretAccessKey }) => JSON.stringify([accessKeyId, secretAccessKey]),
  )
  addAlgorithm(name, (material) => {
    const key = keyOf(material)
    return () => key
  })
}

function asymmetricKey(name: SigningAlgorithm, curve: Curve, material: KeyMaterial): Key {
  const privateKey = derivedPrivateKey(name, material, curve.order).toString(16).padStart(64, "0")
  const publicKey = curve.publicKeyOf(privateKey)
  return {
    identity: `Access=${material.accessKeyId}`,
    scopeLine: "",
    sign: (text) => derOfSignature(curve.sign(text, privateKey, publicKey)),
    verify(text, signature) {
      const compact = signatureOfDer(signature, curve.order)
      return compact !== undefined && curve.verify(text, compact, publicKey)
    },
  }
}
