import { andThen } from "../identity/and-then.ts"
import type { Clock } from "../identity/clock.ts"
import type { Credentials } from "../identity/credentials.ts"
import { isPromise } from "../identity/is-promise.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { systemWallClock } from "../identity/wall-clock.ts"
import { type SigningAlgorithm, traitsOf } from "../signing/algorithm.ts"
import { bodyHash, largeBodyHash } from "../signing/body-hash.ts"
import { MAX_SIGNED_BODY_BYTES, UNSIGNED_PAYLOAD } from "../signing/payload.ts"
import { createSigningKey, type SigningKey } from "../signing/signing-key.ts"
import { type AccountIdOptions, accountIds, type KnownAccountIds } from "./account-ids.ts"
import type { Attempt, Auth, Authentication } from "./auth.ts"
import type { CacheOption } from "./cache-of.ts"
import type { SignatureJudge } from "./judge-signature.ts"
import { provided, type Renewable } from "./provided.ts"

export interface AkskAuthOptions extends AccountIdOptions {
  /** @default "SDK-HMAC-SHA256" */
  algorithm?: SigningAlgorithm | undefined
  /** Service of the credential scope, such as `iotda`; V11-HMAC-SHA256 needs it. */
  service?: string | undefined
  /** Signed beside host, x-sdk-date and the project, domain, token and content hash headers, where the request has them. */
  signedHeaders?: readonly string[] | undefined
  /** Leaves every body out of the signature (UNSIGNED-PAYLOAD), so that streams pass unread. @default false */
  unsignedPayload?: boolean | undefined
  /**
   * Where credentials of a provider are kept: a cache that many auths share, or options for one of this auth alone, such as
   * `{ backoff: false }`.
   * @default a cache of this auth alone
   */
  cache?: CacheOption | undefined
  /** Told when the clock of an endpoint turns out to differ: server time minus local time, milliseconds. */
  onClockOffset?: ((offset: { origin: string; offsetMs: number }) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

interface Used {
  readonly credentials: Credentials
  readonly signedAt: number
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
  const { algorithm = "SDK-HMAC-SHA256", region, service, unsignedPayload = false, clock = systemWallClock } = options
  const { contentHashHeader } = traitsOf(algorithm)
  // Until a signature is refused nothing is known of other clocks.
  let judge: SignatureJudge | undefined
  const isProvided = typeof credentialsOrProvider === "function"
  const source = isProvided
    ? provided(credentialsOrProvider, "credentials", options, secretOf)
    : fixed(credentialsOrProvider)
  const idsFor = accountIds(options, source.current)
  // Credentials change seldom.
  let last: { credentials: Credentials; key: SigningKey } | undefined
  const keyOf = (credentials: Credentials): SigningKey => {
    if (last === undefined || last.credentials !== credentials) {
      // Whether a provided key still lives is for the cache to say: the local clock may be what is wrong.
      const lasting = isProvided ? { ...credentials, expiresAt: undefined } : credentials
      const key = createSigningKey(lasting, { algorithm, region, service, alsoSigned: options.signedHeaders })
      last = { credentials, key }
    }
    return last.key
  }
  // What is wrong with fixed credentials, or with the options, shows at once.
  if (!isProvided) keyOf(credentialsOrProvider)

  const signed = (
    credentials: Credentials,
    { method, url, headers: given, body = null }: Attempt,
    payloadHash: string | undefined,
    { projectId, domainId }: KnownAccountIds,
  ): Authentication<Used> => {
    const signedAt = judge?.nowAt(new URL(url).origin) ?? clock.now()
    const isAdding = unsignedPayload || projectId !== undefined || domainId !== undefined
    const added: Record<string, string> = {}
    const add = (name: string, value: string | undefined): void => {
      if (value !== undefined && given[name] === undefined) added[name] = value
    }
    add("x-project-id", projectId)
    add("x-domain-id", domainId)
    if (unsignedPayload) add(contentHashHeader, UNSIGNED_PAYLOAD)
    const { plan, sign } = keyOf(credentials)
    const values = plan.selection.read(isAdding ? { ...given, ...added } : given)
    const payload = values[plan.contentHash] ?? payloadHash ?? bodyHash(body, algorithm)
    const signature = sign({ method, url, plan, values, signedAt, payload })
    return { headers: { ...added, ...signature }, used: { credentials, signedAt } }
  }

  return {
    // Named, so that options which are merged never take over another auth's.
    beyondLimit: undefined,
    bodyLimit: (headers) =>
      unsignedPayload || headers[contentHashHeader] !== undefined ? undefined : MAX_SIGNED_BODY_BYTES,
    authenticate(attempt) {
      const { body, signal } = attempt
      const sign = (credentials: Credentials): Authentication | Promise<Authentication> => {
        const ids = idsFor(attempt, credentials)
        const payloadHash = largeBodyHash(body, algorithm)
        if (payloadHash === undefined && !isPromise(ids)) return signed(credentials, attempt, undefined, ids)
        return Promise.all([payloadHash, ids]).then((known) => signed(credentials, attempt, ...known))
      }
      return andThen(source.current(signal), sign)
    },
    async judge({ used }, rejection, signal) {
      const { createSignatureJudge } = await import("./judge-signature.ts")
      judge ??= createSignatureJudge(clock, options.onClockOffset)
      const { credentials, signedAt } = used as Used
      const fault = judge.faultOf(rejection, signedAt)
      // By the endpoint's clock, which is known now, the key may have expired too; and there is only one replay.
      const isExpired = (credentials.expiresAt ?? Number.POSITIVE_INFINITY) <= judge.nowAt(rejection.origin)
      if (fault === "time" && isExpired) await source.renew(credentials, rejection, signal)
      return fault === "time" || (fault === "key" && source.renew(credentials, rejection, signal))
    },
    accepted: ({ used }, url) => source.accepted((used as Used).credentials, url),
  }
}

function fixed(credentials: Credentials): Renewable<Credentials> {
  return { current: () => credentials, renew: () => false, accepted: () => undefined }
}

function secretOf({ accessKeyId, securityToken = "" }: Credentials): string {
  return `${accessKeyId} ${securityToken}`
}
