import { createHash, createHmac } from "node:crypto"

/** The claims of an Authorization header and X-Sdk-Date. */
export interface ClaimedSignature {
  readonly algorithm: "SDK-HMAC-SHA256" | "SDK-HMAC-SM3" | "V11-HMAC-SHA256"
  readonly accessKeyId: string
  /** `YYYYMMDD/<region>/<service>`; V11-HMAC-SHA256 only. */
  readonly scope: string | undefined
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** X-Sdk-Date, as it came. */
  readonly date: string
}

const FORM =
  /^(SDK-HMAC-SHA256|SDK-HMAC-SM3|V11-HMAC-SHA256) (?:Access|Credential)=([^,/\s]+)(?:\/([^,\s]+))?, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/

export function claimedSignature(headers: Readonly<Record<string, string>>): ClaimedSignature | undefined {
  const [, algorithm, accessKeyId = "", scope, names = "", signature = ""] =
    FORM.exec(headers.authorization ?? "") ?? []
  if (!isAlgorithm(algorithm)) return undefined
  const date = headers["x-sdk-date"] ?? ""
  return { algorithm, accessKeyId, scope, signedHeaders: names.split(";"), signature, date }
}

function isAlgorithm(word: string | undefined): word is ClaimedSignature["algorithm"] {
  return word === "SDK-HMAC-SHA256" || word === "SDK-HMAC-SM3" || word === "V11-HMAC-SHA256"
}

/** Returns a function that signs a canonical request with a secret. @see API Signing Guide, "Calculate the signature" */
export function signerAs(claimed: ClaimedSignature, secretAccessKey: string): (canonicalRequest: string) => string {
  const { algorithm, date, scope } = claimed
  const hash = algorithm === "SDK-HMAC-SM3" ? "sm3" : "sha256"
  const key = scope === undefined ? secretAccessKey : derivedKey(claimed.accessKeyId, secretAccessKey, scope)
  const start = [algorithm, date, ...(scope === undefined ? [] : [scope])].join("\n")
  return (canonicalRequest) =>
    createHmac(hash, key)
      .update(`${start}\n${createHash(hash).update(canonicalRequest).digest("hex")}`)
      .digest("hex")
}

function derivedKey(accessKeyId: string, secretAccessKey: string, scope: string): string {
  const extracted = createHmac("sha256", accessKeyId).update(secretAccessKey).digest()
  return createHmac("sha256", extracted).update(`${scope}\x01`).digest("hex")
}
