export * from "@countersign/auth-core"
export { type AuthHooks, authHooks } from "./auth-hooks.ts"
export { iamFetch } from "./iam-fetch.ts"
export { type AuthContext, withAuth } from "./with-auth.ts"
