// Re-exported, so that programs install only one package.
// biome-ignore format: a list of names
export type {
  Acceptance, AccessKey, CompleteRequest, HandlerOptions, Identity, KeyCacheOptions, Keys, MemoryReplayStoreOptions,
  OpenRequest, ProxyOptions, Refusal, RefusalCode, RefusalFormat, Register, RegisteredOwner, ReplayStore, RouteOptions,
  Verdict, Verifier, VerifierOptions,
} from "@countersign/server"
export { createVerifier, memoryReplayStore, RequestRefused } from "@countersign/server"
export { auth, type Middleware } from "./auth.ts"
