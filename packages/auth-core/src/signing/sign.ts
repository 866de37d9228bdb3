import type { Credentials } from "../identity/credentials.ts"
import type { SignableRequest, SignOptions } from "./canonical-request.ts"
import { createSigner, type Signer } from "./signer.ts"

interface Prepared {
  readonly from: string
  readonly signer: Signer
}

/** Goes with the credentials object, and is made anew when that changes. */
const prepared = new WeakMap<Credentials, Prepared>()

/**
 * Signs one request with AK/SK. Synchronous on every runtime.
 *
 * @returns the headers to set, by lower-case name: `x-sdk-date`, `authorization`, and where used `x-security-token` and
 * `x-sdk-content-sha256` (`x-sdk-content-sm3` under SM3).
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_CREDENTIALS_EXPIRED`, `AUTH_INVALID_REQUEST`,
 * `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_ALGORITHM_UNSUPPORTED`
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export function sign(
  request: SignableRequest,
  credentials: Credentials,
  options: SignOptions = {},
): Record<string, string> {
  return signerOf(credentials, options).sign(request, options)
}

function signerOf(credentials: Credentials, { algorithm, region, service }: SignOptions): Signer {
  if (typeof credentials !== "object" || credentials === null) return createSigner(credentials)
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = credentials
  const from = [accessKeyId, secretAccessKey, securityToken, expiresAt, algorithm, region, service].join("\n")
  const last = prepared.get(credentials)
  if (last?.from === from) return last.signer
  const signer = createSigner(credentials, { algorithm, region, service })
  prepared.set(credentials, { from, signer })
  return signer
}
