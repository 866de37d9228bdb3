import { type ParsedAuthorization, parseAuthorization } from "@countersign/auth-core/explain"

/** The claims of an Authorization header and X-Sdk-Date. */
export interface ClaimedSignature extends ParsedAuthorization {
  /** Hashes the body and the canonical request. */
  readonly hash: "sha256" | "sm3"
  /** X-Sdk-Date, as it came. */
  readonly date: string
}

export function claimedSignature(headers: Readonly<Record<string, string>>): ClaimedSignature | undefined {
  const parsed = parseAuthorization(headers.authorization ?? "")
  if (parsed === undefined) return undefined
  const hash = parsed.algorithm.endsWith("SM3") ? "sm3" : "sha256"
  return { ...parsed, hash, date: headers["x-sdk-date"] ?? "" }
}
