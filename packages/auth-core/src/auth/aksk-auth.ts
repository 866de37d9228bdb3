import { TokenCache } from "../cache/token-cache.ts"
import { type Clock, systemClock } from "../identity/clock.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { type SigningAlgorithm, traitsOf } from "../signing/algorithm.ts"
import { MAX_SIGNED_BODY_BYTES, payloadHashInSlices, UNSIGNED_PAYLOAD } from "../signing/payload-hash.ts"
import { type HeaderRecord, SIGNED_BY_DEFAULT } from "../signing/signed-headers.ts"
import { createSigner } from "../signing/signer.ts"
import type { Attempt, Auth, Authentication } from "./auth.ts"
import { createClockOffsets } from "./clock-offsets.ts"
import { type Renewable, renewable } from "./renewable.ts"

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
  const { algorithm = "SDK-HMAC-SHA256", region, service, unsignedPayload = false, clock = systemClock } = options
  const { contentHashHeader } = traitsOf(algorithm)
  const ownHeaders = present({
    "x-project-id": options.projectId,
    "x-domain-id": options.domainId,
    [contentHashHeader]: unsignedPayload ? UNSIGNED_PAYLOAD : undefined,
  })
  const offsets = createClockOffsets(clock, options.onClockOffset)
  const signerOf = keepingLast((credentials: Credentials) => createSigner(credentials, { algorithm, region, service }))
  // Making a signer shows at once what is wrong with fixed credentials, or with the options.
  const source =
    typeof credentialsOrProvider === "function"
      ? providedBy(credentialsOrProvider, options.cache, clock)
      : fixed(credentialsOrProvider)
  if (typeof credentialsOrProvider !== "function") signerOf(credentialsOrProvider)

  const authenticate = (credentials: Credentials, attempt: Attempt, payloadHash?: string): Authentication<Used> => {
    const { method, url, body = null } = attempt
    const signedAt = offsets.nowAt(new URL(url).origin)
    const added = absentFrom(attempt.headers, ownHeaders)
    const headers = { ...attempt.headers, ...added }
    const signedHeaders = options.signedHeaders && namesToSign(options.signedHeaders, headers, credentials)
    const signature = signerOf(credentials).sign(
      { method, url, headers, body },
      { date: signedAt, payloadHash, signedHeaders },
    )
    return { headers: { ...added, ...signature }, used: { credentials, signedAt } }
  }

  return {
    bodyLimit: (headers) =>
      unsignedPayload || headers[contentHashHeader] !== undefined ? undefined : MAX_SIGNED_BODY_BYTES,
    authenticate(attempt) {
      const credentials = source.current(attempt.signal)
      const payloadHash = attempt.body instanceof Uint8Array ? payloadHashInSlices(attempt.body, algorithm) : undefined
      if (credentials instanceof Promise || payloadHash instanceof Promise) {
        return Promise.all([credentials, payloadHash]).then(([key, hash]) => authenticate(key, attempt, hash))
      }
      return authenticate(credentials, attempt, payloadHash)
    },
    judge({ used }, rejection, signal) {
      const { credentials, signedAt } = used as Used
      if (offsets.learn(rejection, signedAt)) return true
      const { errorMessage = "", replayed } = rejection
      if (FAILED_SIGNATURE.test(errorMessage) || !UNKNOWN_KEY.test(errorMessage)) return false
      return source.renew(credentials, replayed, signal)
    },
  }
}

function providedBy(provider: CredentialProvider, cache: TokenCache | undefined, clock: Clock): Renewable<Credentials> {
  return renewable(provider, cache ?? new TokenCache({ clock }), clock, secretOf)
}

function fixed(credentials: Credentials): Renewable<Credentials> {
  return { current: () => credentials, renew: async () => false }
}

function secretOf({ accessKeyId, securityToken = "" }: Credentials): string {
  return `${accessKeyId} ${securityToken}`
}

function namesToSign(chosen: readonly string[], headers: HeaderRecord, { securityToken }: Credentials): string[] {
  const added = securityToken === undefined ? ["host", "x-sdk-date"] : ["host", "x-sdk-date", "x-security-token"]
  const names = [...SIGNED_BY_DEFAULT, ...chosen.map((name) => name.toLowerCase())]
  return names.filter((name) => added.includes(name) || headers[name] !== undefined)
}

function present(headers: Readonly<Record<string, string | undefined>>): HeaderRecord {
  const entries = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries)
}

function absentFrom(request: HeaderRecord, headers: HeaderRecord): HeaderRecord {
  const names = Object.keys(headers)
  if (names.every((name) => request[name] === undefined)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => request[name] === undefined))
}

/** Makes a value from another, and keeps the last: credentials change seldom. */
function keepingLast<From, To>(make: (from: From) => To): (from: From) => To {
  let last: { from: From; to: To } | undefined
  return (from) => {
    if (last?.from !== from) last = { from, to: make(from) }
    return last.to
  }
}
