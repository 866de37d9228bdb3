import { createHmac } from "#digest"
import type { HashAlgorithm } from "../digest/digest.ts"
import { AuthError, invalidOption } from "../errors/auth-error.ts"
import type { CanonicalForm, ContentHashHeader } from "./header-plan.ts"
import type { KeyMaterial, KeyOfDate, ScopeOptions } from "./string-to-sign.ts"

/**
 * How a request is signed: `SDK-HMAC-SHA256` everywhere; `SDK-HMAC-SM3` where the Chinese national hash is required;
 * `V11-HMAC-SHA256`, with a key derived for a day, region and service, for IoTDA instances; `SDK-ECDSA-P256-SHA256` and
 * `SDK-SM2-SM3`, with a private key derived from AK and SK, once `@countersign/auth-core/p256` or `/sm2` is imported.
 */
export type SigningAlgorithm =
  | "SDK-HMAC-SHA256"
  | "SDK-HMAC-SM3"
  | "V11-HMAC-SHA256"
  | "SDK-ECDSA-P256-SHA256"
  | "SDK-SM2-SM3"

export interface AlgorithmOptions extends ScopeOptions {
  /**
   * `"auto"`: V11-HMAC-SHA256 with the service `iotdm` and the host's region for instances of IoTDA
   * (`*.iotda-app.<region>.…`), SDK-HMAC-SHA256 for every other host.
   * @default "SDK-HMAC-SHA256"
   */
  algorithm?: SigningAlgorithm | "auto" | undefined
  /**
   * The older form of SDK-HMAC-SHA256, with a credential scope, that Open Telekom Cloud's clients send. `region` and `service`
   * may be absent, as they are there.
   * @default false
   */
  scoped?: boolean | undefined
}

/** Prepares an access key once. */
export type CreateKey = (material: KeyMaterial) => KeyOfDate

/** Everything that differs between algorithms: a row of the table. */
export interface Algorithm {
  /** Hashes the body and the canonical request. */
  readonly hash: HashAlgorithm
  /** The header that may carry the payload hash. */
  readonly contentHashHeader: ContentHashHeader
  /** Its credential names a day, a region and a service, for which `keyed-algorithm.ts` derives the key. */
  readonly isScoped?: true
  /** Its signatures are DER, made on this curve, and the entry of that name adds its key. @default HMAC in hex */
  readonly curve?: "p256" | "sm2"
  /** @default loaded on demand, or not added yet */
  createKey?: CreateKey
  /** @default the form of the API Signing Guide */
  readonly canonicalForm?: CanonicalForm
}

/** HMAC under the SK. */
const createKey: CreateKey = ({ hash, accessKeyId, secretAccessKey }) => {
  const key = { identity: `Access=${accessKeyId}`, scopeLine: "", sign: createHmac(hash, secretAccessKey) }
  return () => key
}

const sha256 = { hash: "sha256", contentHashHeader: "x-sdk-content-sha256" } as const
const sm3 = { hash: "sm3", contentHashHeader: "x-sdk-content-sm3" } as const

/** The algorithms, by their word on the wire; and `auto`, which takes its key from one of the others. */
export const ALGORITHMS: Readonly<Record<SigningAlgorithm | "auto", Algorithm>> = {
  // @ts-expect-error: names such as toString name no algorithm.
  __proto__: null,
  "SDK-HMAC-SHA256": { ...sha256, createKey },
  "SDK-HMAC-SM3": { ...sm3, createKey },
  "V11-HMAC-SHA256": { ...sha256, isScoped: true },
  "SDK-ECDSA-P256-SHA256": { ...sha256, curve: "p256" },
  "SDK-SM2-SM3": { ...sm3, curve: "sm2" },
  auto: sha256,
}

/** All algorithms, by their word on the wire. */
export function signingAlgorithms(): SigningAlgorithm[] {
  return Object.keys(ALGORITHMS).filter(isSigningAlgorithm)
}

/** Whether a word on the wire names an algorithm. */
export function isSigningAlgorithm(word: string): word is SigningAlgorithm {
  return word in ALGORITHMS && word !== "auto"
}

/**
 * Finds the row that the options name, and checks what its key needs besides an access key.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for an unknown name, when V11-HMAC-SHA256 lacks its scope, when a part of a scope
 * is no name, or for an algorithm that has no scoped form; `AUTH_ALGORITHM_UNSUPPORTED` when no entry added the algorithm
 */
export function checkAlgorithm(options: AlgorithmOptions): Algorithm {
  const { algorithm = "SDK-HMAC-SHA256", scoped, region, service } = options
  const row = ALGORITHMS[algorithm]
  if (!row) throw invalidOption("`algorithm` must be a SigningAlgorithm or auto.")
  if (scoped && algorithm !== "SDK-HMAC-SHA256") throw invalidOption("`scoped` needs SDK-HMAC-SHA256.")
  // Both may be absent in the scoped form.
  if ((scoped || row.isScoped) && !/^[\w.-]+\/[\w.-]+$/.test([region || scoped, service || scoped].join("/"))) {
    throw invalidOption("`region` and `service` must be names, such as cn-north-4 and iotdm.")
  }
  if (row.curve && !row.createKey) {
    throw new AuthError(
      "AUTH_ALGORITHM_UNSUPPORTED",
      `${algorithm} needs \`import "@countersign/auth-core/${row.curve}"\`, or that entry of your adapter.`,
    )
  }
  return row
}
