// For authors of a package for a framework, and of the emulator. Users of such a package need only `@countersign/server`.
export { type AuthUnder, sendRefusal } from "./create-auth-handler.ts"
export { createSilentVerifier } from "./create-verifier.ts"
export { createFetchReceiver, type FetchReceiver, type ReceivedRequest } from "./fetch-receiver.ts"
export {
  type AuthOf,
  createNodeReceiver,
  type KeepingRequest,
  type NodeListener,
  type NodeReceiver,
  type NodeRequest,
  type NodeResponse,
  stepsOf,
} from "./node-receiver.ts"
export { OF_THE_ANSWER, responseOf } from "./refusal.ts"
export { passOn } from "./replay-store.ts"
