// Re-exported, so that programs install only one package.
// biome-ignore format: a list of names
export type {
  Acceptance, AccessKey, BasicIdentity, HandlerOptions, Identity, KeyCacheOptions, KeyLock, Keys,
  KeystoneOptions, LockedKey, LockOut, LockOutOptions, LookupContext, MemoryLockOut, MemoryReplayStoreOptions,
  Named, ProxyOptions, Refusal, RefusalCode, RefusalFormat, Register, RegisteredOwner, ReplayOptions,
  ReplayStore, RouteOptions, Scheme, SignatureIdentity, TokenCaller, TokenFacts, TokenIdentity, TokenPolicy,
  TokenSource, TokenTest, TokenUser, Verdict, Verifier, VerifierEvent, VerifierOptions,
} from "@countersign/server"
// biome-ignore format: a list of names
export {
  createVerifier, keystone, memoryLockOut, memoryReplayStore, RequestRefused,
} from "@countersign/server"
export { type AuthOptions, auth } from "./auth.ts"
