import { createHmac, hashHex } from "#digest"
import type { HashAlgorithm, Hmac } from "../digest/digest.ts"
import { credentialScope, isSigningAlgorithm, keyDeriver, type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import type { Canonical } from "./canonical-request.ts"

export interface SignerOptions {
  /** @default "SDK-HMAC-SHA256" */
  algorithm?: SigningAlgorithm | undefined
  /** Such as `cn-north-4`; V11-HMAC-SHA256 needs it. */
  region?: string | undefined
  /** Such as `iotda`; V11-HMAC-SHA256 needs it. */
  service?: string | undefined
  /** Names of headers to sign beside those that are signed by default, where a request has them. */
  alsoSigned?: readonly string[] | undefined
}

/** Gives the value of the Authorization header that goes with a canonical request. */
export type Authorize = (canonical: Pick<Canonical, "request" | "signedHeaders" | "date">) => string

/**
 * Makes a key ready.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 * @see API Signing Guide, "Calculate the signature"
 */
export function createAuthorize(accessKeyId: string, secretAccessKey: string, options: SignerOptions): Authorize {
  const { algorithm = "SDK-HMAC-SHA256", region, service } = options
  const { hash, scoped } = traitsOf(algorithm)
  const scopeOf = scoped ? credentialScope(region, service) : undefined
  const keyOf = scoped ? keyDeriver(accessKeyId, secretAccessKey) : fixedKey(hash, secretAccessKey)
  const ofSecond = (date: string): OfSecond => {
    const scope = scopeOf?.(date)
    const identity = scope === undefined ? `Access=${accessKeyId}` : `Credential=${accessKeyId}/${scope}`
    const start = `${algorithm} ${identity}, SignedHeaders=`
    return { date, hmac: keyOf(scope), textStart: stringToSign(algorithm, date, scope), start }
  }
  let last: OfSecond | undefined
  return ({ date, signedHeaders, request }) => {
    if (last?.date !== date) last = ofSecond(date)
    const signature = last.hmac(hashHex(hash, request), last.textStart)
    return `${last.start}${signedHeaders}, Signature=${signature}`
  }
}

/** What all signatures of one second share. */
interface OfSecond {
  readonly date: string
  readonly hmac: Hmac
  readonly textStart: string
  readonly start: string
}

function fixedKey(hash: HashAlgorithm, secretAccessKey: string): (scope: unknown) => Hmac {
  const hmac = createHmac(hash, new TextEncoder().encode(secretAccessKey))
  return () => hmac
}

/**
 * The text that the key signs, up to the hash of the canonical request at its end: algorithm, time, and scope where there is
 * one, a line each.
 *
 * @see API Signing Guide, "String to sign"
 */
export function stringToSign(algorithm: SigningAlgorithm, sdkDate: string, scope: string | undefined): string {
  // Joined, since a text that was added up is put together anew with each hash.
  return [algorithm, sdkDate, ...(scope === undefined ? [] : [scope]), ""].join("\n")
}

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
