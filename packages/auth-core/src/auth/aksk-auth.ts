import { MAX_SIGNED_BODY_BYTES } from "../cloud/body-size.ts"
import { type Credentials, checkCredentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { andThen, isPromise, lazily } from "../runtime/promises.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import { type AlgorithmOptions, checkAlgorithm } from "../signing/algorithm.ts"
import { largePayloadHash, payloadHashOf, UNSIGNED_PAYLOAD } from "../signing/canonicalizer.ts"
import type { createChosenKey } from "../signing/chosen-key.chunk.ts"
import type { KeyedAlgorithm } from "../signing/keyed-algorithm.ts"
import { createSigningKey, type SigningKey } from "../signing/signing-key.ts"
import type { AccountIdOptions, AccountIds, KnownAccountIds } from "./account-id-lookup.chunk.ts"
import type { Attempt, Auth, Authentication } from "./auth.ts"
import type { CacheOption, CachingOptions } from "./cached-credential.chunk.ts"
import type { Standings, Turn } from "./key-standing.ts"
import { fixedCredential, lazyCredential } from "./lazy-credential.ts"
import type { SignatureJudge, SignatureJudgeOptions, SignedWith } from "./signature-judge.chunk.ts"

/** Options of {@link akskAuth}. */
export interface AkskAuthOptions extends AccountIdOptions, AlgorithmOptions, SignatureJudgeOptions {
  /**
   * Names the owner of the credential to people, in events.
   * @default the label of the provider, such as `temporary key of agency my-agency of customer-1`
   */
  label?: string | undefined
  /**
   * Headers to sign, if present, beside host, x-sdk-date and the headers for project, domain, token and content hash.
   */
  signedHeaders?: readonly string[] | undefined
  /** Leaves every body out of the signature (UNSIGNED-PAYLOAD), so that streams are not read. @default false */
  unsignedPayload?: boolean | undefined
  /**
   * The cache for the credentials of a provider: one that many auths share, or options for a cache of this auth alone,
   * such as `{ backoff: false }`.
   * @default a cache of this auth alone
   */
  cache?: CacheOption | undefined
}

/** Loaded with the first request, not with the program. */
const onDemand = lazily(() => import("./take-turn.chunk.ts"))

/** Credentials that are ready to sign. */
interface Ready {
  readonly credentials: Credentials
  readonly key: SigningKey
  standings: Standings | undefined
}

/** An auth by AK/SK. */
export interface AkskAuth extends Auth {
  /** Ends the pause of a key whose signature failed, in the whole process. The next request is sent at once. */
  reset(): void
}

/**
 * Signs each attempt with AK/SK: the exact bytes that are sent, at the time of the endpoint's clock.
 *
 * Bodies are read into memory, up to 12 MB (12 * 1024 * 1024 bytes), unless the option or a content hash header of the
 * request leaves the payload unsigned. After `signature expired` the auth learns the endpoint's clock and the request
 * is sent once more. If the gateway no longer knows the credentials of a provider, they are renewed, once for all
 * requests, and the request is sent once more.
 *
 * A failed signature is never tried again: five in a row lock the key, for its right owner too. After two in a row at
 * one origin, unless the request was changed on its way, no auth of this process sends the key there for 1 minute, then
 * 4, 16 and so on, up to a day. Other credentials, a success, or `reset()` end the pause. A 401 whose text cannot be
 * read, as for HEAD or a stream, counts as a failed signature. While an origin has not confirmed a key, one of many
 * requests at once goes first and the others wait for its answer; until a success, at most four are on their way.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` or `AUTH_INVALID_OPTION`, at once, for malformed credentials or
 * options. Before anything is sent: `AUTH_CREDENTIALS_EXPIRED`; `AUTH_CREDENTIALS_REJECTED` with `retryAfterMs` during
 * a pause.
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export function akskAuth(
  credentialsOrProvider: Credentials | CredentialProvider,
  options: AkskAuthOptions = {},
): AkskAuth {
  const {
    // As for keys: a named algorithm wins over the form of the cloud.
    scoped = options.algorithm ? undefined : options.cloud?.scoped,
    unsignedPayload = false,
    clock = { now: () => Date.now() },
    signedHeaders: alsoSigned,
  } = options
  const row = checkAlgorithm({ ...options, scoped })
  const { hash, contentHashHeader } = row
  // The code of other algorithms is loaded with the first request.
  let isLoaded = !scoped && row.createKey !== undefined
  let createKey: typeof createChosenKey = (credentials, use) =>
    createSigningKey(credentials, use, row as KeyedAlgorithm)
  // Loaded with the first refused signature. Only that tells the time of another clock.
  let judge: SignatureJudge | undefined
  const isProvided = typeof credentialsOrProvider === "function"
  const source = isProvided
    ? lazyCredential(credentialsOrProvider, options)
    : fixedCredential(() => credentialsOrProvider)
  const idsFor = accountIds(options, credentialsOrProvider)
  // Signing takes 90 % less: credentials rarely change.
  const readyFor = rememberLast((credentials: Credentials): Ready => {
    // The cache decides whether a provider's key still lives, since the local clock may be wrong.
    const lasting = isProvided ? { ...credentials, expiresAt: undefined } : credentials
    return { credentials, key: createKey(lasting, { ...options, alsoSigned }), standings: undefined }
  })
  // Fixed credentials and their options are checked at construction.
  if (!isProvided) {
    checkCredentials(credentialsOrProvider)
    if (isLoaded) readyFor(credentialsOrProvider)
  }

  const signed = (
    credentials: Credentials,
    attempt: Attempt,
    payloadHash: string | undefined,
    { projectId, domainId }: KnownAccountIds,
    turn?: Turn,
  ): Authentication<SignedWith> => {
    const { method, url, headers: given, body = null } = attempt
    const signedAt = judge?.nowAt(new URL(url).origin) ?? clock.now()
    const isAdding = unsignedPayload || projectId !== undefined || domainId !== undefined
    const added: Record<string, string> = {}
    const add = (name: string, value: string | undefined): void => {
      if (value !== undefined && given[name] === undefined) added[name] = value
    }
    add("x-project-id", projectId)
    add("x-domain-id", domainId)
    if (unsignedPayload) add(contentHashHeader, UNSIGNED_PAYLOAD)
    const { key } = readyFor(credentials)
    const { plan } = key
    const values = plan.selection.read(isAdding ? { ...given, ...added } : given)
    const payload = values[plan.contentHash] ?? payloadHash ?? payloadHashOf(body, hash)
    const request = { method, url, plan, values, signedAt, payload }
    return {
      headers: { ...added, ...key.sign(request) },
      used: { credentials, key, attempt, request, turn },
    }
  }

  const authenticate = (attempt: Attempt): Authentication | Promise<Authentication> => {
    if (!isLoaded) {
      return import("../signing/chosen-key.chunk.ts").then((loaded) => {
        createKey = loaded.createChosenKey
        isLoaded = true
        return authenticate(attempt)
      })
    }
    // Signs at once. While the origin has not confirmed the key, an attempt waits for its turn.
    const inTurn = (
      credentials: Credentials,
      payloadHash: string | undefined,
      ids: KnownAccountIds,
    ): Authentication | Promise<Authentication> => {
      const go = (turn?: Turn): Authentication => signed(credentials, attempt, payloadHash, ids, turn)
      const loaded = onDemand()
      if (isPromise(loaded) && !attempt.tellsOutcome) return go()
      return andThen(loaded, ({ takeTurn }) => takeTurn(readyFor(credentials), attempt, options, go))
    }
    return andThen(source.current(attempt.signal), (credentials) => {
      const ids = idsFor(attempt, credentials)
      const payloadHash = largePayloadHash(attempt.body, hash)
      if (payloadHash === undefined && !isPromise(ids)) return inTurn(credentials, undefined, ids)
      return Promise.all([payloadHash, ids]).then((known) => inTurn(credentials, ...known))
    })
  }

  return {
    label: options.label ?? (isProvided ? credentialsOrProvider.label : undefined),
    // Set, so that merged options never inherit it from another auth.
    beyondLimit: undefined,
    bodyLimit: (headers) =>
      unsignedPayload || headers[contentHashHeader] !== undefined ? undefined : MAX_SIGNED_BODY_BYTES,
    authenticate,
    async judge(authentication, rejection, signal) {
      judge ??= await (await onDemand()).signatureJudge(options)
      return judge.judge(authentication as Authentication<SignedWith>, rejection, source, signal)
    },
    accepted: ({ used }, url) => source.accepted((used as SignedWith).credentials, url),
    reset() {
      // Runs as part of the request, so that the next one waits.
      const forgiven = andThen(source.current(), (key) =>
        andThen(onDemand(), ({ forgive }) => forgive(key, options.clock)),
      )
      if (isPromise(forgiven)) forgiven.catch(() => undefined)
    },
  }
}

/** Loads the look-ups only for ids that must be looked up. */
function accountIds(options: AccountIdOptions & CachingOptions, source: Credentials | CredentialProvider): AccountIds {
  const { projectId, domainId } = options
  if (projectId !== "auto" && domainId !== "auto") return () => options
  const load = lazily(async () => {
    const { accountIdLookup } = await import("./account-id-lookup.chunk.ts")
    return accountIdLookup(options, source)
  })
  return (...asked) => andThen(load(), (lookUp) => lookUp(...asked))
}
