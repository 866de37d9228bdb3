import type { Credentials } from "../identity/credentials.ts"
import { algorithmOf } from "./algorithm.ts"
import { UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import {
  headerPlans,
  resolveRequest,
  type SignableRequest,
  type SignOptions,
  type SignRequestOptions,
} from "./resolve-request.ts"
import { createSigningKey, type SignerOptions } from "./signing-key.ts"

/** Credentials, ready to sign many requests. */
export interface Signer {
  /**
   * The headers to set, by lower-case name: `x-sdk-date`, `authorization`, and where used `x-security-token` and the content
   * hash header. Synchronous.
   *
   * @throws {AuthError} `AUTH_CREDENTIALS_EXPIRED` when they have expired at the time of the signature;
   * `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`.
   */
  sign(request: SignableRequest, options?: SignRequestOptions): Record<string, string>
}

const NO_OPTIONS: SignRequestOptions = {}

/**
 * Prepares credentials once for all signatures.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 */
export function createSigner(credentials: Credentials, options: SignerOptions = {}): Signer {
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const { hash, contentHashHeader } = algorithmOf(algorithm)
  const key = createSigningKey(credentials, options)
  const planOf = headerPlans(contentHashHeader, key.plan)
  return {
    sign(request, requestOptions = NO_OPTIONS) {
      const headers = key.sign(resolveRequest(request, hash, planOf, requestOptions))
      if (requestOptions.payloadHash === UNSIGNED_PAYLOAD) headers[contentHashHeader] = UNSIGNED_PAYLOAD
      return headers
    },
  }
}

interface Prepared {
  readonly credentials: Credentials
  readonly options: SignerOptions
  readonly signer: Signer
}

/** Belongs to the credentials object; replaced when that or the options change. */
const prepared = new WeakMap<Credentials, Prepared>()

/**
 * Signs one request with AK/SK. Synchronous on every runtime.
 *
 * @returns the headers to set, by lower-case name: `x-sdk-date`, `authorization`, and where used `x-security-token` and
 * `x-sdk-content-sha256` (`x-sdk-content-sm3` under SM3).
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_CREDENTIALS_EXPIRED`, `AUTH_INVALID_REQUEST`,
 * `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`, `AUTH_ALGORITHM_UNSUPPORTED`
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export function sign(
  request: SignableRequest,
  credentials: Credentials,
  options: SignOptions = {},
): Record<string, string> {
  return signerOf(credentials, options).sign(request, options)
}

function signerOf(credentials: Credentials, options: SignOptions): Signer {
  const last = prepared.get(credentials)
  if (last !== undefined && isSameKey(last.credentials, credentials) && isSameUse(last.options, options)) {
    return last.signer
  }
  const { algorithm, region, service } = options
  const use = { algorithm, region, service }
  const signer = createSigner(credentials, use)
  prepared.set(credentials, { credentials: { ...credentials }, options: use, signer })
  return signer
}

function isSameKey(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.securityToken === b.securityToken &&
    a.expiresAt === b.expiresAt
  )
}

function isSameUse(a: SignerOptions, b: SignerOptions): boolean {
  return a.algorithm === b.algorithm && a.region === b.region && a.service === b.service
}
