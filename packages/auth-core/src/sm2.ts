import { sm2 } from "sm-crypto-v2"
import "./sm3.ts"
import { addAsymmetric } from "./signing/add-asymmetric.ts"

// Entry point for SDK-SM2-SM3. Importing it adds the algorithm to the program, and SM3 where the runtime has none.

/** Order of the base point of sm2p256v1 (GB/T 32918.5-2017). */
const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n

/** The signature also covers the identity 1234567812345678, the usual one, and the public key. */
const HASHED = { hash: true } as const

addAsymmetric("SDK-SM2-SM3", {
  order: ORDER,
  publicKeyOf: (privateKey) => sm2.getPublicKeyFromPrivateKey(privateKey),
  sign: (text, privateKey, publicKey) => sm2.doSignature(text, privateKey, { ...HASHED, publicKey }),
  verify: (text, signature, publicKey) => sm2.doVerifySignature(text, signature, publicKey, HASHED),
})
