import { TokenCache } from "../cache/token-cache.ts"
import { type Clock, systemClock } from "../identity/clock.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { createSigner, MAX_SIGNED_BODY_BYTES, type Signer, type SigningAlgorithm } from "../signing/signer.ts"
import type { Attempt, Auth, Authentication, Rejection } from "./auth.ts"
import { createClockOffsets } from "./clock-offsets.ts"
import { renewable } from "./renewable.ts"

export interface AkskAuthOptions {
  /** Sent as X-Project-Id and signed, unless the request has one. */
  projectId?: string | undefined
  /** Sent as X-Domain-Id and signed, unless the request has one; global services need it. */
  domainId?: string | undefined
  /** @default "SDK-HMAC-SHA256" */
  algorithm?: SigningAlgorithm | undefined
  /** Region of the credential scope, such as `cn-north-4`; V11-HMAC-SHA256 needs it. */
  region?: string | undefined
  /** Service of the credential scope, such as `iotda`; V11-HMAC-SHA256 needs it. */
  service?: string | undefined
  /** Signed beside host, x-sdk-date and the project, domain, token and content hash headers, where the request has them. */
  signedHeaders?: readonly string[] | undefined
  /** Leaves every body out of the signature (UNSIGNED-PAYLOAD), so that streams pass unread. @default false */
  unsignedPayload?: boolean | undefined
  /** Where credentials of a provider are kept; share one cache among many auths. @default a cache of this auth alone */
  cache?: TokenCache | undefined
  /** Told when the clock of an endpoint turns out to differ: server time minus local time, milliseconds. */
  onClockOffset?: ((offset: { origin: string; offsetMs: number }) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

/** The gateway does not know, or no longer knows, the key or its security token: another key may do. */
const UNKNOWN_KEY = /\bak\b.*not exist|Get secretKey failed|decrypt token fail|token expires|security ?token/i

/** Failed signatures lock the key after five in a row, so they are never tried again. */
const FAILED_SIGNATURE = /signature fail|reach the limit/i

interface Used {
  readonly credentials: Credentials
  readonly signedAt: Date
}

/**
 * Signs each attempt with AK/SK: the bytes that are sent, at the time the endpoint's clock shows.
 *
 * Bodies are read into memory, up to 12 MB (12 * 1024 * 1024 bytes), unless the payload is left unsigned by the option or
 * by a content hash header of the request. `signature expired` teaches the endpoint's clock and makes one replay; a failed
 * signature is never tried again, since five in a row lock the key. Credentials of a provider that the gateway no longer
 * knows are renewed, once for all requests, and the request is sent once more.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` or `AUTH_INVALID_OPTION`, at once, for fixed credentials or options that
 * are malformed; `AUTH_CREDENTIALS_EXPIRED` before anything is sent.
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export function akskAuth(credentialsOrProvider: Credentials | CredentialProvider, options: AkskAuthOptions = {}): Auth {
  const { algorithm = "SDK-HMAC-SHA256", region, service, signedHeaders, unsignedPayload = false, clock = systemClock } = options
  const contentHashHeader = algorithm === "SDK-HMAC-SM3" ? "x-sdk-content-sm3" : "x-sdk-content-sha256"
  const offsets = createClockOffsets(clock, options.onClockOffset)
  const source =
    typeof credentialsOrProvider === "function"
      ? renewable(credentialsOrProvider, options.cache ?? new TokenCache({ clock }), clock, secretOf)
      : undefined
  let signer: Signer | undefined
  const signerFor = (credentials: Credentials): Signer => {
    if (signer?.credentials !== credentials) signer = createSigner(credentials, { algorithm, region, service })
    return signer
  }
  if (typeof credentialsOrProvider !== "function") signerFor(credentialsOrProvider)

  const ownHeaders = Object.entries({ "x-project-id": options.projectId, "x-domain-id": options.domainId })
  return {
    bodyLimit: (headers) => (unsignedPayload || headers[contentHashHeader] !== undefined ? undefined : MAX_SIGNED_BODY_BYTES),
    authenticate(attempt) {},
    judge(authentication, rejection, signal) {},
  }
}

function secretOf({ accessKeyId, securityToken = "" }: Credentials): string {
  return `${accessKeyId} ${securityToken}`
}
