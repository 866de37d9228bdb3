// Re-exported, so that programs install only one package.
// biome-ignore format: a list of names
export type {
  AgencyCredentialsOptions, AgencyTokenOptions, AkskAuth, AkskAuthEvent, AkskAuthOptions, AppAuthOptions, AppKey,
  AssumeAgencyCredentialsOptions, Auth, AuthErrorCode, AuthErrorDetails, AuthEvent, AutoAuthMethods,
  BackoffOptions, BackoffSteps, BareReason, CacheEvent, CacheOption, CacheStore, CallerIdentity, Clock, Cloud,
  CredentialProvider, Credentials, Customer, DefaultCredentialsOptions, DiagnosticEvent, EncryptedStoreOptions,
  EncryptionKey, Expiring, FederatedCredentialsOptions, FederatedTokenOptions, Fetch, FetchInit,
  FindDomainIdOptions, FindProjectIdOptions, GetOptions, GuardOptions, HcloudCredentialsOptions, IamFetch,
  IamFetchInit, IamFetchResponse, IamOptions, KeyvLike, Lease, LibraryFetch, LibraryFetchInit, LibraryResponse,
  MemoryStoreOptions, MetadataCredentialsOptions, NameOrId, OsCredentialsOptions, OsTokenOptions, Partner,
  PartnerOptions, PasswordTokenOptions, PayloadStream, PodCredentialsOptions, ProfileCredentialsOptions,
  Provider, ProviderContext, RequestEvent, Secret, SigningAlgorithm, StaticCredentialProvider, StoreChange,
  StoredText, StoredWait, StoreNotice, StoreQuestion, StoreWatch, StsOptions, Taken, TemporaryKeyOptions, Token,
  TokenAuthOptions, TokenCacheOptions, TokenCredentialsOptions, TokenProvider, TokenScope, UnreadableValue,
} from "@countersign/auth-core/adapter"
// biome-ignore format: a list of names
export {
  AuthError, agencyCredentials, agencyToken, akskAuth, appAuth, appCodeAuth, assumeAgencyCredentials, autoAuth,
  callerIdentity, chain, cloudRuAdvanced, defaultCredentials, encryptedStore, envCredentials,
  federatedCredentials, federatedToken, findDomainId, findProjectId, flexibleEngine, g42Cloud, hashPayload,
  hcloudCredentials, huaweiCloud, huaweiCloudEurope, isAuthError, keyvStore, memoryStore, metadataCredentials,
  openTelekomCloud, osCredentials, osToken, partner, passwordToken, podCredentials, profileCredentials,
  secretFile, staticCredentials, staticToken, swissOpenTelekomCloud, systemClock, TokenCache, tokenAuth,
  tokenCredentials, UNSIGNED_PAYLOAD,
} from "@countersign/auth-core/adapter"
export { type AuthDispatchOptions, authInterceptor } from "./auth-interceptor.ts"
export { iamFetch } from "./iam-fetch.ts"
export { withAuth } from "./with-auth.ts"
