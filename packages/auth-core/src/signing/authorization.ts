import { isSigningAlgorithm, type SigningAlgorithm } from "./algorithm.ts"

/** What an Authorization header says. */
export interface ParsedAuthorization {
  readonly algorithm: SigningAlgorithm
  readonly accessKeyId: string
  /** `YYYYMMDD/<region>/<service>`; V11-HMAC-SHA256 only. */
  readonly scope: string | undefined
  readonly signedHeaders: readonly string[]
  /** Lower-case hex. */
  readonly signature: string
}

const FORM = /^([A-Z0-9-]+) (Access|Credential)=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/

/** Reads the header of all three algorithms; `undefined` for anything else. */
export function parseAuthorization(header: string): ParsedAuthorization | undefined {
  const [, algorithm = "", label, identity = "", names = "", signature = ""] = FORM.exec(header) ?? []
  if (!isSigningAlgorithm(algorithm) || (label === "Credential") !== (algorithm === "V11-HMAC-SHA256")) return undefined
  const signedHeaders = names.split(";")
  if (label === "Access") return { algorithm, accessKeyId: identity, scope: undefined, signedHeaders, signature }
  const parts = /^([^/]+)\/(\d{8}\/[\w.-]+\/[\w.-]+)$/.exec(identity)
  if (parts?.[1] === undefined) return undefined
  return { algorithm, accessKeyId: parts[1], scope: parts[2], signedHeaders, signature }
}
