export { type AkskAuth, type AkskAuthEvent, type AkskAuthOptions, akskAuth } from "./auth/aksk-auth.ts"
export type { Attempt, Auth, Authentication, Rejection } from "./auth/auth.ts"
export { autoAuth } from "./auth/auto-auth.ts"
export type { CacheOption } from "./auth/cache-of.ts"
export { type TokenAuthOptions, tokenAuth } from "./auth/token-auth.ts"
export type { BackoffOptions, BackoffSteps } from "./cache/backoff.ts"
export type { CacheEvent } from "./cache/cache-event.ts"
export {
  type EncryptedStoreOptions,
  type EncryptionKey,
  encryptedStore,
  type UnreadableValue,
} from "./cache/encrypted-store.ts"
export { type KeyvLike, keyvStore } from "./cache/keyv-store.ts"
export { type MemoryStoreOptions, memoryStore } from "./cache/memory-store.ts"
export type { CacheStore, Lease, StoreChange } from "./cache/store.ts"
export { type GetOptions, TokenCache, type TokenCacheOptions } from "./cache/token-cache.ts"
export { type AgencyCredentialsOptions, agencyCredentials } from "./credentials/agency-credentials.ts"
export {
  type AssumeAgencyCredentialsOptions,
  assumeAgencyCredentials,
} from "./credentials/assume-agency-credentials.ts"
export { chain } from "./credentials/chain.ts"
export { type DefaultCredentialsOptions, defaultCredentials } from "./credentials/default-credentials.ts"
export { envCredentials } from "./credentials/env-credentials.ts"
export { type FederatedCredentialsOptions, federatedCredentials } from "./credentials/federated-credentials.ts"
export { type MetadataCredentialsOptions, metadataCredentials } from "./credentials/metadata-credentials.ts"
export { type PodCredentialsOptions, podCredentials } from "./credentials/pod-credentials.ts"
export { type ProfileCredentialsOptions, profileCredentials } from "./credentials/profile-credentials.ts"
export { type StaticCredentialProvider, staticCredentials } from "./credentials/static-credentials.ts"
export type { TemporaryKeyOptions } from "./credentials/temporary-key-options.ts"
export { type TokenCredentialsOptions, tokenCredentials } from "./credentials/token-credentials.ts"
export {
  type AuthenticatedAttempt,
  authenticateAttempt,
  type OutgoingRequest,
} from "./engine/authenticate-attempt.ts"
export { type AuthenticatedFetchOptions, authenticatedFetch } from "./engine/authenticated-fetch.ts"
export {
  type AuthenticatedRequest,
  type AuthenticatedSendOptions,
  authenticatedSend,
  type Send,
} from "./engine/authenticated-send.ts"
export { readBody } from "./engine/body.ts"
export { isArrayBuffer, isBlob, isFormData, isSearchParams } from "./engine/body-brand.ts"
export { type ChooseAuth, createAuthChooser } from "./engine/chosen-auth.ts"
export { chunkIterator } from "./engine/chunk-iterator.ts"
export { LONGEST_ERROR_BODY, LONGEST_ERROR_WAIT_MS } from "./engine/error-body-limits.ts"
export { finishedUrl } from "./engine/finished-url.ts"
export { createHostGuard, type GuardOptions, type HostGuard } from "./engine/host-guard.ts"
export { isStream } from "./engine/is-stream.ts"
export { platformForm } from "./engine/platform-form.ts"
export { MAX_REPLAYABLE_BYTES, type PreparedBody } from "./engine/prepared-body.ts"
export { readableStreamOf } from "./engine/readable-stream.ts"
export { type NativeRequest, refuseClearProxy } from "./engine/refuse-clear-proxy.ts"
export { refuseProxiedFetch } from "./engine/refuse-proxied-fetch.ts"
export type { ResponseLike } from "./engine/response-like.ts"
export { hasOwnSecrets, staysAtOrigin } from "./engine/secret-headers.ts"
export { maskSecrets, sendSecrets } from "./engine/send-secrets.ts"
export { shouldReplay } from "./engine/should-replay.ts"
export { tellOutcome } from "./engine/tell-outcome.ts"
export type { WireRequest } from "./engine/wire-request.ts"
export { AuthError, type AuthErrorCode, type AuthErrorDetails, isAuthError } from "./errors/auth-error.ts"
export { type CallerIdentity, callerIdentity } from "./iam/caller-identity.ts"
export { type FindDomainIdOptions, findDomainId } from "./iam/domain-id.ts"
export type { IamOptions, StsOptions } from "./iam/iam-connection.ts"
export type { NameOrId } from "./iam/name-or-id.ts"
export { type FindProjectIdOptions, findProjectId } from "./iam/project-id.ts"
export type { Secret } from "./iam/secret.ts"
export { secretFile } from "./iam/secret-file.ts"
export type { TokenScope } from "./iam/token-scope.ts"
export { andThen } from "./identity/and-then.ts"
export { clearProxyError } from "./identity/clear-proxy-error.ts"
export { type Clock, systemClock } from "./identity/clock.ts"
export type { Credentials } from "./identity/credentials.ts"
export type { Fetch, FetchInit } from "./identity/fetch.ts"
export type { IamFetch, IamFetchInit, IamFetchResponse } from "./identity/iam-fetch.ts"
export { isLoopback } from "./identity/is-loopback.ts"
export { isPromise } from "./identity/is-promise.ts"
export { isProxied } from "./identity/is-proxied.ts"
export type { LibraryFetch, LibraryFetchInit, LibraryResponse } from "./identity/library-fetch.ts"
export { LONGEST_TIMER_MS } from "./identity/longest-timer.ts"
export { platformSignal } from "./identity/platform-signal.ts"
export type { CredentialProvider, Expiring, Provider, ProviderContext, TokenProvider } from "./identity/provider.ts"
export type { Token } from "./identity/token.ts"
export { type Customer, type Partner, type PartnerOptions, partner } from "./partner/partner.ts"
export type { SigningAlgorithm } from "./signing/algorithm.ts"
export {
  canonicalRequest,
  type SignableRequest,
  type SignOptions,
  type SignRequestOptions,
} from "./signing/canonical-request.ts"
export { hashPayload, type PayloadStream } from "./signing/hash-payload.ts"
export { MAX_SIGNED_BODY_BYTES, UNSIGNED_PAYLOAD } from "./signing/payload.ts"
export { sign } from "./signing/sign.ts"
export type { SignerOptions } from "./signing/signature.ts"
export { createSigner, type Signer } from "./signing/signer.ts"
export {
  type AllowUnsigned,
  type RefusedSignature,
  type VerifiedSignature,
  type VerifyFailureCode,
  type VerifyOptions,
  type VerifyResult,
  verify,
} from "./signing/verify.ts"
export { type AgencyTokenOptions, agencyToken } from "./tokens/agency-token.ts"
export { type FederatedTokenOptions, federatedToken } from "./tokens/federated-token.ts"
export { type PasswordTokenOptions, passwordToken } from "./tokens/password-token.ts"
export { staticToken } from "./tokens/static-token.ts"
