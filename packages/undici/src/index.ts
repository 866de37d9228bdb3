export * from "@countersign/auth-core"
export { type AuthDispatchOptions, authInterceptor } from "./auth-interceptor.ts"
export { iamFetch } from "./iam-fetch.ts"
export { withAuth } from "./with-auth.ts"
