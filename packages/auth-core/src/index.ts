export { type AkskAuth, type AkskAuthOptions, akskAuth } from "./auth/aksk-auth.ts"
export { type AppAuthOptions, type AppKey, appAuth, appCodeAuth } from "./auth/app-auth.ts"
export type {
  AkskAuthEvent,
  Attempt,
  Auth,
  AuthEvent,
  Authentication,
  Rejection,
  ReplayReason,
} from "./auth/auth.ts"
export { type AutoAuthMethods, autoAuth } from "./auth/auth.ts"
export type { CacheOption } from "./auth/cached-credential.chunk.ts"
export { type TokenAuthOptions, tokenAuth } from "./auth/token-auth.ts"
export type { BackoffOptions, BackoffSteps } from "./cache/backoff.ts"
export type { CacheEvent, TokenCacheOptions } from "./cache/cache-options.ts"
export {
  type EncryptedStoreOptions,
  type EncryptionKey,
  encryptedStore,
  type UnreadableValue,
} from "./cache/encrypted-store.ts"
export { type MemoryStoreOptions, memoryStore } from "./cache/memory-store.ts"
export type {
  CacheStore,
  Lease,
  StoreChange,
  StoredText,
  StoredWait,
  StoreNotice,
  StoreQuestion,
  StoreWatch,
  Taken,
} from "./cache/store.ts"
export { type KeyvLike, keyvStore } from "./cache/store.ts"
export { type GetOptions, TokenCache } from "./cache/token-cache.ts"
export { MAX_SIGNED_BODY_BYTES } from "./cloud/body-size.ts"
export type { IamFetch, IamFetchInit, IamFetchResponse } from "./cloud/cloud.ts"
export {
  type Cloud,
  cloudRuAdvanced,
  flexibleEngine,
  g42Cloud,
  huaweiCloud,
  huaweiCloudEurope,
  openTelekomCloud,
  swissOpenTelekomCloud,
} from "./cloud/cloud.ts"
export {
  type AssumeAgencyCredentialsOptions,
  assumeAgencyCredentials,
} from "./credentials/assume-agency-credentials.ts"
export { chain, type DefaultCredentialsOptions, defaultCredentials } from "./credentials/chain.ts"
export { envCredentials, type OsCredentialsOptions, osCredentials } from "./credentials/env-credentials.ts"
export { type HcloudCredentialsOptions, hcloudCredentials } from "./credentials/hcloud-credentials.ts"
export { type ProfileCredentialsOptions, profileCredentials } from "./credentials/profile-credentials.ts"
export { type StaticCredentialProvider, staticCredentials } from "./credentials/static-credentials.ts"
export {
  type AgencyCredentialsOptions,
  agencyCredentials,
  type FederatedCredentialsOptions,
  federatedCredentials,
  type TokenCredentialsOptions,
  tokenCredentials,
} from "./credentials/temporary-credentials.ts"
export {
  type MetadataCredentialsOptions,
  metadataCredentials,
  type PodCredentialsOptions,
  podCredentials,
} from "./credentials/workload-credentials.ts"
export {
  type AuthenticatedRequest,
  type AuthenticatedSendOptions,
  authenticatedSend,
  type Send,
} from "./engine/authenticated-call.ts"
export type { BareReason, DiagnosticEvent, DiagnosticOptions, RequestEvent } from "./engine/diagnostics.chunk.ts"
export type { GuardOptions } from "./engine/gate.ts"
export type { ResponseLike, WireRequest } from "./engine/wire-request.ts"
export { AuthError, type AuthErrorCode, type AuthErrorDetails, isAuthError } from "./errors/auth-error.ts"
export type { IamOptions, StsOptions } from "./iam/iam-connection.ts"
export {
  type CallerIdentity,
  callerIdentity,
  type FindDomainIdOptions,
  type FindProjectIdOptions,
  findDomainId,
  findProjectId,
} from "./iam/lookups.ts"
export type { Secret } from "./iam/secret.ts"
export { secretFile } from "./iam/secret.ts"
export type { TemporaryKeyOptions } from "./iam/token-request.ts"
export type { NameOrId, TokenScope } from "./iam/token-scope.ts"
export type { Credentials, Token } from "./identity/credentials.ts"
export type { CredentialProvider, Expiring, Provider, ProviderContext, TokenProvider } from "./identity/provider.ts"
export { type Customer, type Partner, type PartnerOptions, partner } from "./partner/partner.ts"
export type { Clock } from "./runtime/clock.ts"
export { systemClock } from "./runtime/clock.ts"
export type { Fetch, FetchInit, LibraryFetch, LibraryFetchInit, LibraryResponse } from "./runtime/http.ts"
export type { SigningAlgorithm } from "./signing/algorithm.ts"
export { UNSIGNED_PAYLOAD } from "./signing/canonicalizer.ts"
export type {
  RefusedSignature,
  VerifiedSignature,
  VerifyFailureCode,
  VerifyResult,
} from "./signing/received-signature.ts"
export {
  canonicalRequest,
  createSigner,
  type SignableRequest,
  type Signer,
  type SignOptions,
  type SignRequestOptions,
  sign,
} from "./signing/signer.ts"
export type { SignerOptions } from "./signing/signing-key.ts"
export { hashPayload, type PayloadStream } from "./signing/stream-hash.chunk.ts"
export {
  type AllowUnsigned,
  type VerifiedKey,
  type VerifyBasicOptions,
  type VerifyOptions,
  verify,
} from "./signing/verify.ts"
export {
  type AgencyTokenOptions,
  agencyToken,
  type FederatedTokenOptions,
  federatedToken,
} from "./tokens/exchanged-token.ts"
export { type OsTokenOptions, osToken, type PasswordTokenOptions, passwordToken } from "./tokens/password-token.ts"
export { staticToken } from "./tokens/static-token.ts"
