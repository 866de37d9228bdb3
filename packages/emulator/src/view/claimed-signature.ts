import { createHash, createHmac } from "node:crypto"
import type { SigningAlgorithm } from "@countersign/auth-core"

/** The claims of an Authorization header and X-Sdk-Date. */
export interface ClaimedSignature {
  readonly algorithm: SigningAlgorithm
  readonly accessKeyId: string
  /** `YYYYMMDD/<region>/<service>` of V11-HMAC-SHA256, with `/sdk_request` behind it in the scoped form of SDK-HMAC-SHA256. */
  readonly scope: string | undefined
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** X-Sdk-Date, as it came. */
  readonly date: string
}

const FORM =
  /^([A-Z\d]+-[A-Z\d-]+) (?:Access|Credential)=([^,/\s]+)(?:\/([^,\s]+))?, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]+)$/

/** Whether a signature of it can be repeated with the SK: the others hold a random number, and only a key pair checks them. */
const IS_REPEATABLE: Readonly<Record<SigningAlgorithm, boolean>> = {
  "SDK-HMAC-SHA256": true,
  "SDK-HMAC-SM3": true,
  "V11-HMAC-SHA256": true,
  "SDK-ECDSA-P256-SHA256": false,
  "SDK-SM2-SM3": false,
}

export function claimedSignature(headers: Readonly<Record<string, string>>): ClaimedSignature | undefined {
  const [, algorithm, accessKeyId = "", scope, names = "", signature = ""] =
    FORM.exec(headers.authorization ?? "") ?? []
  if (!isAlgorithm(algorithm)) return undefined
  const date = headers["x-sdk-date"] ?? ""
  return { algorithm, accessKeyId, scope, signedHeaders: names.split(";"), signature, date }
}

function isAlgorithm(word: string | undefined): word is SigningAlgorithm {
  return word !== undefined && Object.hasOwn(IS_REPEATABLE, word)
}

/** Whether trials can tell what was signed. */
export function isRepeatable({ algorithm }: ClaimedSignature): boolean {
  return IS_REPEATABLE[algorithm]
}

/** Whether it has the scoped form of SDK-HMAC-SHA256. */
export function isScoped({ algorithm, scope }: ClaimedSignature): boolean {
  return algorithm === "SDK-HMAC-SHA256" && scope !== undefined
}

/** The hash of bodies and canonical requests. */
export function hashOf({ algorithm }: ClaimedSignature): "sha256" | "sm3" {
  return algorithm.endsWith("-SM3") ? "sm3" : "sha256"
}

/**
 * Returns a function that signs a canonical request with a secret. The signature must be repeatable.
 *
 * @see API Signing Guide, "Calculate the signature"
 */
export function signerAs(claimed: ClaimedSignature, secretAccessKey: string): (canonicalRequest: string) => string {
  const { algorithm, date, scope } = claimed
  const hash = hashOf(claimed)
  const key = signingKey(claimed, secretAccessKey)
  const start = [algorithm, date, ...(scope === undefined ? [] : [scope])].join("\n")
  return (canonicalRequest) =>
    createHmac(hash, key)
      .update(`${start}\n${createHash(hash).update(canonicalRequest).digest("hex")}`)
      .digest("hex")
}

function signingKey(claimed: ClaimedSignature, secretAccessKey: string): string | Uint8Array {
  const { accessKeyId, scope } = claimed
  if (scope === undefined) return secretAccessKey
  if (!isScoped(claimed)) return derivedKey(accessKeyId, secretAccessKey, scope)
  return scope
    .split("/")
    .reduce<string | Uint8Array>(
      (key, part) => createHmac("sha256", key).update(part).digest(),
      `SDK${secretAccessKey}`,
    )
}

function derivedKey(accessKeyId: string, secretAccessKey: string, scope: string): string {
  const extracted = createHmac("sha256", accessKeyId).update(secretAccessKey).digest()
  return createHmac("sha256", extracted).update(`${scope}\x01`).digest("hex")
}
