export { createSignatureJudge } from "./judge-signature.ts"
export { takeTurn } from "./key-guard.ts"
export { forgive } from "./key-standing.ts"
