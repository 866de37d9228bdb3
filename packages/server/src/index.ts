export { checkedBody } from "./checked-body.ts"
export { type Authenticated, type AuthHandler, type AuthUnder, createAuthHandler } from "./create-auth-handler.ts"
export { type CompleteRequest, createVerifier, type Verifier } from "./create-verifier.ts"
export type { HandlerOptions, ProxyOptions, Register, RegisteredOwner } from "./handler-options.ts"
export type {
  BasicIdentity,
  Identity,
  Named,
  Scheme,
  SignatureIdentity,
  TokenCaller,
  TokenFacts,
  TokenIdentity,
  TokenUser,
} from "./identity.ts"
export type { AccessKey, KeyCacheOptions, Keys } from "./key-source.ts"
export { type KeystoneOptions, keystone } from "./keystone.ts"
export { type LockOut, type LockOutOptions, type MemoryLockOut, memoryLockOut } from "./lock-out.ts"
export type { LookupContext } from "./lookup.ts"
export type { Acceptance, OpenRequest, Verdict } from "./open-request.ts"
export { type Refusal, type RefusalCode, type RefusalFormat, RequestRefused } from "./refusal.ts"
export {
  type MemoryReplayStoreOptions,
  memoryReplayStore,
  type ReplayOptions,
  type ReplayStore,
} from "./replay-store.ts"
export type { TokenPolicy, TokenTest } from "./token-policy.ts"
export type { TokenSource } from "./token-source.ts"
export type { KeyLock, VerifierEvent } from "./verifier-event.ts"
export type { LockedKey, RouteOptions, VerifierOptions } from "./verifier-options.ts"
