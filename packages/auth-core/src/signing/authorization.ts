import { ALGORITHMS, isSigningAlgorithm, type SigningAlgorithm } from "./algorithm.ts"

/** The content of an Authorization header, without the signature. */
export interface SignatureClaim {
  /** The algorithm that the header names. */
  readonly algorithm: SigningAlgorithm
  /** It is the older, scoped form of SDK-HMAC-SHA256. */
  readonly scoped: boolean
  /** The AK that the header names. */
  readonly accessKeyId: string
  /** Day of the credential scope, `YYYYMMDD`; `undefined` without a scope. */
  readonly day: string | undefined
  /** Region of the credential scope; `undefined` without a scope. */
  readonly region: string | undefined
  /** Service of the credential scope; `undefined` without a scope. */
  readonly service: string | undefined
  /** Names as they stand in the header. */
  readonly signedHeaders: readonly string[]
}

/** The content of an Authorization header. */
export interface ParsedAuthorization extends SignatureClaim {
  /** Lower-case hex: of a hash, or of DER. */
  readonly signature: string
}

/** The AK, and the day, region and service of a scope. */
const ACCESS = /^Access=(.+)$/
const CREDENTIAL = /^Credential=([^/]+)\/(\d{8})\/([\w.-]+)\/([\w.-]+)$/
/** Credential in the older form of SDK-HMAC-SHA256, which has the name of the usual one. */
const SCOPED = /^Credential=([^/]+)\/(\d{8})\/([\w.-]*)\/([\w.-]*)\/sdk_request$/

/** A pattern with the count in it takes 0.2 us more. */
const HEX = /[\da-f]+$/y
const HASH_DIGITS = 64
/** Two integers of at most 33 bytes each. Its reader checks the rest. */
const DER = /30(?:[\da-f]{2}){7,71}$/y

const CLAIM = /^([A-Z\d-]+) ([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=$/
const SIGNATURE = "Signature="

/** Reads the header of every algorithm; `undefined` for anything else. */
export function parseAuthorization(header: string): ParsedAuthorization | undefined {
  const at = signatureAt(header)
  const claim = parseClaim(header.slice(0, at))
  return claim && isSignature(header, claim, at) ? { ...claim, signature: header.slice(at) } : undefined
}

/** Where the signature begins. A client sends the same text in front of it again and again. */
export function signatureAt(header: string): number {
  return header.lastIndexOf(SIGNATURE) + SIGNATURE.length
}

/** Reads a header up to its signature; `undefined` for anything else. */
export function parseClaim(text: string): SignatureClaim | undefined {
  const [, algorithm = "", key = "", names = ""] = CLAIM.exec(text) ?? []
  if (!isSigningAlgorithm(algorithm)) return undefined
  const scoped = algorithm === "SDK-HMAC-SHA256" && SCOPED.test(key)
  const identity = scoped ? SCOPED : ALGORITHMS[algorithm].isScoped ? CREDENTIAL : ACCESS
  const [, accessKeyId, day, region, service] = identity.exec(key) ?? []
  if (accessKeyId === undefined) return undefined
  // Callers of a verifier get the list, which may be remembered.
  const signedHeaders = Object.freeze(names.split(";"))
  return { algorithm, scoped, accessKeyId, day, region, service, signedHeaders }
}

/** Whether a header ends with a signature of the claim's form, from `at` on. */
export function isSignature(header: string, claim: SignatureClaim, at: number): boolean {
  return mayBeSignature(header, claim, at) && (ALGORITHMS[claim.algorithm].curve !== undefined || isHex(header, at))
}

/** The same, except that it does not look at the digits of an HMAC. To compare it looks at them anyway. */
export function mayBeSignature(header: string, { algorithm }: SignatureClaim, at: number): boolean {
  if (!ALGORITHMS[algorithm].curve) return header.length - at === HASH_DIGITS
  DER.lastIndex = at
  return DER.test(header)
}

function isHex(header: string, at: number): boolean {
  HEX.lastIndex = at
  return HEX.test(header)
}

/** Reads Basic credentials (RFC 7617): an access key with its secret; `undefined` for anything else. */
export function parseBasic(header: string): { readonly accessKeyId: string; readonly secret: string } | undefined {
  const [, base64] = /^Basic +([A-Za-z\d+/]+)={0,2}$/i.exec(header) ?? []
  if (base64 === undefined || base64.length % 4 === 1) return undefined
  const text = new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
  const [, accessKeyId, secret] = /^([^:]+):(.+)$/s.exec(text) ?? []
  return accessKeyId === undefined || secret === undefined ? undefined : { accessKeyId, secret }
}
