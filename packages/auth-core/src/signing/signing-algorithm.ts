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

/** The part of an algorithm that signs. */
export interface Algorithm {
  /** Hashes the body and the canonical request. */
  readonly hash: HashAlgorithm
  /** The header that may carry the payload hash. */
  readonly contentHashHeader: ContentHashHeader
  /**
   * Prepares an access key once.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
   */
  readonly createKey: (material: KeyMaterial) => KeyOfDate
  /** @default the form of the API Signing Guide */
  readonly canonicalForm?: CanonicalForm
}

/** HMAC under the SK. */
export function hmac(hash: HashAlgorithm): Algorithm {
  return {
    hash,
    contentHashHeader: `x-sdk-content-${hash}`,
    createKey({ accessKeyId, secretAccessKey }) {
      const key = { identity: `Access=${accessKeyId}`, scopeLine: "", sign: createHmac(hash, secretAccessKey) }
      return () => key
    },
  }
}

/** Keys of the algorithms that an entry adds. */
const added: Partial<Record<string, Algorithm["createKey"]>> = Object.create(null)

/** Adds an algorithm to this program; see the entries `@countersign/auth-core/p256` and `/sm2`. */
export function addAlgorithm(name: SigningAlgorithm, createKey: Algorithm["createKey"]): void {
  added[name] = createKey
}

/** @throws {AuthError} `AUTH_ALGORITHM_UNSUPPORTED` when no entry added the algorithm, `AUTH_INVALID_OPTION` when none could. */
export function addedKey(name: string): Algorithm["createKey"] {
  const createKey = added[name]
  if (createKey) return createKey
  const curve = /^SDK-(?:ECDSA-)?(P256|SM2)-S/.exec(name)?.[1]
  if (!curve) throw invalidOption("`algorithm` must be a SigningAlgorithm or auto.")
  throw new AuthError(
    "AUTH_ALGORITHM_UNSUPPORTED",
    `${name} needs \`import "@countersign/auth-core/${curve.toLowerCase()}"\`, or that entry of your adapter.`,
  )
}

/**
 * Checks what a key needs besides an access key.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when V11-HMAC-SHA256 lacks its scope, when a part of a scope is no name, or for
 * an algorithm that has no scoped form; and as {@link addedKey}
 */
export function checkAlgorithm({ algorithm = "SDK-HMAC-SHA256", scoped, region, service }: AlgorithmOptions): void {
  if (scoped && algorithm !== "SDK-HMAC-SHA256") throw invalidOption("`scoped` needs SDK-HMAC-SHA256.")
  if (!scoped && algorithm !== "V11-HMAC-SHA256") {
    if (!/^(auto|SDK-HMAC-(SHA256|SM3))$/.test(algorithm)) addedKey(algorithm)
    // Both may be absent in the scoped form.
  } else if (!/^[\w.-]+\/[\w.-]+$/.test([region || scoped, service || scoped].join("/"))) {
    throw invalidOption("`region` and `service` must be names, such as cn-north-4 and iotdm.")
  }
}
