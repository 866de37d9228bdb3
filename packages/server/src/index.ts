export { checkedBody } from "./checked-body.ts"
export {
  type Acceptance,
  type CompleteRequest,
  createVerifier,
  type Identity,
  type OpenRequest,
  type RouteOptions,
  type Verdict,
  type Verifier,
  type VerifierOptions,
} from "./create-verifier.ts"
export type { AccessKey, KeyCacheOptions, Keys } from "./key-source.ts"
export { type Refusal, type RefusalCode, type RefusalFormat, RequestRefused } from "./refusal.ts"
export { type MemoryReplayStoreOptions, memoryReplayStore, type ReplayStore } from "./replay-store.ts"
